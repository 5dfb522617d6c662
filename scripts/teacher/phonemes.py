"""Phones of this project in the alphabet of Kokoro and its pupils (misaki's, American)."""

from collections.abc import Sequence

from tiedtts.text.frontend import Sentence
from tiedtts.text.phones import STRESSES

_CONSONANTS = (
    "B:b CH:ʧ D:d DH:ð F:f G:ɡ HH:h JH:ʤ K:k L:l M:m N:n NG:ŋ P:p R:ɹ S:s SH:ʃ T:t TH:θ V:v W:w Y:j Z:z ZH:ʒ"
)
_VOWELS = "AA:ɑ AE:æ AO:ɔ AW:W AY:I EH:ɛ EY:A IH:ɪ IY:i OW:O OY:Y UH:ʊ UW:u"
CONSONANTS, VOWELS = (dict(pair.split(":") for pair in pairs.split()) for pairs in (_CONSONANTS, _VOWELS))
BEFORE_SYLLABIC = frozenset("T D S Z SH CH V P B K F G ZH JH TH DH".split())
"""Consonants after which an unstressed vowel before a last N or L is hardly heard."""
SECONDARY = frozenset("i he she we they me him her us not up on what who how so there".split())
"""Words of one syllable that the teacher gives a secondary stress."""
UNSTRESSED = frozenset(
    "you your my his its our their it is are was were am be been do does did have has had will would could "
    "should can shall may might must this that these those them with by in to than if when which into "
    "through at as or but i'm i'll i've i'd you're you'll you've it's he's he'll he'd she's she'll we're "
    "we'll we've they're they'll".split()
)
"""Words of one syllable that the teacher does not stress."""
SPACE, PAUSE = -1, -2


def tokens(sentence: Sentence) -> list[tuple[int, str]]:
    """Return the symbols of a sentence, each with the index of its phone; `SPACE` for those between words."""
    words: dict[int, list[int]] = {}
    for index, phone in enumerate(sentence.phones):
        if phone.word >= 0:
            words.setdefault(phone.word, []).append(index)
    symbols: dict[int, str] = {}
    for word, indices in words.items():
        labels = [(sentence.phones[i].symbol, STRESSES[sentence.phones[i].stress]) for i in indices]
        symbols.update(zip(indices, _word(labels, sentence.words[word].text.lower()), strict=True))
    found: list[tuple[int, str]] = []
    last = SPACE
    for index, phone in enumerate(sentence.phones):
        if index == 0:
            continue
        if phone.word < 0:
            found.append((index, phone.symbol))
            last = PAUSE
            continue
        if last == PAUSE:
            # The space after a comma sounds as the comma does.
            found.append((index - 1, " "))
        elif last not in (SPACE, phone.word):
            found.append((SPACE, " "))
        found.append((index, symbols[index]))
        last = phone.word
    return found


def _word(labels: Sequence[tuple[str, str]], text: str) -> list[str]:
    """Return the symbols of each phone of a word; `labels` are ARPAbet symbols and their stress."""
    syllables = sum(symbol not in CONSONANTS for symbol, _ in labels)
    weaker = {}
    if syllables == 1 and text in SECONDARY:
        weaker = {"1": "2"}
    elif syllables == 1 and text in UNSTRESSED:
        weaker = {"1": "0"}
    made = []
    for place, (symbol, given) in enumerate(labels):
        stress = weaker.get(given, given)
        before = labels[place - 1][0] if place else ""
        behind = labels[place + 1 :]
        if symbol in CONSONANTS:
            made.append("T" if symbol == "T" and _flaps(before, behind) else CONSONANTS[symbol])
            continue
        ends = len(behind) == 1
        if symbol == "AH" and stress == "0":
            syllabic = ends and behind[0][0] in ("N", "L") and before in BEFORE_SYLLABIC
            sound = "ɐ" if len(labels) == 1 else "ᵊ" if syllabic else "ə"
        elif symbol == "AH":
            sound = "ʌ"
        elif symbol == "ER":
            sound = "əɹ" if stress == "0" else "ɜɹ"
        elif symbol == "IH" and stress == "0" and ends and behind[0][0] in ("Z", "D"):
            sound = "ᵻ"
        else:
            sound = VOWELS[symbol]
        made.append({"1": "ˈ", "2": "ˌ"}.get(stress, "") + sound)
    return made


def _flaps(before: str, behind: Sequence[tuple[str, str]]) -> bool:
    """Return whether a T is the American flap: between vowels, the second of them unstressed."""
    if not before or not behind or (before in CONSONANTS and before != "R"):
        return False
    following, stress = behind[0]
    nasal = following == "AH" and len(behind) > 1 and behind[1][0] == "N"
    return following not in CONSONANTS and stress == "0" and not nasal

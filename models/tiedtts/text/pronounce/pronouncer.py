"""Words to phones: the text itself, the user's lexicon, the dictionary, rules, and at last g2p-en."""

import copy
import re
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

from tiedtts.choices import ENGLISH
from tiedtts.errors import TextError
from tiedtts.text.aligned import AlignedText
from tiedtts.text.excerpts import Place
from tiedtts.text.normalize.normalizer import normalize
from tiedtts.text.pronounce import accents, homographs, initialisms, morphology, spellings, user_lexicon
from tiedtts.text.pronounce.additions import CASED, CORRECTIONS, INITIALISMS, SPELLED, WORDS, ZED, british
from tiedtts.text.pronounce.function_words import weak
from tiedtts.text.pronounce.g2p import Network
from tiedtts.text.pronounce.lexicon import MORE_WORDS, Lexicon, Pronunciation
from tiedtts.text.pronounce.taking import Taking
from tiedtts.text.pronounce.user_lexicon import PHONE_HINT, Entry, Files, read_labels
from tiedtts.text.pronounce.words import Word, parts, places_of
from tiedtts.text.tokens import Token

__all__ = ["Pronouncer", "Word"]

DEEPEST = 30
"""Entries of user lexicons that refer to each other."""
LONGEST_WORD = 300
"""Phones; more of them in braces or in a user lexicon are spoken as several words, as the nets need it."""
LONGEST_ENTRY = 3_000
"""Phones that an entry of a user lexicon may come to: a few lines could ask for a billion."""
LONGEST_GUESS = 30
"""Longer words are cut before g2p-en guesses, so that the time stays bounded; letters."""
_LONG_CAPITALS = 5
"""Letters of capitals that may be a stretched word, not `AAA`."""


_POLISH = ("P", "OW1", "L", "IH0", "SH")
"""The pronunciation of what is from Poland."""


class Pronouncer:
    """Finds pronunciations.

    Args:
        lexicons: User lexicons, of which a later one wins.

    Raises:
        TextError: A lexicon cannot be read.
    """

    def __init__(self, lexicons: Files = None) -> None:
        own = user_lexicon.read(lexicons)
        self._user = own.entries
        self.taking = Taking(own)
        """Takes the user's words out of texts."""
        self._english = ENGLISH[0]
        self._said: dict[str, Pronunciation] = {}
        # Entries that are being looked up: threads may share a voice.
        self._asked = threading.local()
        self._network = Network()
        self._guess = lru_cache(maxsize=8192)(self._network)
        self._cached = lru_cache(maxsize=65536)(self._find)

    def in_english(self, english: str) -> "Pronouncer":
        """Return one for another English, with the same lexicons."""
        other = copy.copy(self)
        other._english, other._said, other._asked = english, {}, threading.local()
        other._cached = lru_cache(maxsize=65536)(other._find)
        return other

    @cached_property
    def _lexicon(self) -> Lexicon:
        return Lexicon.open()

    @cached_property
    def _more(self) -> Lexicon:
        return Lexicon.open(MORE_WORDS)

    def say(
        self, tokens: Sequence[Token], written: AlignedText, spans: list[tuple[int, int]] | None = None
    ) -> tuple[list[Word | str], list[Place]]:
        """Return words with their phones and pauses, in the order of the tokens, and the place of each word.

        Args:
            tokens: Tokens of a sentence.
            written: The sentence.
            spans: Gets the number of items before each span of marked-up text, and its own number.
        """
        capitals = not any(c.islower() for token in tokens if token.kind == "word" for c in token.text)
        loud = self._loud(tokens, capitals)
        said = [token.text.lower() if token.kind == "word" else "," for token in tokens]
        items: list[Word | str] = []
        places: list[Place] = []
        for number, token in enumerate(tokens):
            if token.kind == "pause":
                items.append(token.text)
            elif token.kind == "span":
                if spans is not None:
                    spans.append((len(items), int(token.text)))
            else:
                words = self._in_capitals(token, said, number, loud[number])
                words = words or self._with_accents(token, written)
                words = words or list(self._words(token, capitals=capitals or loud[number]))
                items += words
                places += places_of(token, words)
        return list(self._in_context(items, places, written)), places

    def _loud(self, tokens: Sequence[Token], capitals: bool) -> list[bool]:
        """Return for each token whether it is shouted."""
        words = [token.text if token.kind == "word" else "" for token in tokens]
        if not any(len(word) > 1 and word.isupper() for word in words):
            return [False] * len(words)
        if capitals:
            return [sum(map(bool, words)) > 1] * len(words)
        return initialisms.shouted(words, lambda word: bool(self._look_up(word)))

    def _in_capitals(self, token: Token, said: Sequence[str], number: int, loud: bool) -> list[Word]:
        """Return an initialism, spelled; nothing if the token is none."""
        if token.kind != "word" or not token.text[:2].isupper():
            return []
        name, ending = initialisms.base(token.text)
        if not name or name in self._user or name + ending in self._user:
            return []
        before = said[number - 1] if number else ""
        after = said[number + 1] if number + 1 < len(said) else ""
        if not initialisms.is_spelled(name, before, after, shouted=loud):
            return []
        phones = self._spell(name)
        return [Word(token.text, morphology.plural(phones) if ending else phones, "rule")]

    def _with_accents(self, token: Token, written: AlignedText) -> list[Word]:
        """Return a word that its accents tell from another; nothing if the token is none."""
        if token.kind != "word" or written.text.isascii():
            return []
        original = written.text[token.start : token.end].lower().strip("'")
        phones = accents.said(original, token.text.lower(), self._look_up, self._lexicon.get, self._guess)
        return [Word(token.text, phones, "rule")] if phones else []

    def _in_context(
        self, items: list[Word | str], places: list[Place], written: AlignedText
    ) -> Iterator[Word | str]:
        """Choose among the pronunciations of a word by its neighbours; tell what each was read from."""
        names = [item.text.lower() if isinstance(item, Word) else "," for item in items]
        left = iter(places)
        starts, ends, source = written.starts, written.ends, written.source
        for index, item in enumerate(items):
            if not isinstance(item, Word):
                yield item
                continue
            first, last = next(left)
            span = start, end = starts[first], ends[last - 1]
            original = source[start:end]
            if item.source != "lexicon":
                yield Word(item.text, item.phones, item.source, original, span)
                continue
            before = names[index - 1] if index else ""
            after, sound = "", ""
            if index + 1 < len(items):
                following = items[index + 1]
                after = names[index + 1]
                sound = following.phones[0] if isinstance(following, Word) else ""
            phones = weak(item.text, before, after, sound) or homographs.choose(names, index)
            if item.text == "Polish" and before not in ("", ","):
                phones = _POLISH
            yield Word(item.text, phones or item.phones, item.source, original, span)

    def _words(self, token: Token, *, capitals: bool = False) -> Iterator[Word]:
        for word in self._whole_words(token, capitals=capitals):
            if len(word.phones) <= LONGEST_WORD:
                yield word
                continue
            for start in range(0, len(word.phones), LONGEST_WORD):
                phones = word.phones[start : start + LONGEST_WORD]
                yield Word("{" + " ".join(phones) + "}", phones, word.source)

    def _whole_words(self, token: Token, *, capitals: bool) -> Iterator[Word]:
        if token.kind == "piece":
            yield self._piece(token.text)
            return
        if token.kind == "letters":
            yield Word(token.text, self._spell(token.text.lower()), "rule")
            return
        text = token.text
        found = self._cached(text, capitals)
        if found.phones:
            yield found
            return
        stammered = spellings.stammered(text)
        if stammered:
            yield from self._stammered(*stammered, capitals)
            return
        for part in parts(text):
            word = self._cached(part, capitals)
            if word.phones:
                yield word
            else:
                yield from self._guessed(part)

    def _stammered(self, starts: Sequence[str], word: str, capitals: bool) -> Iterator[Word]:
        words = list(self._whole_words(Token(word), capitals=capitals))
        phones = words[0].phones
        vowel = next((n for n, phone in enumerate(phones) if phone[-1].isdigit()), len(phones) - 1)
        for start in starts:
            if start.lower() == word.lower():
                yield Word(start, phones, "rule")
            elif vowel:
                yield Word(start, (*phones[: 1 if len(start) == 1 else vowel], "AH0"), "rule")
            else:
                yield Word(start, phones[:1], "rule")
        yield from words

    def _piece(self, text: str) -> Word:
        if text.startswith("{"):
            try:
                return Word(text, read_labels(text[1:-1]), "text")
            except ValueError as error:
                raise TextError(f"`{error}` in `{text[:60]}` is not a phone", hint=PHONE_HINT) from None
        return self._user_word(text, text.lower())

    def _user_word(self, text: str, name: str) -> Word:
        bare = name if name in self._user else name.removesuffix("'s")
        phones = self._user_phones(bare)
        phones = phones if bare == name else morphology.plural(phones)
        return Word(text, phones, f"user lexicon {self._user[bare].file}".rstrip())

    def _user_phones(self, name: str) -> Pronunciation:
        entry = self._user[name]
        if entry.phones:
            return entry.phones
        if name not in self._said:
            self._said[name] = self._respelled(name, entry)
        return self._said[name]

    def _respelled(self, name: str, entry: Entry) -> Pronunciation:
        """Return the phones of the words that an entry gives.

        Raises:
            TextError: They lead back to the entry, or to too many others.
        """
        asked: list[str] = self._asked.__dict__.setdefault("names", [])
        if name in asked or len(asked) >= DEEPEST:
            chain = " -> ".join((*asked[asked.index(name) if name in asked else 0 :], name))
            what = "refers to itself" if name in asked else f"refers to more than {DEEPEST} others in a row"
            raise TextError(
                f"the lexicon {entry.file}: `{name[:40]}` {what}: {chain[:80]}",
                hint="give one of these words phones: `word  W ER1 D`",
            )
        asked.append(name)
        phones: list[str] = []
        try:
            for part in re.findall(r"\{[^{}]*\}|[A-Za-z']+", _in_words(entry.respelling, self._english)):
                for word in self._words(Token(part, "piece" if part[0] == "{" else "word")):
                    phones.extend(word.phones)
                if len(phones) > LONGEST_ENTRY:
                    raise TextError(
                        f"the lexicon {entry.file}: `{name[:40]}` comes to more than {LONGEST_ENTRY} phones",
                        hint="say it in fewer words",
                    )
        finally:
            asked.pop()
        return tuple(phones)

    def _look_up(self, name: str) -> Pronunciation:
        if name in self._user:
            return self._user_phones(name)
        if self._english == "gb" and (phones := _british(name)):
            return phones
        if name in CORRECTIONS:
            return CORRECTIONS[name]
        if name in SPELLED:
            return self._spell(name)
        stem = name.removesuffix("s").removesuffix("'")
        if stem != name and stem in CORRECTIONS:
            return morphology.plural(CORRECTIONS[stem])
        found = self._lexicon.get(name)
        if found:
            return found[0]
        if name in INITIALISMS:
            return self._spell(name)
        return WORDS.get(name) or next(iter(self._more.get(name)), ())

    def _find(self, text: str, capitals: bool) -> Word:
        """Look a word up and try the rules; no phones if none knows it."""
        name = text.lower()
        if text in CASED and name not in self._user:
            return Word(text, CASED[text], "lexicon")
        for form in dict.fromkeys((name, name.strip("'"))):
            if form in self._user:
                return self._user_word(text, form)
            phones = self._look_up(form)
            if phones:
                return Word(text.strip("'") if form != name else text, phones, "lexicon")
        bare = name.strip("-").lstrip("'")
        if "-" in bare:
            joined = bare.replace("-", "")
            phones = self._look_up(joined)
            if not phones and bare.count("-") == 1 and not all(map(self._look_up, bare.split("-"))):
                # Parted at the end of a line: `unhap-piness`.
                phones = morphology.derive(joined, self._look_up)
            return Word(text, phones, "rule")
        if spellings.is_stretched(bare) and not (text.isupper() and len(bare) < _LONG_CAPITALS):
            phones = next(filter(None, map(self._look_up, spellings.squeezed(bare))), ())
            if phones:
                return Word(text, phones, "rule")
        if len(bare) > LONGEST_GUESS:
            return Word(text, (), "rule")
        if self._is_initialism(text.strip("'"), capitals):
            return Word(text, self._initialism(text.strip("'")), "rule")
        return Word(text, morphology.derive(bare, self._look_up), "rule")

    def _is_initialism(self, text: str, capitals: bool) -> bool:
        letters = re.sub("'?s$", "", text)
        if not any(c in "aeiouyAEIOUY" for c in letters) and len(letters) < 8:
            return True
        return letters.isupper() and 1 < len(letters) < 5 and not capitals

    def _initialism(self, text: str) -> Pronunciation:
        letters = re.sub("'?s$", "", text) or text
        phones = self._spell(letters.lower().replace("'", ""))
        return morphology.plural(phones) if letters != text else phones

    def _spell(self, letters: str) -> Pronunciation:
        return tuple(phone for letter in letters for phone in self._letter(letter))

    def _letter(self, letter: str) -> Pronunciation:
        return ZED if letter == "z" and self._english == "gb" else self._lexicon.get(letter + ".")[0]

    def _guessed(self, text: str) -> Iterator[Word]:
        possessive = text.lower().endswith("'s")
        name = re.sub("[^a-z]", "", text.lower()[:-2] if possessive else text.lower())
        for start in range(0, len(name), LONGEST_GUESS):
            piece = name[start : start + LONGEST_GUESS]
            phones = self._guess(piece) or self._spell(piece)
            last = start + LONGEST_GUESS >= len(name)
            shown = text if len(name) <= LONGEST_GUESS else piece
            yield Word(shown, morphology.plural(phones) if possessive and last else phones, "g2p-en")


def _british(name: str) -> Pronunciation:
    """Return a word that is said otherwise in British English, inflected or not; nothing for any other."""
    words = british()
    if name in words or not name.endswith(("s", "d", "ing")):
        return words.get(name, ())
    return morphology.derive(name, lambda stem: words.get(stem, ()) if len(stem) > 1 else ())


def _in_words(respelling: str, english: str) -> str:
    """Return a respelling in words: its numbers and signs are read as in a text."""
    plain = re.sub(r"\{[^{}]*\}", "", respelling)
    return respelling if re.fullmatch(r"[A-Za-z' ,.-]*", plain) else normalize(respelling, english)

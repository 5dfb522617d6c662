"""The language of texts, told by the words that every text of a language has."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tiedtts.corpus.recordings import Recording
from tiedtts.errors import CorpusError
from tiedtts.quoting import quoted

ENGLISH = "English"
ACCENTED = "accented letters"
_WORDS = Path(__file__).parent / "data" / "languages.tsv"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_BRACED = re.compile(r"\{[^{}]*\}")

_LEAST_WORDS = 12
"""Words from which the language of a whole corpus can be told."""
_COMMON = 0.10
"""Share of the words of a text that are usual ones of its language, at the least."""
_LEAST_HITS = 2
"""Usual words of another language in one text that looks foreign."""
_FEW_WORDS, _FEW_LETTERS = 3, 12
"""Words or letters from which it can be told in which script a text is written."""
_ACCENTED = 0.12
"""Share of words with letters such as ä or ő that no English text has."""
_LETTERS = 0.5
"""Share of letters of another script that makes a text foreign."""


@dataclass(frozen=True)
class Guess:
    """The language that texts look like."""

    name: str
    """A language, or letters."""
    share: float
    """Share of the words that are usual in it, or of the letters."""


def check(recordings: Sequence[Recording]) -> None:
    """Refuse a corpus whose texts are not English.

    Raises:
        CorpusError: They are not, or the corpus says that they are not.
    """
    hint = "TiedTTS reads English only: other texts get the phones of English words. `--language en` goes on"
    named = Counter(each.language for each in recordings if each.language)
    others = {name: count for name, count in named.items() if not name.casefold().startswith("en")}
    if 2 * sum(others.values()) > len(recordings):
        name = max(others, key=lambda name: others[name])
        raise CorpusError(
            f"the language of {others[name]} of {len(recordings)} recordings is {quoted(name)}", hint=hint
        )
    found = foreign([each.text for each in recordings], least=_LEAST_WORDS)
    if found is not None:
        text = max((each.text for each in recordings[:20]), key=len)
        raise CorpusError(
            f"the texts look {_adjective(found.name)}, not English: {quoted(text, 60)}", hint=hint
        )


def looks_foreign(text: str) -> bool:
    """Return whether one text is clearly none in English."""
    return foreign([text], least=3) is not None


def foreign(texts: Iterable[str], *, least: int) -> Guess | None:
    """Return the language that texts look like if it is not English; None if too little speaks for one.

    Args:
        texts: Texts as they are written, phones in braces aside.
        least: Words that there must be.
    """
    words: Counter[str] = Counter()
    letters: Counter[str] = Counter()
    for text in texts:
        bare = unicodedata.normalize("NFC", _BRACED.sub(" ", text)).casefold().replace("’", "'")
        words.update(_WORD.findall(bare))
        letters.update(_script(char) for char in bare if char.isalpha())
    count = sum(words.values())
    total = sum(letters.values())
    # A script without spaces has one word a sentence.
    if (count >= _FEW_WORDS or total >= _FEW_LETTERS) and letters["Latin"] < _LETTERS * total:
        script, number = max(
            ((name, number) for name, number in letters.items() if name != "Latin"), key=lambda pair: pair[1]
        )
        return Guess(f"{script} letters", number / total)
    if count < least:
        return None
    hits = {name: sum(words[word] for word in usual) for name, usual in _languages().items()}
    english = hits.pop(ENGLISH)
    name = max(hits, key=lambda name: hits[name])
    if hits[name] >= max(_LEAST_HITS, _COMMON * count) and hits[name] > 2 * english:
        return Guess(name, hits[name] / count)
    accented = sum(number for word, number in words.items() if not word.isascii()) / count
    # Names in one text tell nothing.
    unlike = count >= _LEAST_WORDS and accented > _ACCENTED and english < _COMMON * count
    return Guess(ACCENTED, accented) if unlike else None


def _adjective(name: str) -> str:
    return f"written in {name}" if name.endswith("letters") else name


@lru_cache
def _script(char: str) -> str:
    """Return the script of a letter: the first word of its name in Unicode."""
    return unicodedata.name(char, "unknown").split()[0].capitalize()


@lru_cache(maxsize=1)
def _languages() -> dict[str, frozenset[str]]:
    """Return the usual words of each language; of the others those that English does not have."""
    found = {}
    for line in _WORDS.read_text(encoding="utf-8").splitlines():
        name, _, words = line.partition("\t")
        found[name] = frozenset(words.split())
    english = found[ENGLISH] | _ALSO_ENGLISH
    return {name: words if name == ENGLISH else words - english for name, words in found.items()}


_ALSO_ENGLISH = frozenset(
    "a an as at be by can come do has in is it man no on so to i o die war also am den".split()
)
"""Words that are usual elsewhere and occur in English, too."""

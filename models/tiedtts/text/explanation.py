"""Why a text sounds as it does: what each part is said as, with which phones, and where they come from."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from tiedtts.text import sentences
from tiedtts.text.characters import EMOJI, clean
from tiedtts.text.frontend import FrontEnd, Word
from tiedtts.text.normalize.normalizer import normalize

LEFT_OUT = "left out"
"""Source of what is not said."""

_TOKEN = re.compile(r"\{[^{}\n]*\}|[^\s{}]+|[{}]")
_WRITTEN_AHEAD = 12
_SPOKEN_AHEAD = 60
"""How far the next word that is said as written may be."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A part of a text and the words it is said as."""

    written: str
    """As in the text, after `characters.clean`; usually what stands between two spaces."""
    words: tuple[Word, ...]
    """In order, each with its phones and their source; none if the part is not said."""


def explain(text: str, front_end: FrontEnd) -> Iterator[Explanation]:
    """Yield the parts of a text in order.

    What is said as it would be if it stood alone makes a part; between such tokens, those that depend on
    their neighbours are one.

    Raises:
        TextError: Something in braces is not a phone.
    """
    for sentence in sentences.split(clean(text)):
        spoken = [word for found in front_end(sentence) for word in found.words]
        said = 0
        for shown, count in parts(sentence, [word.text for word in spoken]):
            if count or any(char.isalnum() or char == EMOJI for char in shown):
                yield Explanation(shown.replace(EMOJI, "(emoji)"), tuple(spoken[said : said + count]))
            said += count


def parts(sentence: str, spoken: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield the parts of a sentence in order, each with the number of words that it is said as.

    Args:
        sentence: As written.
        spoken: Its words.
    """
    written = _TOKEN.findall(sentence)
    right = [_key(text) for text in spoken]
    place = said = 0
    while place < len(written):
        tokens, words = _step(written, right, place, said)
        yield " ".join(written[place : place + tokens]), words
        place += tokens
        said += words


def _step(written: Sequence[str], right: Sequence[str], place: int, said: int) -> tuple[int, int]:
    """Return how many tokens and words the next part has."""
    names = _alone(written[place])
    if _is_said(names, right, said):
        return 1, len(names)
    # The nearest token after this one that is said as it is when it stands alone.
    for ahead in range(1, min(_WRITTEN_AHEAD, len(written) - place)):
        names = _alone(written[place + ahead])
        for words in range(min(_SPOKEN_AHEAD, len(right) - said) if names else 0):
            if _is_said(names, right, said + words):
                return ahead, words
    if len(written) - place <= _WRITTEN_AHEAD:
        last = max(k for k in range(place, len(written)) if k == place or _alone(written[k]))
        return last + 1 - place, len(right) - said
    return 1, min(1, len(right) - said)


def _is_said(names: tuple[str, ...], right: Sequence[str], place: int) -> bool:
    return tuple(right[place : place + len(names)]) == names


@lru_cache(maxsize=4096)
def _alone(token: str) -> tuple[str, ...]:
    """Return the words of a token that stands alone, nothing for mere punctuation."""
    if token.startswith("{"):
        return (token,) if len(token) > 2 else ()
    if re.fullmatch(r"[A-Za-z]+[,;:!?\"')]*", token):
        return (_key(token),)
    return tuple(filter(None, (_key(name) for name in re.findall("[A-Za-z'-]+", normalize(token)))))


def _key(text: str) -> str:
    """Return what two spellings of a word have in common."""
    return text if text.startswith("{") else "".join(filter(str.isalnum, text.lower()))

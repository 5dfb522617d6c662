"""Why a text sounds as it does: what each part is said as, with which phones, and where they come from."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tiedtts.text import sentences
from tiedtts.text.characters import EMOJI, clean
from tiedtts.text.frontend import FrontEnd, Word
from tiedtts.text.normalize import normalize

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

    Words that are said as they are written make a part each; between them, as few tokens as leave no doubt:
    `July 4, 2020` is `July` and `4, 2020`.

    Raises:
        TextError: Something in braces is not a phone.
    """
    for sentence in sentences.split(clean(text)):
        spoken = [word for found in front_end(sentence) for word in found.words]
        yield from _align(_TOKEN.findall(sentence), spoken)


def _align(written: Sequence[str], spoken: Sequence[Word]) -> Iterator[Explanation]:
    left = [_key(token) for token in written]
    right = [_key(word.text) for word in spoken]
    place = said = 0
    while place < len(written):
        tokens, words = _step(left, right, place, said)
        yield from _part(written[place : place + tokens], spoken[said : said + words])
        place += tokens
        said += words


def _part(written: Sequence[str], spoken: Sequence[Word]) -> Iterator[Explanation]:
    """Take off the tokens that are said the same way when they stand alone: `$5, i.e.` are two."""
    said = 0
    for place, token in enumerate(written):
        last = place + 1 == len(written)
        names = [_key(name) for name in re.findall("[A-Za-z'-]+", "" if last else normalize(token))]
        count = len(spoken) - said if last else len(names)
        if not last and [_key(word.text) for word in spoken[said : said + count]] != names:
            yield Explanation(" ".join(written[place:]), tuple(spoken[said:]))
            return
        if count or any(char.isalnum() or char == EMOJI for char in token):
            yield Explanation(token.replace(EMOJI, "(emoji)"), tuple(spoken[said : said + count]))
        said += count


def _step(left: Sequence[str], right: Sequence[str], place: int, said: int) -> tuple[int, int]:
    """Return how many tokens and words the next part has."""
    if said < len(right) and left[place] == right[said]:
        return 1, 1
    if not left[place]:
        return 1, 0
    # The nearest token after this one that is said as it is written.
    for ahead in range(1, min(_WRITTEN_AHEAD, len(left) - place)):
        key = left[place + ahead]
        if not key:
            continue
        for words in range(min(_SPOKEN_AHEAD, len(right) - said)):
            if right[said + words] == key:
                return ahead, words
    if len(left) - place <= _WRITTEN_AHEAD:
        return len(left) - place, len(right) - said
    return 1, min(1, len(right) - said)


def _key(text: str) -> str:
    """Return what two spellings of a word have in common; nothing for mere punctuation."""
    if text.startswith("{"):
        return text
    return "".join(char for char in text.lower() if char.isalnum() or char in "$€£¥%&@#+=°" or char == EMOJI)

"""The stretch of a written sentence that some of its words were read from."""

import re
from collections.abc import Iterator, Sequence

_TOKEN = re.compile(r"\{[^{}\n]*\}|[^\s{}]+|[{}]")

Place = tuple[int, int]
"""Offsets in a sentence: of the first character of a word, and of the character after it."""


def parts(sentence: str, places: Sequence[Place]) -> Iterator[tuple[str, int]]:
    """Yield the parts of a sentence in order, each with the number of words that it is read as.

    A part is what stands between two spaces, or more where a word was read from more.

    Args:
        sentence: The sentence as written.
        places: Places of its words, in order.
    """
    tokens = [match.span() for match in _TOKEN.finditer(sentence)]
    token = word = 0
    while token < len(tokens):
        start, end = tokens[token]
        token += 1
        count = 0
        while word + count < len(places) and places[word + count][0] < end:
            last = places[word + count][1]
            while token < len(tokens) and tokens[token][0] < last:
                end = tokens[token][1]
                token += 1
            count += 1
        word += count
        yield sentence[start:end], count


def cut(
    sentence: str, words: Sequence[str], places: Sequence[Place], counts: Sequence[int]
) -> Iterator[tuple[str, Sequence[Place]]]:
    """Yield a sentence in parts that have so many words each, and the places of these words in their part.

    A part is as it is written; where it begins or ends within something that was read as a whole, it is as
    it is spoken.
    """
    if len(counts) == 1:
        yield sentence, places
        return
    first, begin = 0, 0
    for number, count in enumerate(counts, start=1):
        last = first + count
        end = (
            len(sentence)
            if number == len(counts)
            else _boundary(sentence, places[last - 1][1], places[last][0])
        )
        if begin < 0 or end < 0:
            yield _spoken(words[first:last])
        else:
            own = places[first:last]
            yield sentence[begin:end].rstrip(), [(start - begin, stop - begin) for start, stop in own]
        first, begin = last, end


def _boundary(sentence: str, end: int, start: int) -> int:
    """Return where to cut between a word that ends and one that starts here; -1 if they are read as a whole.

    A dash between them goes with the first.
    """
    if start < end:
        return -1
    space = sentence.rfind(" ", end, start)
    return start if space < 0 else space + 1


def _spoken(words: Sequence[str]) -> tuple[str, list[Place]]:
    """Return words with spaces between them, and the places of the words."""
    places = []
    start = 0
    for word in words:
        places.append((start, start + len(word)))
        start += len(word) + 1
    return " ".join(words), places

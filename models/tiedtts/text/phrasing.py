"""Phrase breaks: the places in a sentence where a reader pauses although no comma stands there.

Each boundary between words gets a score, the log odds of a pause by a logistic regression on what stands
around it. Dynamic programming then chooses the breaks of a stretch together, so that no phrase is very short
or runs on for long, as in Taylor and Black, "Assigning phrase breaks from part-of-speech sequences" (1998).
"""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate

from tiedtts.text import tables
from tiedtts.text.excerpts import Place
from tiedtts.text.phrase_features import Shape, Stretch, features, shapes, syllables
from tiedtts.text.pronounce.pronouncer import Word

THRESHOLD = -0.5
"""Log odds from which a pause is made: a wrong one is worse than a missing one."""
FEWEST_SYLLABLES = 9
"""Shorter stretches are spoken in one breath."""
SHORTEST = 4
"""Words between two breaks, at least."""
AT_EDGE = 3
"""Syllables between a break and a pause of punctuation, at least."""
ROOMY = 10
"""Words between two breaks from which on they are not too near each other."""
COMFORTABLE = 14
"""Words from which on a phrase gets too long: breaks become likelier with each."""
LONGEST = 20
"""Words that a phrase has at most where there is any place for a break."""
_WINDOW = 30
_COST, _DEAR, _CROWDED = 0.3, 4.0, 0.35


def breaks(
    items: Sequence[Word | str], places: Sequence[Place], written: str, *, threshold: float = THRESHOLD
) -> list[int]:
    """Return the numbers of the words of a sentence before which a phrase break stands, in order.

    Args:
        items: Words and pauses of the sentence.
        places: The place of each word in `written`.
        written: The sentence as it is written.
        threshold: Log odds from which on a pause is made.
    """
    capitals = not any(char.islower() for char in written)
    found: list[int] = []
    for stretch, first in stretches(items, places, written):
        if sum(map(syllables, stretch.words)) >= FEWEST_SYLLABLES:
            seen = shapes(stretch, capitals=capitals)
            may = allowed(stretch, seen, capitals=capitals)
            gains = [score - threshold for score in scores(stretch, seen)]
            found += [first + count for count in _choose(stretch, gains, may)]
    return found


def scores(stretch: Stretch, seen: Sequence[Shape]) -> list[float]:
    """Return the log odds of a pause after each word of a stretch but the last, (N - 1,)."""
    weights = _weights()
    return [sum(weights.get(name, 0.0) for name in own) for own in features(stretch, seen)]


def allowed(stretch: Stretch, seen: Sequence[Shape], *, capitals: bool) -> list[bool]:
    """Return whether a pause may stand after each word of a stretch but the last, (N - 1,).

    It may not within names, numbers, and whatever is written as one thing.
    """
    return [
        " " in gap and not _belongs(left, seen[index], right, seen[index + 1], capitals=capitals)
        for index, (gap, left, right) in enumerate(
            zip(stretch.gaps, stretch.words[:-1], stretch.words[1:], strict=True)
        )
    ]


def _belongs(left: Word, shape: Shape, right: Word, following: Shape, *, capitals: bool) -> bool:
    """Return whether two words are parts of one name or number."""
    numbers = _is_number(left, shape), _is_number(right, following)
    if all(numbers):
        return True
    is_name = left.text[:1].isupper() and not capitals and shape.kind in _OPEN
    if following.kind == "name" or numbers[1]:
        return is_name or numbers[0]
    return numbers[0] and following.kind in _OPEN


_OPEN = ("content", "name")


def _is_number(word: Word, shape: Shape) -> bool:
    return shape.kind == "number" or any(map(str.isdigit, word.written))


def stretches(
    items: Sequence[Word | str], places: Sequence[Place], written: str
) -> Iterator[tuple[Stretch, int]]:
    """Yield the words between pauses, and the number of the first of them."""
    words: list[Word] = []
    number, before = 0, ""
    for item in (*items, "."):
        if isinstance(item, Word):
            words.append(item)
            continue
        first, number = number, number + len(words)
        if words:
            yield Stretch(words, _gaps(words, places[first:number], written), before, item), first
            words, before = [], item


def _gaps(words: Sequence[Word], places: Sequence[Place], written: str) -> list[str]:
    return [
        "" if words[index].span == words[index + 1].span else written[places[index][1] : places[index + 1][0]]
        for index in range(len(words) - 1)
    ]


@cache
def _weights() -> dict[str, float]:
    return {name: int(value) / 100 for name, value in tables.read("phrasing")["odds"].items()}


def _choose(stretch: Stretch, gains: Sequence[float], may: Sequence[bool]) -> list[int]:
    """Return after how many words of a stretch breaks stand: the best sum of gains less costs of length."""
    count = len(stretch.words)
    if count <= COMFORTABLE and not any(gain > 0 and fits for gain, fits in zip(gains, may, strict=True)):
        return []
    said = list(accumulate(map(syllables, stretch.words), initial=0))
    best, back = {0: 0.0}, {0: 0}
    near, latest = deque([0]), 0
    for place in range(1, count + 1):
        ends = place == count
        if not ends and not (
            may[place - 1] and said[place] >= AT_EDGE and said[count] - said[place] >= AT_EDGE
        ):
            continue
        while near and place - near[0] > _WINDOW:
            near.popleft()
        gain = 0.0 if ends else gains[place - 1]
        starts = [n for n in near or (latest,) if ends or n == 0 or place - n >= SHORTEST]
        if starts:
            total, start = max(
                (best[n] + gain - _cost(place - n, inner=bool(n) and not ends), -n) for n in starts
            )
            best[place], back[place] = total, -start
            near.append(place)
            latest = place
    chosen = []
    place = back[count]
    while place:
        chosen.append(place)
        place = back[place]
    return chosen[::-1]


def _cost(words: int, *, inner: bool) -> float:
    """Return what a phrase of so many words costs; an inner one stands between two breaks."""
    # The scores know the distance to punctuation, not to other breaks.
    crowded = _CROWDED * max(0, ROOMY - words) if inner else 0.0
    return crowded + _COST * max(0, words - COMFORTABLE) + _DEAR * max(0, words - LONGEST)

"""Kinds of texts, and how many of each a good list has."""

import re
from collections.abc import Mapping, Sequence

from tiedtts.errors import ConfigError

SINGLE = "single words"
NUMBER = "numbers"
QUESTION = "questions"
EXCLAMATION = "exclamations"
SHORT = "short statements"
MEDIUM = "statements"
LONG = "long statements"
MIX: Mapping[str, float] = {
    SINGLE: 0.08,
    NUMBER: 0.06,
    QUESTION: 0.18,
    EXCLAMATION: 0.10,
    SHORT: 0.12,
    MEDIUM: 0.30,
    LONG: 0.16,
}
"""Share of each kind."""

_MOST_SINGLE = 2
_MOST_SHORT, _MOST_MEDIUM = 5, 12
"""Words."""
_NUMBER_WORDS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion"
).split()
_NUMBERS = re.compile(rf"\d|\b({'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)
_END = re.compile(r"[?!.](?=[^\w?!.]*$)")


def kind_of(text: str) -> str:
    """Return the kind of a text, one of `MIX`."""
    words = len(text.split())
    if words <= _MOST_SINGLE:
        return SINGLE
    if _NUMBERS.search(text):
        return NUMBER
    end = _END.search(text)
    if end and end[0] != ".":
        return QUESTION if end[0] == "?" else EXCLAMATION
    if words <= _MOST_SHORT:
        return SHORT
    return MEDIUM if words <= _MOST_MEDIUM else LONG


def check(mix: Mapping[str, float]) -> None:
    """Refuse shares of kinds that there are not, or that leave nothing to share.

    Raises:
        ConfigError: One does not fit.
    """
    for kind, share in mix.items():
        if kind not in MIX:
            raise ConfigError(f"there is no kind of text `{kind}`", hint=f"known: {', '.join(MIX)}")
        if not 0 <= share < float("inf"):
            raise ConfigError(f"the share of {kind} must be 0 or more, got: {share}")
    if not sum(mix.values()):
        raise ConfigError("all shares of kinds are 0")


def quotas(wanted: int, there: Mapping[str, int], mix: Mapping[str, float]) -> dict[str, int]:
    """Return how many texts of each kind to take, `wanted` in all or as many as there are.

    Where there are too few of a kind, the others take its place by their shares.

    Args:
        wanted: Number of texts.
        there: Number of texts of each kind.
        mix: Shares; they need not sum to 1. Kinds without one are taken when nothing else is left.
    """
    taken = dict.fromkeys(there, 0)
    for shares in (mix, dict.fromkeys(there, 1.0)):
        while (left := min(wanted, sum(there.values())) - sum(taken.values())) > 0:
            room = {kind: there[kind] - taken[kind] for kind in there}
            open_ = [kind for kind in there if room[kind] and shares.get(kind, 0.0) > 0]
            if not open_:
                break
            for kind, more in zip(open_, _shared(left, [shares[kind] for kind in open_]), strict=True):
                taken[kind] += min(more, room[kind])
    return taken


def _shared(count: int, shares: Sequence[float]) -> list[int]:
    """Return whole numbers that sum to `count`, by the method of the largest remainder."""
    exact = [count * share / sum(shares) for share in shares]
    whole = [int(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda index: (whole[index] - exact[index], index))
    for index in order[: count - sum(whole)]:
        whole[index] += 1
    return whole

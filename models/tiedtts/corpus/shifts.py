"""Shifted texts: a list of which every text belongs to the recording before or after."""

from collections.abc import Sequence

import numpy as np

from tiedtts.corpus import hearing
from tiedtts.errors import CorpusError

_LOOKED_AT = 60
"""Recordings that are looked at."""
_LEAST = 6
"""Recordings that must tell."""
_MOST = 0.7
"""Share of them that must say what the text of another one is."""
_FARTHEST = 3
"""Lines by which texts may be shifted."""


def check(names: Sequence[str], said: Sequence[Sequence[str]], heard: Sequence[Sequence[str]]) -> None:
    """Refuse texts that belong to the recordings before or after theirs.

    Args:
        names: Names of recordings, in the order of the list.
        said: Symbols of the phones of their texts.
        heard: Symbols that a recogniser hears.

    Raises:
        CorpusError: They do.
    """
    habits = hearing.usual()
    rows = [hearing.encode(each) for each in said]
    sounds = [hearing.encode(each) for each in heard]
    chosen = np.linspace(0, len(rows) - 1, min(_LOOKED_AT, len(rows))).astype(int)
    cost = {
        (index, shift): habits.cost(rows[index + shift], sounds[index])
        for index in chosen
        for shift in range(-_FARTHEST, _FARTHEST + 1)
        if 0 <= index + shift < len(rows)
    }
    own_wins = sum(cost[index, 0] < 0 for index in chosen)
    if len(chosen) < _LEAST or own_wins > (1 - _MOST) * len(chosen):
        return
    for shift in (1, -1, 2, -2, 3, -3):
        told = [cost[index, shift] for index in chosen if (index, shift) in cost]
        if len(told) >= _LEAST and sum(each < 0 for each in told) > _MOST * len(told):
            side = "after" if shift > 0 else "before"
            lines = "one line" if abs(shift) == 1 else f"{abs(shift)} lines"
            name = names[chosen[len(chosen) // 2]]
            raise CorpusError(
                f"the texts are shifted: {name} says the text that stands {lines} {side} its own",
                hint="has the list lost a line, or got one too many? `--no-listen` goes on all the same",
            )

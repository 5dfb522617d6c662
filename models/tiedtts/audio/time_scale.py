"""Speech made faster without a change of its pitch or its sounds.

Waveform similarity overlap-add: Verhelst and Roelands, "An overlap-add technique based on waveform
similarity (WSOLA) for high quality time-scale modification of speech", ICASSP 1993. Pieces of the speech are
laid over each other where they are most alike, so that whole pitch periods are left out, and nothing else
changes.
"""

from collections.abc import Iterator
from itertools import count

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

OVERLAP = 0.008
"""Length of the overlap of two pieces, seconds: a pitch period of most voices."""
SEARCH = 0.0075
"""How far from its place the most alike piece is looked for, seconds, either way: half the longest period."""
_SILENCE = np.float32(1e-4)


def faster(samples: Samples, factor: float, sample_rate: int) -> Iterator[Samples]:
    """Yield speech that is faster, a short piece at a time, as soon as it is made.

    Args:
        samples: Mono, (S,).
        factor: How many times faster, 1 or more.
        sample_rate: Hz.

    Yields:
        Pieces, about S / factor samples together: the sample at n is heard at n / factor.
    """
    if factor <= 1.0:
        yield samples
        return
    overlap, search = round(OVERLAP * sample_rate), round(SEARCH * sample_rate)
    length = round(len(samples) / factor)
    padded = np.concatenate([samples, np.zeros(2 * overlap + search, np.float32)])
    falling = (0.5 + 0.5 * np.cos(np.pi * (np.arange(overlap) + 0.5) / overlap)).astype(np.float32)
    rising: Samples = falling[::-1]
    energies = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    yield padded[: min(overlap, length)]
    # The natural way on from the last piece.
    onward = padded[overlap : 2 * overlap]
    for number in count(1):
        left = length - number * overlap
        if left <= 0:
            return
        wanted = min(round(number * overlap * factor), len(samples))
        first, last = max(0, wanted - search), min(wanted + search, len(samples))
        likeness = np.correlate(padded[first : last + overlap], onward, "valid")
        energy = energies[first + overlap : last + overlap + 1] - energies[first : last + 1]
        best = first + int(np.argmax(likeness / (np.sqrt(np.maximum(energy, 0.0)) + _SILENCE)))
        piece = onward * falling + padded[best : best + overlap] * rising
        yield piece[:left].astype(np.float32, copy=False)
        onward = padded[best + overlap : best + 2 * overlap]

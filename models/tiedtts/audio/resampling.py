"""Resampling of sound that comes in parts.

Windowed-sinc interpolation with a filter for each phase: Smith, "Digital Audio Resampling", CCRMA, 2002;
window and its width: Kaiser, "Nonrecursive Digital Filter Design Using the I0-Sinh Window", 1974.
"""

import math

import numpy as np
import numpy.typing as npt

from tiedtts.choices import SAMPLE_RATES
from tiedtts.errors import AudioError

_ZEROS = 64
"""Zero crossings of the sinc on each side."""
_BETA = 9.0
"""Shape of Kaiser's window: what is folded back lies 90 dB below."""
_CUTOFF = 0.955
"""Cutoff as a share of the lower of the two Nyquist frequencies, at which the filter has ended."""
_OUTPUTS = 256
"""Samples made by one row of a matrix product, at least."""
_ROWS = 16
"""Rows of it, always, and each in its own place: the last bits of a product depend on both."""
_MOST_PHASES = 1_024


class Resampler:
    """Changes the sampling rate of a sound; the parts may be of any length and the result is the same.

    Args:
        source: Rate of what goes in, Hz.
        target: Rate of what comes out, Hz.

    Raises:
        AudioError: The two have no small common measure.
    """

    def __init__(self, source: int, target: int) -> None:
        common = math.gcd(source, target)
        up, down = target // common, source // common
        if up > _MOST_PHASES or down > 2 * _MOST_PHASES:
            raise AudioError(
                f"cannot change {source} Hz to {target} Hz",
                hint=f"use one of {', '.join(map(str, SAMPLE_RATES))}",
            )
        self._rates = source, target
        lower = min(1.0, target / source)
        half = math.ceil(_ZEROS / lower)
        filters = _filters(up, half, lower)
        blocks = -(-_OUTPUTS // up)
        self._inputs, self._outputs = down * blocks, up * blocks
        self._matrix = np.zeros((self._outputs, self._inputs + 2 * half), np.float32)
        for number, row in enumerate(self._matrix):
            place, phase = divmod(number * down, up)
            row[place : place + 2 * half] = filters[phase]
        self._buffer = np.zeros(half - 1, np.float32)
        self._taken = self._made = 0

    def __call__(self, samples: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Take samples, (S,), and return those that can be told from all that came so far."""
        self._buffer = np.concatenate([self._buffer, np.asarray(samples, np.float32)])
        self._taken += len(samples)
        return self._make((len(self._buffer) - self._matrix.shape[1]) // self._inputs + 1)

    def flush(self) -> npt.NDArray[np.float32]:
        """Return the rest; in all there are as many samples as the length of the sound asks for."""
        source, target = self._rates
        missing = (2 * self._taken * target + source) // (2 * source) - self._made
        rows = -(-missing // self._outputs)
        padding = max((rows - 1) * self._inputs + self._matrix.shape[1] - len(self._buffer), 0)
        self._buffer = np.concatenate([self._buffer, np.zeros(padding, np.float32)])
        return self._make(rows)[:missing]

    def _make(self, rows: int) -> npt.NDArray[np.float32]:
        """Make so many rows of samples, and forget what no later one needs."""
        if rows <= 0:
            return np.zeros(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self._buffer, self._matrix.shape[1])
        windows = windows[:: self._inputs][:rows]
        made = np.empty((rows, self._outputs), np.float32)
        first = self._made // self._outputs
        start = 0
        while start < rows:
            place = (first + start) % _ROWS
            part = windows[start : start + _ROWS - place]
            some = np.zeros((_ROWS, self._matrix.shape[1]), np.float32)
            some[place : place + len(part)] = part
            made[start : start + len(part)] = (some @ self._matrix.T)[place : place + len(part)]
            start += len(part)
        self._buffer = self._buffer[rows * self._inputs :].copy()
        self._made += made.size
        return made.reshape(-1)


def _filters(phases: int, half: int, lower: float) -> npt.NDArray[np.float32]:
    """Return the filter of each phase, each of gain 1 at frequency 0, (phases, 2 half)."""
    distance = np.arange(1 - half, half + 1) - np.arange(phases)[:, None] / phases
    window = np.i0(_BETA * np.sqrt(np.clip(1 - (distance / half) ** 2, 0, None)))
    taps = np.sinc(_CUTOFF * lower * distance) * window
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)

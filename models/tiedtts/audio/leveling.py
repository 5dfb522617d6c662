"""Leveling: a whole sound is brought to a loudness, and its peaks under a limit.

Loudness is that of ITU-R BS.1770-4, integrated and gated, in LUFS, which pyloudnorm measures; true peaks are
those of its annex 2, between the samples. Sound of any length takes a few megabytes of memory: it is held
in a temporary file until all of it is there.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from importlib import util
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tiedtts.audio import loudness
from tiedtts.choices import TRUE_PEAK
from tiedtts.errors import AudioError

Samples = npt.NDArray[np.float32]

_BLOCK_SECONDS, _STEP = 0.4, 10
"""Length of a block of the standard, and how many begin in a second."""
_AT_ONCE = 30
"""Seconds that are measured and changed at once."""
_WARM = 1
"""Seconds before them, after which the filters have forgotten how they began."""
_IN_MEMORY = 1 << 25
"""Bytes that are held in memory before there is a file."""
_OVERSAMPLED = 192_000
"""Rate at which peaks are looked for, Hz."""
_MARGIN = 0.1
"""Room below the limit, decibels: the limiter itself moves peaks a little."""
_PASSES = 8
_CLOSE = 0.02
"""Difference of loudness that is left as it is, LU."""
_MOST = 1e5
"""Gain beyond which nothing is made louder."""


def check() -> None:
    """Refuse to level sound without pyloudnorm.

    Raises:
        AudioError: It is not installed.
    """
    if util.find_spec("pyloudnorm") is None:
        from tiedtts import extras

        raise AudioError(
            "bringing sound to a loudness needs the package pyloudnorm",
            hint=extras.install_command("loudness"),
        )


class Meter:
    """Measures the integrated loudness of a sound that comes in parts.

    Args:
        rate: Sampling rate, Hz.
    """

    def __init__(self, rate: int) -> None:
        import pyloudnorm

        self._meter: Any = pyloudnorm.Meter(rate)
        self._rate = rate
        self._held = np.zeros(0)
        self._warm = 0
        self._blocks: list[float] = []

    def add(self, samples: npt.NDArray[np.floating]) -> None:
        """Take samples, (S,)."""
        self._held = np.concatenate([self._held, samples])
        while len(self._held) >= (size := self._size()):
            first = self._warm * _STEP
            self._blocks += self._levels(self._held[:size])[first : first + _AT_ONCE * _STEP]
            self._held = self._held[(self._warm + _AT_ONCE - _WARM) * self._rate :]
            self._warm = _WARM

    def _size(self) -> int:
        return (self._warm + _AT_ONCE + 1) * self._rate

    def _levels(self, samples: npt.NDArray[np.floating]) -> list[float]:
        """Return the loudness of each block, LUFS."""
        shortest = int(np.ceil(_BLOCK_SECONDS * self._rate))
        missing = max(shortest - len(samples), 0)
        self._meter.integrated_loudness(np.concatenate([samples, np.zeros(missing)]))
        # A sound that is shorter than a block is as loud as its own length is.
        more = 10 * np.log10(shortest / max(len(samples), 1)) if missing else 0.0
        return [float(level) + more for level in self._meter.blockwise_loudness]

    def loudness(self) -> float:
        """Return the loudness of all, LUFS; minus infinity if there is nothing to hear."""
        blocks = np.array(self._blocks + self._levels(self._held)[self._warm * _STEP :])
        energies = 10 ** (blocks[blocks >= -70.0] / 10)
        if not len(energies):
            return -np.inf
        loud = energies[energies > energies.mean() / 10]
        return float(10 * np.log10(loud.mean()))


def true_peaks(samples: npt.NDArray[np.floating], rate: int, size: int) -> npt.NDArray[np.float64]:
    """Return the true peak of each block of so many samples, (S,) to (S / size,); full scale 1."""
    from scipy.signal import resample_poly

    factor = max(1, -(-_OVERSAMPLED // rate))
    count = -(-len(samples) // size)
    between = np.zeros(count * size * factor)
    between[: len(samples) * factor] = np.abs(resample_poly(np.asarray(samples, np.float64), factor, 1))
    whole = np.zeros(count * size)
    whole[: len(samples)] = np.abs(samples)
    peaks = np.maximum(between.reshape(count, -1).max(1), whole.reshape(count, -1).max(1))
    return np.asarray(peaks, np.float64)


@contextlib.contextmanager
def leveled(write: loudness.Write, rate: int, lufs: float | None) -> Iterator[loudness.Write]:
    """Hold a sound on its way to a writer until all is there, and bring it to a loudness.

    Args:
        write: Takes mono samples, (S,).
        rate: Sampling rate, Hz.
        lufs: Integrated loudness, LUFS; nothing is held or changed if it is None.

    Raises:
        AudioError: pyloudnorm is not installed.
    """
    if lufs is None:
        yield write
        return
    check()
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:

        def hold(samples: npt.NDArray[np.floating]) -> None:
            file.write(np.asarray(samples, "<f4").tobytes())

        yield hold
        held = _Held(file, rate)
        gain = held.gain(lufs)
        for samples in held.changed(gain):
            write(samples)


class _Held:
    """A sound in a file.

    Args:
        file: Its samples, 32-bit numbers.
        rate: Sampling rate, Hz.
    """

    def __init__(self, file: IO[bytes], rate: int) -> None:
        self._file, self._rate = file, rate
        self._count = file.seek(0, 2) // 4
        self._peak = 0.0

    def _read(self, first: int, last: int) -> Samples:
        self._file.seek(4 * first)
        return np.frombuffer(self._file.read(4 * (last - first)), "<f4")

    def gain(self, lufs: float) -> float:
        """Return the factor with which the sound has a loudness; 1 if there is nothing to hear.

        Where peaks are held back, the whole gets softer, and the factor is made larger for that.
        """
        own = self._loudness(1.0, limits=False)
        if not np.isfinite(own):
            return 1.0
        gain = min(10 ** ((lufs - own) / 20), _MOST)
        for _ in range(_PASSES if self._peak * gain > _ceiling() else 0):
            more = lufs - self._loudness(gain)
            if abs(more) < _CLOSE:
                break
            gain = min(gain * 10 ** (more / 20), _MOST)
        return gain

    def _loudness(self, gain: float, *, limits: bool = True) -> float:
        meter = Meter(self._rate)
        for samples in self.changed(gain, limits=limits):
            meter.add(samples)
        return meter.loudness()

    def changed(self, gain: float, *, limits: bool = True) -> Iterator[Samples]:
        """Yield the sound with a gain, its true peaks under the limit; (S,) in parts.

        Args:
            gain: Factor.
            limits: Whether peaks are held back.
        """
        block = max(1, round(loudness.BLOCK_SECONDS * self._rate))
        # As far as anything reaches: what is cut in parts is the same as in one.
        margin = 40 * block
        size = _AT_ONCE * self._rate // block * block
        for first in range(0, self._count, size):
            before = max(first - margin, 0)
            last = min(first + size, self._count)
            samples = self._read(before, min(last + margin, self._count))
            peaks = true_peaks(samples, self._rate, block)
            self._peak = max(self._peak, float(peaks.max(initial=0.0)))
            part = samples * np.float32(gain)
            if limits and float(peaks.max(initial=0.0)) * gain > _ceiling():
                part = part * loudness.gain_under(peaks * gain, _ceiling(), len(part), block)
            yield np.asarray(part[first - before : last - before], np.float32)


def _ceiling() -> float:
    return float(10 ** ((TRUE_PEAK - _MARGIN) / 20))

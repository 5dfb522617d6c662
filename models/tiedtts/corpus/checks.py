"""Checks of recordings: the reasons that make one unfit for training, or worth a note."""

import re
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts.audio import channels, files
from tiedtts.errors import AudioError
from tiedtts.paths import StrPath

CHECKS_VERSION = 2
"""Part of the key under which findings are kept."""

SHORTEST = 0.2
"""Seconds."""
LONGEST = 20.0
"""Seconds, without the silence at the edges."""
LONGEST_FILE = 300.0
"""Seconds; a longer file is no single sentence and is not read."""
MOST_SAMPLES = 2**26
"""Samples of all channels of a file; they are 256 MB in memory."""
SLOWEST_RATE, FASTEST_RATE = 4_000, 768_000
"""Hz."""
LOUDEST = 65_536.0
"""Largest sample, full scale 1: some programs write whole numbers of 16 bits as they are."""
QUIETEST = 1e-3
"""Largest sample of a recording that counts as silent, full scale 1."""
EDGE = 0.3
"""Seconds of silence kept at either edge."""
LIGHT_CLIPPING, HEAVY_CLIPPING = 1e-4, 1e-2
"""Share of samples that stay at the peak."""
MOST_CHARACTERS = 5_000
"""A text that nobody reads within `LONGEST`."""
SLOWEST, FASTEST = 2.0, 30.0
"""Phones per second."""

DUPLICATE = "id used before"
UNSAID = "nothing to say"
UNSPEAKABLE = "braces in the text that hold no phones"
UNREAD = "text that cannot be read out"
HALF = "name or text with half of a character"
LONG_TEXT = f"text of more than {MOST_CHARACTERS:,} characters"
MISSING = "audio file missing"
NOT_PLAIN = "audio is a folder, a pipe or a device"
LARGE = "too many samples in all channels"
BAD_RATE = f"sampling rate below {SLOWEST_RATE:,} or above {FASTEST_RATE:,} Hz"
NO_NUMBERS = "samples that are no numbers, or far over full scale"
FAILED = "audio that cannot be analysed"
NO_MEMORY = "audio that needs more memory than there is"
DEADLY = "audio whose analysis ended its process"
UNREADABLE = "audio unreadable"
EMPTY = "audio empty"
SILENT = "audio silent"
CLIPPED = "heavily clipped"
SHORT = f"shorter than {SHORTEST:g} s"
LONG = f"longer than {LONGEST:g} s"
SLOW = f"fewer than {SLOWEST:g} phones a second"
FAST = f"more than {FASTEST:g} phones a second"
UNALIGNED = "too short for its phones"
"""Why recordings are rejected; a fixed text each, so that a report can count."""
UNSURE = frozenset((FAILED, NO_MEMORY, DEADLY))
"""Rejections that another run may not repeat."""

LEFT_OUT = "part of the text has no phones"
SLIGHTLY_CLIPPED = "slightly clipped"
RESAMPLED = "resampled"
MIXED = "channels mixed to one"
OPPOSED = "channels in opposite phase, which silence each other: one was turned round"
FOREIGN = "text that does not look English"
"""Notes on recordings that are used all the same."""


@dataclass(frozen=True)
class Inspection:
    """The result of inspecting a sound file."""

    samples: npt.NDArray[np.float32]
    """Mono, (S,); empty if rejected."""
    rate: int
    """Sampling rate, Hz."""
    start: int
    """First loud sample."""
    end: int
    """After the last loud sample."""
    rejected: str | None
    """Why it cannot be used."""
    notes: tuple[str, ...]

    @property
    def speech(self) -> float:
        """Seconds from the first to the last loud sample."""
        return (self.end - self.start) / self.rate

    @property
    def trimmed(self) -> npt.NDArray[np.float32]:
        """The samples with no more than `EDGE` of silence at either edge."""
        edge = round(EDGE * self.rate)
        return self.samples[max(0, self.start - edge) : self.end + edge]


def inspect(path: StrPath, rate: int) -> Inspection:
    """Read a sound file and check it.

    Args:
        path: A file of any kind libsndfile knows.
        rate: Sampling rate of the corpus to be, Hz.
    """
    path = Path(path)
    if (reason := _strange(path)) is not None:
        return _rejected(reason)
    try:
        if (reason := _oversized(path)) is not None:
            return _rejected(reason)
        sound = files.read(path)
    except AudioError:
        return _rejected(UNREADABLE)
    samples, opposed = channels.mix(sound.samples)
    if not len(samples):
        return _rejected(EMPTY)
    if not float(np.abs(samples).max()) <= LOUDEST:
        return _rejected(NO_NUMBERS)
    if len(samples) < SHORTEST * sound.rate:
        return _rejected(SHORT)
    # A constant offset is no sound.
    if float(np.abs(samples - samples.mean()).max()) < QUIETEST:
        return _rejected(SILENT)
    clipped = clipping(samples)
    if clipped > HEAVY_CLIPPING:
        return _rejected(CLIPPED)
    start, end = edges(samples, sound.rate)
    if end - start > LONGEST * sound.rate:
        return _rejected(LONG)
    found = {
        SLIGHTLY_CLIPPED: clipped > LIGHT_CLIPPING,
        RESAMPLED: sound.rate != rate,
        OPPOSED: opposed,
        MIXED: sound.channels > 1 and not opposed,
    }
    notes = tuple(note for note, holds in found.items() if holds)
    return Inspection(samples, sound.rate, start, end, None, notes)


def clipping(samples: npt.NDArray[np.float32]) -> float:
    """Return the share of samples, (S,), that stay at the largest value for three samples or more."""
    loudness = np.abs(samples)
    peak = float(loudness.max())
    # So quiet a recording has flat tops because its steps are coarse.
    if peak < 0.1:
        return 0.0
    flat = loudness >= peak - 5e-5
    return float((flat[:-2] & flat[1:-1] & flat[2:]).sum() / len(samples))


def edges(samples: npt.NDArray[np.float32], rate: int) -> tuple[int, int]:
    """Return the first loud sample and the one after the last, of samples (S,) at `rate` Hz.

    Loud is what stands out of the recording's own noise floor, in steps of 10 ms.
    """
    step = rate // 100
    count = len(samples) // step
    centred = (samples[: count * step] - samples.mean()).reshape(count, step)
    energy = np.log((centred**2).mean(1) + 1e-9)
    low, high = np.percentile(energy, [5, 95])
    loud = np.flatnonzero(energy >= low + 0.25 * (high - low))
    last = int(loud[-1]) + 1
    return int(loud[0]) * step, len(samples) if last == count else last * step


def speaking_rate(phones: int, seconds: float) -> str | None:
    """Return why nobody speaks this many phones in this time, if so.

    Args:
        phones: Number of speech sounds.
        seconds: From the first to the last loud sample.
    """
    # A lone short word may well be drawn out.
    if phones < SLOWEST * (seconds - 1.0):
        return SLOW
    return FAST if phones > FASTEST * seconds else None


def safe_name(name: str) -> str:
    """Return a name that any file system takes."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name)[:80].lstrip(".") or "_"


def _strange(path: Path) -> str | None:
    """Return why a path is no file that can be opened without waiting, if so."""
    try:
        found = path.stat()
    # A name that no file system takes is that of no file.
    except (OSError, ValueError):
        return MISSING
    return None if stat.S_ISREG(found.st_mode) else NOT_PLAIN


def _oversized(path: Path) -> str | None:
    """Return why what a sound file says of itself is no single sentence, if so; nothing is decoded.

    Raises:
        AudioError: It cannot be decoded.
    """
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as file:
            frames, rate, channels = file.frames, file.samplerate, file.channels
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError) as error:
        raise AudioError(f"cannot read {path}: {error}") from error
    if not SLOWEST_RATE <= rate <= FASTEST_RATE:
        return BAD_RATE
    if frames > LONGEST_FILE * rate:
        return LONG
    return LARGE if frames * channels > MOST_SAMPLES else None


def _rejected(reason: str) -> Inspection:
    return Inspection(np.zeros(0, np.float32), 1, 0, 0, reason, ())

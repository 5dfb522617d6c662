"""Encoding of sound files: format, numbers, sampling rate and tags."""

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from tiedtts import __version__, choices
from tiedtts.audio import ogg, wav
from tiedtts.errors import AudioError
from tiedtts.paths import StrPath
from tiedtts.quoting import quoted

FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".opus": "OGG", ".mp3": "MP3"}
"""File suffixes that can be written, and libsndfile's names for them."""
_CODECS = {
    **{"16": "PCM_16", "24": "PCM_24", "float": "FLOAT"},
    **{"vorbis": "VORBIS", "opus": "OPUS", "mp3": "MPEG_LAYER_III"},
}
SUBTYPES = {suffix: {name: _CODECS[name] for name in names} for suffix, names in choices.SUBTYPES.items()}
"""Kinds of numbers that a format can hold, the usual first, and libsndfile's names."""
SOFTWARE = f"tiedtts {__version__}"
"""Software tag of files."""

_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
_CONSTANT = 0.6
"""Compression of MP3 of a constant bit rate, 0 to 1: 64 kbit/s at the rates of voices."""
_BLOCK = 65_536
"""Samples encoded at once."""

Add = Callable[[npt.NDArray[np.floating]], None]
"""Takes mono samples, (S,)."""


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How a sound file is written.

    Raises:
        AudioError: The format cannot hold such numbers, or there is no such rate.
    """

    suffix: str = ".wav"
    """One of `FORMATS`."""
    subtype: str | None = None
    """Numbers or codec: one of `SUBTYPES` of the suffix, the first by default."""
    sample_rate: int | None = None
    """Hz; the voice's own by default."""
    voice: str = ""
    """Who speaks, told in the file."""
    lufs: float | None = None
    """Loudness that the whole sound is brought to, LUFS; as it is by default."""

    def __post_init__(self) -> None:
        of_path(Path(f"x{self.suffix}"))
        known = SUBTYPES[self.suffix]
        if self.subtype is not None and self.subtype not in known:
            raise AudioError(
                f"{self.suffix} files have no subtype `{self.subtype}`", hint=f"use one of {', '.join(known)}"
            )
        if self.sample_rate is not None and self.sample_rate not in choices.SAMPLE_RATES:
            raise AudioError(
                f"no device plays {self.sample_rate} Hz",
                hint=f"use one of {', '.join(map(str, choices.SAMPLE_RATES))}",
            )

        if self.lufs is not None:
            _check_loudness(self.lufs)

    @property
    def numbers(self) -> str:
        """The subtype that is written."""
        return self.subtype or next(iter(SUBTYPES[self.suffix]))

    def rate(self, own: int) -> int:
        """Return the rate of the file for a sound of another, Hz."""
        if self.sample_rate is not None or self.numbers != "opus":
            return self.sample_rate or own
        # Opus knows few rates: the next that loses nothing.
        return next((rate for rate in _OPUS_RATES if rate >= own), _OPUS_RATES[-1])

    def told_by(self, voice: str) -> "Encoding":
        """Return the same for files that tell who speaks."""
        return replace(self, voice=voice)

    def tags(self, title: str) -> dict[str, str]:
        """Return what the file tells of itself; nothing without a voice."""
        if not self.voice:
            return {}
        return {"title": _writable(title), "voice": _writable(self.voice), "software": SOFTWARE}


def _check_loudness(lufs: object) -> None:
    """Refuse a loudness that no sound can have."""
    least, most = choices.LOUDNESS
    if isinstance(lufs, bool) or not isinstance(lufs, int | float) or not least <= lufs <= most:
        raise AudioError(
            f"a loudness is {least:g} to {most:g} LUFS, got: {quoted(lufs)}",
            hint="-16 is usual for podcasts, -23 for broadcasting, -19 for audiobooks",
        )


def _writable(text: str) -> str:
    """Return a text without what a tag cannot hold: half of a surrogate pair, the end of a string."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def of_path(path: StrPath) -> str:
    """Return the suffix of a sound file in small letters.

    Raises:
        AudioError: It is not one of `FORMATS`.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise AudioError(
            f"cannot tell the format of `{path}` from its suffix", hint=f"use one of {', '.join(FORMATS)}"
        )
    return suffix


def of_name(name: str) -> str:
    """Return the suffix of a format by its name, `flac` or `.flac`, in capitals or not.

    Raises:
        AudioError: It is not one of `FORMATS`.
    """
    suffix = f".{name.lower().lstrip('.')}" if isinstance(name, str) else ""
    if suffix not in FORMATS:
        known = ", ".join(suffix.lstrip(".") for suffix in FORMATS)
        raise AudioError(f"there is no format `{quoted(name)}`", hint=f"use one of {known}")
    return suffix


@contextlib.contextmanager
def encoder(
    file: BinaryIO, rate: int, encoding: Encoding, *, title: str = "", streamed: bool = False
) -> Iterator[Add]:
    """Encode mono samples, in parts, into an open file that can be moved about in.

    Args:
        file: For bytes.
        rate: Sampling rate of the samples, Hz.
        encoding: How they are written.
        title: Told in the file, where the format has a place for it.
        streamed: What stands in front goes out before the end is written, so that it cannot be put right: MP3
            has a constant bit rate then, from which readers tell its length.

    Raises:
        AudioError: The format cannot hold this sampling rate or so much sound.
    """
    opened = _wav if encoding.suffix == ".wav" else _libsndfile
    if streamed and encoding.suffix == ".mp3":
        opened = functools.partial(_libsndfile, bitrate_mode="CONSTANT", compression_level=_CONSTANT)
    target = encoding.rate(rate)
    with (
        opened(file, target, encoding, encoding.tags(title)) as write,
        leveling(write, target, encoding) as leveled,
        resampling(leveled, rate, target) as add,
    ):
        yield add


def leveling(write: Add, rate: int, encoding: Encoding) -> contextlib.AbstractContextManager[Add]:
    """Bring a whole sound to the loudness that its encoding asks for, on its way to a writer.

    Raises:
        AudioError: pyloudnorm is not installed.
    """
    if encoding.lufs is None:
        return contextlib.nullcontext(write)
    from tiedtts.audio.leveling import leveled

    return leveled(write, rate, encoding.lufs)


@contextlib.contextmanager
def resampling(write: Add, source: int, target: int) -> Iterator[Add]:
    """Change the rate of samples on their way to a writer; nothing is done if it is the same."""
    if source == target:
        yield write
        return
    from tiedtts.audio.resampling import Resampler

    change = Resampler(source, target)
    yield lambda samples: write(change(samples))
    write(change.flush())


@contextlib.contextmanager
def _wav(file: BinaryIO, rate: int, encoding: Encoding, tags: dict[str, str]) -> Iterator[Add]:
    # libsndfile would write the time of day into files of floating-point numbers.
    writer = wav.Writer(file.write, file.seek, rate, encoding.numbers, tags)
    try:
        yield writer.write
        writer.close()
    except OverflowError:
        raise AudioError(
            "a .wav file holds 4 GiB at most", hint="write .flac, or a file a line with `-d`"
        ) from None


@contextlib.contextmanager
def _libsndfile(
    file: BinaryIO, rate: int, encoding: Encoding, tags: dict[str, str], **options: Any
) -> Iterator[Add]:
    import soundfile

    # Pages of Ogg go out one by one, each with the same serial number: nothing moves in their file.
    pages = ogg.Renumbering(file.write) if FORMATS[encoding.suffix] == "OGG" else None
    patient = _Patient(file if pages is None else pages)
    name, subtype = FORMATS[encoding.suffix], SUBTYPES[encoding.suffix][encoding.numbers]
    try:
        sound = soundfile.SoundFile(patient, "w", rate, 1, subtype, format=name, **options)
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"cannot encode {rate} Hz as {name}: {error.error_string}", hint="write .wav or .flac instead"
        ) from error
    with sound:
        _set_tags(sound, tags)

        def write(samples: npt.NDArray[np.floating]) -> None:
            # libsndfile's Vorbis encoder keeps what it is given at once on the stack, and overflows.
            for start in range(0, len(samples), _BLOCK):
                sound.write(_numbers(samples[start : start + _BLOCK], encoding.numbers))
                patient.check()

        yield write
    patient.check()


def _numbers(samples: npt.NDArray[np.floating], subtype: str) -> npt.NDArray[Any]:
    """Return samples as libsndfile takes them without rounding on its own."""
    if subtype == "16":
        return np.frombuffer(wav.quantise(samples, "16"), "<i2")
    if subtype == "24":
        clipped = np.clip(samples, -1.0, 1.0)
        return np.asarray(np.round(clipped * np.float64(8_388_607.0)), np.int32) << 8
    return np.asarray(samples, np.float32)


def _set_tags(sound: Any, tags: dict[str, str]) -> None:
    for name, text in tags.items():
        # libsndfile takes no empty one.
        if not text:
            continue
        setattr(sound, {"voice": "artist"}.get(name, name), text)


class _Patient:
    """Keeps the first error of writing: libsndfile writes by callback, where an error is only printed."""

    def __init__(self, file: BinaryIO | ogg.Renumbering) -> None:
        self.read, self.tell = file.read, file.tell
        self._file = file
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        self._try(lambda: self._file.write(data))
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        # What is buffered is written before the file moves.
        self._try(lambda: self._file.seek(offset, whence))
        return offset

    def _try(self, action: Callable[[], object]) -> None:
        if self._error is None:
            try:
                action()
            except OSError as error:
                self._error = error

    def check(self) -> None:
        if self._error is not None:
            raise self._error

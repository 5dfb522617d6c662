"""Jobs: an utterance is synthesised into an unfinished file, in this process or in a worker."""

import builtins
import contextlib
import errno
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiedtts import errors
from tiedtts.audio.encoding import Add, Encoding, encoder
from tiedtts.batch.voices import Voices
from tiedtts.errors import TiedTTSError
from tiedtts.settings import Settings
from tiedtts.speech.recording import Recording, record

if TYPE_CHECKING:
    from tiedtts.speech.voice import Voice

FATAL = frozenset(
    getattr(errno, name, 0) for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "EMFILE", "ENFILE", "ENODEV")
)
"""Errors of the system that are not those of one file."""


@dataclass(frozen=True, kw_only=True)
class BatchSpec:
    """The voice and the output format that all utterances of a batch share."""

    voice: str
    """Voice, by name or by file."""
    lexicon: tuple[str, ...] = ()
    """User lexicons; a later one wins."""
    vocoder: str | None = None
    """Another waveform generator than the voice's own."""
    encoding: Encoding = field(default_factory=Encoding)
    """How the sound is written."""
    timestamps: str | None = None
    """Kind of a file of times beside each sound, one of `tiedtts.choices.TIMESTAMPS`."""

    def load(self) -> "Voice":
        """Load the voice.

        Raises:
            VoiceError: There is no such voice or vocoder.
            TextError: A lexicon cannot be read.
        """
        from tiedtts.speech.voice import Voice

        return Voice.load(self.voice, lexicon=self.lexicon, vocoder=self.vocoder)

    def to_dict(self) -> dict[str, Any]:
        """Return the specification as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "BatchSpec":
        """Return the specification that `to_dict` described."""
        made = {"encoding": Encoding(**values["encoding"]), "lexicon": tuple(values["lexicon"])}
        return cls(**{**values, **made})


@dataclass(frozen=True)
class Job:
    """One utterance to be synthesised."""

    number: int
    """Its place in the batch."""
    text: str
    settings: Settings
    part: str
    """Unfinished file that its sound is written to."""
    title: str = ""
    """Kept in the file, where the format has a place for it."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Further ones, of a chapter of a book."""
    voice: str = ""
    """Name or file of its voice; that of the batch if empty."""

    def to_dict(self) -> dict[str, Any]:
        """Return the job as plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Job":
        """Return the job that `to_dict` described."""
        return cls(**{**values, "settings": Settings(**values["settings"])})


@dataclass(frozen=True)
class Result:
    """The result of a job."""

    number: int
    """Its place in the batch."""
    seconds: float = 0.0
    phones: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: Exception | None = None
    """Why there is no sound."""
    trace: str = ""
    """Traceback of the error."""

    @property
    def is_fatal(self) -> bool:
        """Whether every other utterance would fail as well, as when the disk is full."""
        return isinstance(self.error, OSError) and self.error.errno in FATAL

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        error = None if self.error is None else _describe(self.error)
        return {**vars(self), "error": error}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Result":
        """Return the result that `to_dict` described."""
        error = None if values["error"] is None else _remake(**values["error"])
        lists = {name: tuple(values[name]) for name in ("phones", "warnings")}
        return cls(**{**values, **lists, "error": error})


def times(part: str | Path) -> Path:
    """Return the unfinished file of times that belongs to that of a sound."""
    return Path(f"{part}.times")


def synthesise(voices: Voices, spec: BatchSpec, job: Job) -> Result:
    """Synthesise one utterance into its unfinished file; whatever goes wrong is part of the result."""
    try:
        try:
            said = _said(voices[job.voice], spec, job, voices.encoding(job.voice))
        except BaseException:
            Path(job.part).unlink(missing_ok=True)
            raise
    except Exception as error:
        # Of whatever kind: a night's work does not end at one line.
        return Result(job.number, error=error, trace=traceback.format_exc())
    return Result(job.number, round(said.seconds, 6), tuple(said.phones), tuple(said.warnings))


def _said(voice: "Voice", spec: BatchSpec, job: Job, encoding: Encoding) -> Recording:
    """Speak an utterance into its unfinished file."""

    @contextlib.contextmanager
    def opened(whole: bool) -> Iterator[Add]:
        with (
            open(job.part, "w+b") as file,
            encoder(file, voice.sample_rate, encoding, title=job.title) as add,
        ):
            yield add
        if job.tags:
            from tiedtts.audio import chapters

            with open(job.part, "r+b") as file:
                chapters.write(file, encoding.suffix, chapters.Contents(tags=job.tags))

    return record(
        voice,
        job.text,
        job.settings,
        opened,
        timestamps=spec.timestamps,
        keep=times(job.part).write_bytes,
    )


def _describe(error: Exception) -> dict[str, Any]:
    return {
        "kind": type(error).__name__,
        "message": getattr(error, "strerror", None) or str(error),
        "hint": getattr(error, "hint", None),
        "number": getattr(error, "errno", None),
    }


def _remake(kind: str, message: str, hint: str | None, number: int | None) -> Exception:
    """Return an error like one of another process."""
    own = getattr(errors, kind, None)
    if isinstance(own, type) and issubclass(own, TiedTTSError):
        return own(message, hint=hint)
    if number is not None:
        return OSError(number, message)
    known = getattr(builtins, kind, None)
    if known is MemoryError:
        return MemoryError(message)
    unknown: type[Exception] = type(kind, (Exception,), {})
    return unknown(message)

"""One worker: lets an engine say a text, judges the clip by itself, and keeps it."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tiedtts.audio import files
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import checks
from tiedtts.corpus.ear import Ear
from tiedtts.corpus.teacher.clips import Clip
from tiedtts.corpus.teacher.engine import Engine, EngineError
from tiedtts.corpus.teacher.folder import Folder
from tiedtts.corpus.teacher.texts import Text
from tiedtts.errors import AudioError

SEEDS = 1_000_003
"""Difference of an attempt's seed from that of the attempt before."""


@dataclass(frozen=True)
class Job:
    """One text to be said."""

    text: Text
    phones: int
    """Speech sounds in it."""
    attempt: int
    """The first attempt to be made."""
    attempts: int
    """At most so many are made in all, until there is a clip that can be used by itself."""


class Shelf(Protocol):
    """The place where the clips of texts are kept, see `Folder`."""

    def part(self, text: Text) -> Path:
        """Return where an engine writes a clip before it is judged; nothing is there."""
        ...

    def publish(self, text: Text, data: bytes) -> None:
        """Let a clip appear, complete."""
        ...

    def put_aside(self, text: Text, part: Path) -> None:
        """Keep what an engine has written, if it has, among what was thrown away."""
        ...


@dataclass(frozen=True)
class Done:
    """The result of a job."""

    job: Job
    clips: Sequence[Clip]
    """Attempts that gave a sound, or silence."""
    failure: str = ""
    """The engine's message when it failed at last."""


def do(job: Job, engine: Engine, folder: Shelf, seed: int, ear: Ear | None) -> Done:
    """Let an engine say a text, again with another seed if the clip cannot be used.

    Raises:
        OSError: The clip cannot be written.
    """
    clips: list[Clip] = []
    failure = ""
    for attempt in range(job.attempt, job.attempts):
        part = folder.part(job.text)
        try:
            engine.say(job.text.text, (seed + attempt * SEEDS) % 2**31, part)
        except EngineError as error:
            failure = str(error)
            with contextlib.suppress(OSError):
                part.unlink()
            if clips:
                # The attempt before it stands.
                return Done(job, clips)
            continue
        failure = ""
        heard = checks.inspect(part, AudioSettings().sample_rate)
        reason = heard.rejected or checks.speaking_rate(job.phones, heard.speech)
        # Counted without gaps: an attempt at which the engine failed is none.
        clip = Clip(id=job.text.id, text=job.text.key, attempt=job.attempt + len(clips), rejected=reason)
        if reason is None:
            clips.append(_publish(clip, heard, job.text, folder, ear))
            break
        folder.put_aside(job.text, part)
        clips.append(clip)
    return Done(job, clips, failure)


def _publish(clip: Clip, heard: checks.Inspection, text: Text, folder: Shelf, ear: Ear | None) -> Clip:
    """Keep a clip that can be used by itself."""
    peak = float(np.abs(heard.samples).max())
    samples = heard.samples if peak <= 1 else heard.samples / peak
    data = files.encode(samples, heard.rate)
    folder.publish(text, data)
    clip = replace(
        clip,
        size=len(data),
        rate=heard.rate,
        seconds=round(len(samples) / heard.rate, 4),
        speech=round(heard.speech, 4),
    )
    return clip if ear is None else listened(clip, ear, samples, heard.rate)


def listened(clip: Clip, ear: Ear, samples: npt.NDArray[np.float32], rate: int) -> Clip:
    """Return a clip with what a recogniser hears in it, mono samples, (S,), at `rate` Hz."""
    return replace(clip, heard=" ".join(ear.hear(samples, rate)), ear=ear.key)


def listen_again(clip: Clip, folder: Folder, ear: Ear) -> Clip:
    """Return a clip of an earlier run with what this recogniser hears in it."""
    path = folder.find(clip)
    if path is None or clip.rejected is not None:
        return clip
    try:
        sound = files.read(path)
    except AudioError:
        return clip
    return listened(clip, ear, sound.mono, sound.rate)

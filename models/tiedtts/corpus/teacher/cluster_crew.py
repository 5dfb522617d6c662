"""A crew on a cluster: engines on its nodes say texts, and the clips come back to the process that asked.

The command of an engine must be there on every node; nothing else need be, and no folder in common.
"""

import functools
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import NamedTuple

from tiedtts.cluster import Cluster
from tiedtts.corpus.ear import Ear
from tiedtts.corpus.teacher import worker
from tiedtts.corpus.teacher.engine import Engine, FunctionTeacher, Teacher
from tiedtts.corpus.teacher.folder import SUFFIX
from tiedtts.corpus.teacher.texts import Text
from tiedtts.corpus.teacher.worker import Done, Job, Shelf
from tiedtts.errors import ConfigError


class Crew(NamedTuple):
    """The things that all jobs have in common."""

    teacher: Teacher
    seed: int
    """Seed of the first attempt at each text."""
    ear: Ear | None
    """Recogniser that listens to each clip."""


class Sound(NamedTuple):
    """The sound that an attempt has left on a node."""

    data: bytes | None
    """The clip; None if the engine wrote none."""
    kept: bool
    """It can be used by itself."""


def check(teacher: Teacher) -> None:
    """Refuse an engine that cannot be sent to a cluster.

    Raises:
        ConfigError: It is a function.
    """
    if isinstance(teacher, FunctionTeacher):
        raise ConfigError(
            "an engine that is a function speaks in this process, not on a cluster",
            hint="let a command say the texts: `CommandTeacher` or `JsonLinesTeacher`",
        )


def run(cluster: Cluster, jobs: Sequence[Job], crew: Crew, shelf: Shelf) -> Generator[Done, None, None]:
    """Yield the results of jobs as they come; their clips are put where they belong before.

    Args:
        cluster: A cluster that was joined.
        jobs: Each is given to the next core that is free.
        crew: What they have in common.
        shelf: Takes the clips.

    Raises:
        OSError: A clip cannot be written.
        ConfigError: A node has no TiedTTS, another version, or not the extra `train`.
    """
    for done in cluster.run(say, jobs, cluster.share(crew)):
        if done.lost:
            yield Done(done.piece, (), f"the process that said it was lost: {done.lost}")
            continue
        result, sounds = done.result
        for sound in sounds:
            _put(shelf, done.piece.text, sound)
        yield result


def say(job: Job, crew: Crew) -> tuple[Done, list[Sound]]:
    """Let the engine of this process say a text on a node."""
    with tempfile.TemporaryDirectory(prefix="tiedtts-") as folder:
        shelf = _Collected(Path(folder))
        done = worker.do(job, _engine(crew.teacher), shelf, crew.seed, crew.ear)
        return done, shelf.sounds


def _put(shelf: Shelf, text: Text, sound: Sound) -> None:
    """Put a clip from a node where it belongs."""
    if sound.kept:
        assert sound.data is not None
        shelf.publish(text, sound.data)
        return
    part = shelf.part(text)
    if sound.data is not None:
        part.write_bytes(sound.data)
    shelf.put_aside(text, part)


class _Collected:
    """The clips of one job, in a folder of a node and in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.sounds: list[Sound] = []

    def part(self, text: Text) -> Path:
        path = self._folder / f"{text.id}{SUFFIX}"
        path.unlink(missing_ok=True)
        return path

    def publish(self, text: Text, data: bytes) -> None:
        self.sounds.append(Sound(data, kept=True))

    def put_aside(self, text: Text, part: Path) -> None:
        self.sounds.append(Sound(part.read_bytes() if part.is_file() else None, kept=False))


_opened: dict[str, Engine] = {}
"""By the key and the settings of its teacher; one, which ends with the process."""


def _engine(teacher: Teacher) -> Engine:
    """Return the engine of this process, opened once."""
    key = f"{teacher.key}\0{teacher.settings}"
    if key not in _opened:
        for other in _opened.values():
            other.close()
        _opened.clear()
        _opened[key] = teacher.open()
        _close_at_exit()
    return _opened[key]


@functools.cache
def _close_at_exit() -> None:
    import atexit

    def close() -> None:
        for engine in _opened.values():
            engine.stop()

    atexit.register(close)

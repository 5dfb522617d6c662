"""Parcels: files of this machine, by the names that a batch knows, for nodes that cannot see them."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tiedtts import casting
from tiedtts.batch.job import BatchSpec, Job
from tiedtts.speech import library


@dataclass(frozen=True)
class Parcel:
    """A file, and those that it needs beside it."""

    name: str
    """The name by which a batch knows it."""
    files: Mapping[str, bytes]
    """Contents by file name, that of the file itself first."""
    digest: str
    """SHA-256 of names and contents."""

    def unpacked(self, folder: Path) -> Path:
        """Write the files into a folder of their own, unless they are there, and return that of the name."""
        own = folder / self.digest
        own.mkdir(parents=True, exist_ok=True)
        for name, data in self.files.items():
            if not (own / name).is_file():
                (own / name).write_bytes(data)
        return own / next(iter(self.files))


def pack(name: str) -> Parcel | None:
    """Pack the file that a name stands for; None if it stands for none, as that of a voice of the package.

    Raises:
        OSError: It cannot be read.
        VoiceError: It is a change of a voice which there is not.
    """
    path = Path(name)
    if not path.is_file():
        return None
    paths = library.files_of(path) if path.suffix == library.CHANGE else (path,)
    # A voice of the package is there on every node.
    files = {each.name: each.read_bytes() for each in paths if each.parent != library.FOLDER or each == path}
    digest = hashlib.sha256()
    for each, data in files.items():
        digest.update(each.encode() + b"\0" + hashlib.sha256(data).digest())
    return Parcel(name, files, digest.hexdigest())


def names_of_batch(spec: BatchSpec) -> Iterator[str]:
    """Yield what all lines of a batch may need: its voice, its lexicons and its vocoder."""
    yield spec.voice
    yield from spec.lexicon
    if spec.vocoder is not None:
        yield spec.vocoder


def names_of_job(job: Job) -> Iterator[str]:
    """Yield the voices that a job names, of its line and of its cast."""
    if job.voice:
        yield job.voice
    yield from (voice for _, voice in casting.read(job.settings.cast))

"""The output folder of a batch: locked, cleaned of what a crash left, finished with a manifest."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tiedtts import locking, plain, storage
from tiedtts.batch.job import times
from tiedtts.batch.manifest import Journal
from tiedtts.errors import OutputError
from tiedtts.paths import StrPath


class Folder:
    """A folder of sound files while a run holds it; made by `opened`."""

    def __init__(self, path: Path, work: Path) -> None:
        self.path = path
        self._work = work
        # Beside the lock there are only the journal and what a run that ended at once had begun.
        self.parts = self._work / f"parts-{os.getpid()}"
        for old in self._work.glob("parts-*"):
            shutil.rmtree(old, ignore_errors=True)
        self.parts.mkdir()
        try:
            self.journal = Journal(path, self._work / "journal.jsonl")
        except BaseException:
            self.parts.rmdir()
            raise
        self.order: list[str] = []
        """Ids that the manifest will list, in the order of the input."""

    def part(self, number: int) -> Path:
        """Return where a sound file is written before it appears."""
        return self.parts / f"{number}.part"

    def publish(self, number: int, row: dict[str, Any]) -> None:
        """Let a sound file appear, complete; before it come its row in the journal and the file of times.

        Raises:
            FolderError: Something else than a plain file stands in its place.
            OSError: The system does not take its name, or the folder is full or gone.
        """
        for name in ("timestamps", "file"):
            if name in row:
                plain.check_replaceable(self.path / row[name])
        earlier = self.journal.row(row["id"]) if row["id"] in self.journal else None
        self.journal.add(row)
        try:
            if "timestamps" in row:
                os.replace(times(self.part(number)), self.path / row["timestamps"])
            os.replace(self.part(number), self.path / row["file"])
        except OSError:
            # The file that is there, if one is, is still the earlier one.
            self.journal.take_back(row["id"], earlier)
            raise

    def discard(self, number: int) -> None:
        """Remove the unfinished files of an utterance that cannot appear."""
        for part in (self.part(number), times(self.part(number))):
            with contextlib.suppress(OSError):
                part.unlink()

    @property
    def is_there(self) -> bool:
        """Whether anything can still be written to it."""
        return self.parts.is_dir()

    def close(self, *, keep: bool) -> None:
        """Let go of the folder.

        Args:
            keep: Leave the journal, which the manifest does not yet hold.
        """
        self.journal.close()
        shutil.rmtree(self.parts, ignore_errors=True)
        if not keep:
            (self._work / "journal.jsonl").unlink(missing_ok=True)


@contextlib.contextmanager
def opened(path: StrPath) -> Iterator[Folder]:
    """Make a folder, hold it, and write its manifest at the end, also when the run is interrupted.

    Raises:
        OutputError: It cannot be made or written to.
        FolderError: Another run holds it, or something in it is not ours.
    """
    path = Path(path)
    with contextlib.ExitStack() as stack:
        with _writing(path):
            folder = Folder(path, stack.enter_context(locking.hold(path)))
        keep = True
        try:
            try:
                yield folder
            finally:
                folder.journal.finish(folder.order)
                keep = False
        finally:
            folder.close(keep=keep)


def check(path: StrPath) -> None:
    """Refuse a folder that could not be made or written to, before any work is done for it.

    Raises:
        OutputError: It is a file, or its parent is missing or read-only.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path} is not a folder", hint="`-d` takes a folder, `-o` a file")
    there = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise OutputError(f"cannot write to {there}", hint="choose a folder you may write to")


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage.unwritable(path, error) from error

"""The folder of a corpus that a teacher says: clips that are kept, clips that are not, and the journal."""

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from tiedtts import locking, plain, storage
from tiedtts.corpus import provenance
from tiedtts.corpus.readers import METADATA
from tiedtts.corpus.recordings import SOUND_FOLDERS
from tiedtts.corpus.report import REPORT_JSON, REPORT_MARKDOWN
from tiedtts.corpus.teacher import program
from tiedtts.corpus.teacher.clips import JOURNAL, Clip
from tiedtts.corpus.teacher.texts import Text
from tiedtts.errors import CorpusError, FolderError

SOUNDS = SOUND_FOLDERS[0]
"""Folder of the clips of the corpus."""
HISTORY = "distil"
"""Folder of what the next run goes on from: the journal, and the clips that were thrown away."""
THROWN_AWAY = "thrown_away"
"""Folder of these, inside `HISTORY`."""
SUFFIX = ".wav"

_PARTS = "parts-"


class Folder:
    """A corpus folder while a run holds it.

    Args:
        path: Path of the corpus, which exists.
        work: Folder for what is not finished, see `locking.hold`.

    Raises:
        OSError: It cannot be written.
        FolderError: Something in it is not ours.
    """

    def __init__(self, path: Path, work: Path) -> None:
        self.path = path
        self._sounds, self._history = path / SOUNDS, path / HISTORY
        self._thrown_away = self._history / THROWN_AWAY
        for folder in (self._sounds, self._history, self._thrown_away):
            plain.check_folder(folder)
            folder.mkdir(exist_ok=True)
        for old in work.glob(f"{_PARTS}*"):
            shutil.rmtree(old, ignore_errors=True)
        self._parts = work / f"{_PARTS}{os.getpid()}"
        self._parts.mkdir()
        self.journal = self._history / JOURNAL

    def part(self, text: Text) -> Path:
        """Return where an engine writes a clip before it is judged; nothing is there."""
        path = self._parts / f"{text.id}{SUFFIX}"
        path.unlink(missing_ok=True)
        return path

    def publish(self, text: Text, data: bytes) -> None:
        """Let a clip appear, complete."""
        path = self._sounds / f"{text.id}{SUFFIX}"
        plain.check_replaceable(path)
        storage.write_bytes(path, data, sync=False)
        self._other(path).unlink(missing_ok=True)

    def put_aside(self, text: Text, part: Path) -> None:
        """Keep what an engine has written, if it has, among what was thrown away."""
        path = self._thrown_away / f"{text.id}{SUFFIX}"
        plain.check_replaceable(path)
        self._other(path).unlink(missing_ok=True)
        if part.exists():
            os.replace(part, path)

    def find(self, clip: Clip) -> Path | None:
        """Return where the sound of a clip is, whole; None if it is not there."""
        for folder in (self._sounds, self._thrown_away):
            path = folder / f"{clip.id}{SUFFIX}"
            if program.size(path) == clip.size:
                return path
        return None

    def sort(self, name: str, *, kept: bool) -> None:
        """Move the clip of a text to where it belongs.

        Args:
            name: Name of the text.
            kept: It belongs to the corpus.
        """
        here, there = (self._thrown_away, self._sounds) if kept else (self._sounds, self._thrown_away)
        path, target = here / f"{name}{SUFFIX}", there / f"{name}{SUFFIX}"
        if path.exists():
            plain.check_replaceable(target)
            os.replace(path, target)

    def list(self, texts: Iterable[Text]) -> None:
        """Write the list of the corpus, by which `prepare` reads it."""
        lines = (f"{text.id}|{text.text}|{text.text}\n" for text in texts)
        storage.write_bytes(self.path / METADATA, "".join(lines).encode())

    def unlist(self) -> None:
        """Remove the list: until the run is over, no other command takes the folder for a corpus."""
        (self.path / METADATA).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove what was not finished."""
        shutil.rmtree(self._parts, ignore_errors=True)

    def _other(self, path: Path) -> Path:
        """Return the place of a clip in the other of the two folders of sounds."""
        return (self._thrown_away if path.parent == self._sounds else self._sounds) / path.name


def check(path: Path, run: str, *, overwrite: bool) -> None:
    """Keep the folder of a corpus from other runs; nothing is made.

    Args:
        path: Path of the corpus.
        run: Digest of the engine and the seed.
        overwrite: The clips of another run may be lost.

    Raises:
        CorpusError: It holds other things, or cannot be written.
        FolderError: It holds the clips of another run.
    """
    try:
        if path.exists() and not path.is_dir():
            raise CorpusError(f"{path} is not a folder", hint="`-o` names the folder of the corpus")
        others = (
            [entry.name for entry in path.iterdir() if entry.name != locking.WORK] if path.exists() else []
        )
    except OSError as error:
        raise storage.unwritable(path, error) from error
    origin = provenance.read(path)
    if origin is None:
        if others:
            raise CorpusError(f"{path} holds other things", hint="choose a folder that is new or empty")
    elif origin.run != run and not overwrite:
        raise FolderError(
            f"{path} holds what another command or seed has said: {origin.teacher}",
            hint="choose another folder, or replace it with `--overwrite`",
        )


def make(path: Path) -> None:
    """Make the folder of a corpus if need be.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage.unwritable(path, error) from error


def clear(path: Path) -> None:
    """Remove the clips of another run, and nothing that no run has made."""
    for name in (METADATA, REPORT_JSON, REPORT_MARKDOWN, f"{HISTORY}/{JOURNAL}"):
        (path / name).unlink(missing_ok=True)
    for folder in (path / SOUNDS, path / HISTORY / THROWN_AWAY):
        for clip in folder.glob(f"*{SUFFIX}"):
            with contextlib.suppress(OSError):
                clip.unlink()

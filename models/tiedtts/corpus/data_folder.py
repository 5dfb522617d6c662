"""The data folder: made, protected from another corpus, and cleared of files that nobody uses."""

import re
from collections.abc import Sequence
from pathlib import Path

from tiedtts import locking
from tiedtts.corpus import checks, extraction, manifest
from tiedtts.corpus.recordings import Recording
from tiedtts.errors import CorpusError, FolderError

LEAST_ALIKE = 0.5
"""Share of a folder's recordings that the corpus must still list to be the same one."""

_FEATURES_FILE = re.compile(r"(.+)-[0-9a-f]{12}\.npz(\.\w+)?")
"""The ending is that of a file that a kill left half written."""


def make(data: Path) -> None:
    """Make a data folder if need be.

    Raises:
        CorpusError: There are other things in it, or it cannot be written.
    """
    known = (manifest.DESCRIPTION, manifest.FEATURES)
    try:
        data.mkdir(parents=True, exist_ok=True)
        others = any(path.name != locking.WORK for path in data.iterdir())
        if others and not any((data / name).exists() for name in known):
            raise CorpusError(f"{data} holds other things", hint="choose a folder that is new or empty")
        (data / manifest.FEATURES).mkdir(exist_ok=True)
    except OSError as error:
        raise CorpusError(f"cannot write {data}: {error.strerror}") from error


def check_corpus(data: Path, title: str, recordings: Sequence[Recording]) -> None:
    """Refuse a folder that was filled from another corpus: its features and its alignment would be lost.

    Args:
        data: The data folder.
        title: Name of the corpus.
        recordings: All that it lists.

    Raises:
        FolderError: It was.
    """
    try:
        before = manifest.read_provenance(data).get("corpus")
        kept = {(entry.id, entry.text) for entry in manifest.read_manifest(data)}
    except CorpusError:
        # Not done yet, or damaged: only the features tell.
        before, kept = title, set()
    listed = {(recording.id, recording.text) for recording in recordings}
    same = before == title and len(kept & listed) >= LEAST_ALIKE * len(kept)
    if same and not kept:
        done = {name for finding in extraction.read(data) if (name := _recording(finding.features))}
        same = not done or bool(done & {checks.safe_name(recording.id) for recording in recordings})
    if not same:
        raise FolderError(
            f"{data} holds the data of another corpus"
            + (f", {before}" if before not in (None, title) else ""),
            hint="choose another folder, or replace them with `--overwrite`",
        )


def remove_stale(data: Path, used: set[str]) -> None:
    """Remove features that no recording uses any more, and nothing else."""
    for path in (data / manifest.FEATURES).iterdir():
        if path.name not in used and _recording(path.name):
            path.unlink()


def _recording(name: str) -> str | None:
    """Return the safe name of the recording whose features a file holds, if it is such a file."""
    match = _FEATURES_FILE.fullmatch(name)
    return None if match is None else match[1]

"""Recordings as a corpus lists them: a name, a text, and the sound file that is meant."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tiedtts import encodings
from tiedtts.audio.encoding import FORMATS as SUFFIXES
from tiedtts.errors import CorpusError

SOUND_FOLDERS = ("wavs", "wav", ".")
_ARCHIVE = b"PK\x03\x04"
NO_RECORDING = "line that names no recording"

Notes = dict[str, list[str]]
"""Remarks on a corpus, each with the files or lines that it is about."""


@dataclass(frozen=True)
class Recording:
    """A sound file and what is said in it."""

    id: str
    """Name in the corpus; not yet known to be unique."""
    text: str
    """The text as the corpus has it, one line."""
    audio: Path
    """Sound file; not yet known to be there."""
    prompt: str
    """Key that all takes of a text share: see `prompt_of`."""
    speaker: str = ""
    """Who speaks, where the corpus says so."""
    language: str = ""
    """Code of the language, where the corpus says so."""


def prompt_of(text: str) -> str:
    """Return a text without case, punctuation and double spaces: equal for all takes of it."""
    kept = "".join(char for char in text.casefold() if char.isalnum() or char.isspace())
    return " ".join(kept.split())


def recording(
    name: str, text: str, audio: Path, prompt: object = None, *, speaker: str = "", language: str = ""
) -> Recording:
    """Return a recording whose name and text have one form, however their accents were written."""
    text = composed(" ".join(text.split()))
    key = prompt_of(text) if prompt is None else str(prompt)
    return Recording(composed(name), text, audio, key, speaker.strip(), language.strip())


def composed(name: str) -> str:
    """Return a name with its accents as parts of its letters; some systems keep them apart."""
    return unicodedata.normalize("NFC", name)


def decode(path: Path, notes: Notes) -> str:
    """Read a text file in any usual encoding, see `tiedtts.encodings`; that it is a guess is noted.

    Raises:
        CorpusError: The file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    if data.startswith(_ARCHIVE):
        raise CorpusError(f"{path} is an archive or a spreadsheet, no text", hint="save it as CSV, in UTF-8")
    found = encodings.decode(data, errors="replace")
    if found.guess is not None:
        notes.setdefault(f"not UTF-8, read as {found.guess}", []).append(path.name)
    return found.text


def lines(path: Path, notes: Notes) -> Iterator[tuple[int, str]]:
    """Yield number and text of every line that is not blank."""
    for number, line in enumerate(decode(path, notes).split("\n"), start=1):
        if line.strip():
            yield number, line


def note(notes: Notes, reason: str, path: Path, line: int) -> None:
    """Note that something is wrong with a line of a file."""
    notes.setdefault(reason, []).append(f"{path.name}, line {line}")


class Finder:
    """Finds the sound file that a list means, whatever it leaves out of the path.

    Args:
        root: Folder of the corpus.
    """

    def __init__(self, root: Path) -> None:
        self._folders = [
            (root / folder, sounds(root / folder)) for folder in SOUND_FOLDERS if (root / folder).is_dir()
        ]
        below = self._folders[-1][1] if self._folders else {}
        self._folded = _unique((name.casefold(), path) for name, path in below.items())
        self._bare = _unique((Path(name).name.casefold(), path) for name, path in below.items())

    def find(self, name: str) -> Path | None:
        """Return the sound file of a recording's name, with or without folder and suffix, if it is there.

        A name in other letters, or in another folder, is found where only one file can be meant.
        """
        bare = _bare(composed(name).replace("\\", "/"))
        for _, found in self._folders:
            if bare in found:
                return found[bare]
        folded = bare.casefold()
        return self._folded.get(folded) or self._bare.get(folded.rpartition("/")[2])

    def __call__(self, name: str) -> Path:
        """Return the sound file of a recording's name, or where it should be."""
        folder = self._folders[0][0] if self._folders else Path()
        return self.find(name) or folder / f"{_bare(name)}{next(iter(SUFFIXES))}"


def _bare(name: str) -> str:
    return name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in SUFFIXES else name


def _unique(named: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    """Return the paths whose name no other has."""
    found: dict[str, Path | None] = {}
    for name, path in named:
        found[name] = None if name in found else path
    return {name: path for name, path in found.items() if path is not None}


def sounds(folder: Path) -> dict[str, Path]:
    """Return the sound files below a folder by name without suffix; of several kinds the first."""
    order = list(SUFFIXES)
    found = sorted(visible(folder, SUFFIXES), key=lambda path: -order.index(path.suffix.lower()))
    named = {composed(path.relative_to(folder).with_suffix("").as_posix()): path for path in found}
    return dict(sorted(named.items()))


def visible(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """Return the files of some suffixes below a folder, but none whose name or folder starts with a dot."""
    wanted = frozenset(suffixes)
    return [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in wanted
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]

"""Readers of corpora: LJSpeech, CMU ARCTIC, a folder of sounds and texts, JSON lines."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiedtts import encodings
from tiedtts.audio.encoding import FORMATS as SUFFIXES
from tiedtts.errors import CorpusError
from tiedtts.paths import StrPath

METADATA = "metadata.csv"
PROMPTS = ("etc/txt.done.data", "txt.done.data")
SOUND_FOLDERS = ("wavs", "wav", ".")
AUDIO_KEYS = ("audio", "audio_filepath", "path")
TEXT_KEYS = ("text", "sentence")

NO_RECORDING = "line that names no recording"
NO_TEXT_FILE = "sound file without a text file"
NO_SOUND_FILE = "text file without a sound file"

_PROMPT_LINE = re.compile(r'\(\s*(\S+)\s+"(.*)"\s*\)')

_NAMES = (str, int, float, type(None))
"""Types of an id or a prompt in JSON."""

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


def read(source: StrPath, format: str = "auto") -> tuple[list[Recording], Notes]:
    """Read the list of recordings of a corpus; the sound files themselves stay closed.

    Args:
        source: A folder, or the file inside it that lists the recordings.
        format: `ljspeech`, `arctic`, `folder`, `jsonl`, or `auto` to look which it is.

    Raises:
        CorpusError: There is no corpus of this format, or it lists nothing.
    """
    source = Path(source)
    if not source.exists():
        raise CorpusError(
            f"no such corpus: {source}",
            hint="name a folder with recordings and texts, or a file that lists them",
        )
    if format != "auto" and format not in READERS:
        raise CorpusError(f"unknown corpus format `{format}`", hint=f"known: auto, {', '.join(READERS)}")
    names = list(READERS) if format == "auto" else [format]
    found = next(((name, listing) for name in names if (listing := READERS[name].find(source))), None)
    if found is None:
        looked_for = "; ".join(f"{READERS[name].sign} ({name})" for name in names)
        raise CorpusError(f"no corpus found in {source}", hint=f"looked for {looked_for}")
    name, listing = found
    notes: Notes = {}
    recordings = list(READERS[name].read(listing, notes))
    if not recordings:
        raise CorpusError(f"{listing} lists no recordings")
    return recordings, notes


def prompt_of(text: str) -> str:
    """Return a text without case, punctuation and double spaces: equal for all takes of it."""
    kept = "".join(char for char in text.casefold() if char.isalnum() or char.isspace())
    return " ".join(kept.split())


def decode(path: Path, notes: Notes) -> str:
    """Read a text file in any usual encoding, see `tiedtts.encodings`; that it is a guess is noted.

    Raises:
        CorpusError: The file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    found = encodings.decode(data, errors="replace")
    if found.guess is not None:
        notes.setdefault(f"not UTF-8, read as {found.guess}", []).append(path.name)
    return found.text


@dataclass(frozen=True)
class _Reader:
    """How one format is recognised and read."""

    sign: str
    """The sign of the format, in words, for errors."""
    find: Callable[[Path], Path | None]
    """Return what lists the recordings of a source, or nothing."""
    read: Callable[[Path, Notes], Iterator[Recording]]


def _find_ljspeech(source: Path) -> Path | None:
    return _first_file(source, (METADATA,), ".csv")


def _find_arctic(source: Path) -> Path | None:
    return _first_file(source, PROMPTS, ".data")


def _find_jsonl(source: Path) -> Path | None:
    if source.is_file():
        return source if source.suffix == ".jsonl" else None
    found = sorted(source.glob("*.jsonl"))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise CorpusError(f"several lists of recordings in {source}: {names}", hint="give one of the files")
    return found[0] if found else None


def _find_folder(source: Path) -> Path | None:
    if source.is_file():
        return None
    sounds = _sounds(source)
    return source if any(path.with_suffix(".txt").is_file() for path in sounds.values()) else None


def _first_file(source: Path, names: tuple[str, ...], suffix: str) -> Path | None:
    """Return the source itself if it is a file of this suffix, or the first of these files inside it."""
    if source.is_file():
        return source if source.suffix == suffix else None
    return next((source / name for name in names if (source / name).is_file()), None)


def _read_ljspeech(listing: Path, notes: Notes) -> Iterator[Recording]:
    """Read `id|text|normalised text`; the last is what was said."""
    find = _finder(listing.parent)
    for number, line in _lines(listing, notes):
        name, *texts = line.split("|")
        said = next((text for text in reversed(texts[:2]) if text.strip()), "")
        if not texts or not name.strip():
            _note(notes, NO_RECORDING, listing, number)
            continue
        yield _recording(name.strip(), said, find(name.strip()))


def _read_arctic(listing: Path, notes: Notes) -> Iterator[Recording]:
    """Read `( id "text" )`, a quote in the text with a backslash before it."""
    root = listing.parent.parent if listing.parent.name == "etc" else listing.parent
    find = _finder(root)
    for number, line in _lines(listing, notes):
        match = _PROMPT_LINE.fullmatch(line.strip())
        if match is None:
            _note(notes, NO_RECORDING, listing, number)
            continue
        yield _recording(match[1], match[2].replace('\\"', '"'), find(match[1]))


def _read_jsonl(listing: Path, notes: Notes) -> Iterator[Recording]:
    """Read an object a line; sound files are named from the list's folder."""
    for number, line in _lines(listing, notes):
        values = _object(line)
        audio = next((values[key] for key in AUDIO_KEYS if key in values), None)
        text = next((values[key] for key in TEXT_KEYS if key in values), None)
        if not isinstance(audio, str) or not isinstance(text, str) or not audio:
            _note(notes, NO_RECORDING, listing, number)
            continue
        name, prompt = values.get("id", ""), values.get("prompt")
        bare = Path(audio)
        if not isinstance(name, _NAMES) or not isinstance(prompt, _NAMES) or not bare.name:
            _note(notes, NO_RECORDING, listing, number)
            continue
        name = bare.with_suffix("").as_posix() if name in (None, "") else str(name)
        yield _recording(name, text, listing.parent / audio, prompt)


def _read_folder(listing: Path, notes: Notes) -> Iterator[Recording]:
    """Read `x.wav` and `x.txt` beside it, in all folders below."""
    sounds = _sounds(listing)
    for name, audio in sounds.items():
        text = audio.with_suffix(".txt")
        if text.is_file():
            yield _recording(name, decode(text, notes), audio)
        else:
            notes.setdefault(NO_TEXT_FILE, []).append(audio.relative_to(listing).as_posix())
    for text in sorted(_visible(listing, (".txt",))):
        relative = text.relative_to(listing)
        if relative.with_suffix("").as_posix() not in sounds:
            notes.setdefault(NO_SOUND_FILE, []).append(relative.as_posix())


READERS = {
    "ljspeech": _Reader(METADATA, _find_ljspeech, _read_ljspeech),
    "arctic": _Reader(" or ".join(PROMPTS), _find_arctic, _read_arctic),
    "jsonl": _Reader("*.jsonl", _find_jsonl, _read_jsonl),
    "folder": _Reader("pairs of x.wav and x.txt", _find_folder, _read_folder),
}


def _recording(name: str, text: str, audio: Path, prompt: object = None) -> Recording:
    text = " ".join(text.split())
    return Recording(name, text, audio, prompt_of(text) if prompt is None else str(prompt))


def _lines(path: Path, notes: Notes) -> Iterator[tuple[int, str]]:
    """Yield number and text of every line that is not blank."""
    for number, line in enumerate(decode(path, notes).split("\n"), start=1):
        if line.strip():
            yield number, line


def _object(line: str) -> dict[str, Any]:
    """Return the JSON object of a line; an empty one if it holds something else."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _note(notes: Notes, reason: str, path: Path, line: int) -> None:
    notes.setdefault(reason, []).append(f"{path.name}, line {line}")


def _finder(root: Path) -> Callable[[str], Path]:
    """Return a function from a recording's name, with or without folder and suffix, to its sound file."""
    folders = [
        (root / folder, _sounds(root / folder)) for folder in SOUND_FOLDERS if (root / folder).is_dir()
    ]

    def find(name: str) -> Path:
        bare = name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in SUFFIXES else name
        for _, sounds in folders:
            if bare in sounds:
                return sounds[bare]
        return folders[0][0] / f"{bare}{next(iter(SUFFIXES))}"

    return find


def _sounds(folder: Path) -> dict[str, Path]:
    """Return the sound files below a folder by name without suffix; of several kinds the first."""
    order = list(SUFFIXES)
    found = sorted(_visible(folder, SUFFIXES), key=lambda path: -order.index(path.suffix.lower()))
    sounds = {path.relative_to(folder).with_suffix("").as_posix(): path for path in found}
    return dict(sorted(sounds.items()))


def _visible(folder: Path, suffixes: "tuple[str, ...] | dict[str, str]") -> list[Path]:
    """Return the files of some suffixes below a folder, but none whose name or folder starts with a dot."""
    return [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]

"""Readers of corpora: tables such as LJSpeech, CMU ARCTIC, a folder of sounds and texts, JSON lines."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiedtts.corpus import recordings as listed
from tiedtts.corpus import tables
from tiedtts.corpus.recordings import NO_RECORDING, Finder, Notes, Recording
from tiedtts.errors import CorpusError
from tiedtts.paths import StrPath

METADATA = "metadata.csv"
TABLES = (METADATA, "metadata.tsv", "metadata.txt", "validated.tsv", "train.csv", "train.tsv")
"""Tables by the names that they usually have, the best first: that of Common Voice has what was checked."""
TABLE_SUFFIXES = (".csv", ".tsv", ".psv", ".txt", ".list")
PROMPTS = ("etc/txt.done.data", "txt.done.data")
AUDIO_KEYS = ("audio", "audio_filepath", "path")
TEXT_KEYS = ("text", "sentence")
SPEAKER_KEYS = ("speaker", "speaker_id", "speaker_name", "client_id")
LANGUAGE_KEYS = ("language", "lang", "locale")
TEXT_SUFFIXES = (".txt", ".lab", ".normalized.txt", ".original.txt")
"""Text files beside a sound file, the usual first."""

NO_TEXT_FILE = "sound file without a text file"
NO_SOUND_FILE = "text file without a sound file"

_PROMPT_LINE = re.compile(r'\(\s*(\S+)\s+"(.*)"\s*\)')

_NAMES = (str, int, float, type(None))
"""Types of an id or a prompt in JSON."""


def read(source: StrPath, format: str = "auto") -> tuple[list[Recording], Notes]:
    """Read the list of recordings of a corpus; the sound files themselves stay closed.

    Args:
        source: A folder, or the file inside it that lists the recordings.
        format: `table`, `ljspeech`, `arctic`, `folder`, `jsonl`, or `auto` to look which it is.

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


@dataclass(frozen=True)
class _Reader:
    """How one format is recognised and read."""

    sign: str
    """The sign of the format, in words, for errors."""
    find: Callable[[Path], Path | None]
    """Return what lists the recordings of a source, or nothing."""
    read: Callable[[Path, Notes], Iterator[Recording]]


def _find_ljspeech(source: Path) -> Path | None:
    return _first_file(source, (METADATA,), (".csv",))


def _find_table(source: Path) -> Path | None:
    if (found := _first_file(source, TABLES, TABLE_SUFFIXES)) is not None or source.is_file():
        return found
    # Beside recordings that are listed otherwise, a table may be anything.
    if _find_arctic(source) or next(source.glob("*.jsonl"), None) or _find_folder(source):
        return None
    return _only(source, [*source.glob("*.csv"), *source.glob("*.tsv")])


def _find_arctic(source: Path) -> Path | None:
    return _first_file(source, PROMPTS, (".data",))


def _find_jsonl(source: Path) -> Path | None:
    if source.is_file():
        return source if source.suffix == ".jsonl" else None
    return _only(source, source.glob("*.jsonl"))


def _only(source: Path, lists: Iterable[Path]) -> Path | None:
    """Return the one list of recordings in a folder, if there is one."""
    found = sorted(lists)
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise CorpusError(f"several lists of recordings in {source}: {names}", hint="give one of the files")
    return found[0] if found else None


def _find_folder(source: Path) -> Path | None:
    if source.is_file():
        return None
    texts = _texts(source)
    return source if any(name in texts for name in listed.sounds(source)) else None


def _first_file(source: Path, names: Sequence[str], suffixes: Sequence[str]) -> Path | None:
    """Return the source itself if it is a file of these suffixes, or the first of these files inside it."""
    if source.is_file():
        return source if source.suffix.lower() in suffixes else None
    return next((source / name for name in names if (source / name).is_file()), None)


def _texts(folder: Path) -> dict[str, Path]:
    """Return the text files below a folder by the name that a sound beside them would have."""
    texts: dict[str, Path] = {}
    for suffix in reversed(TEXT_SUFFIXES):
        for path in listed.visible(folder, (suffix[suffix.rindex(".") :],)):
            name = path.relative_to(folder).as_posix()
            if name.endswith(suffix):
                texts[listed.composed(name.removesuffix(suffix))] = path
    return texts


def _read_arctic(listing: Path, notes: Notes) -> Iterator[Recording]:
    """Read `( id "text" )`, a quote in the text with a backslash before it."""
    root = listing.parent.parent if listing.parent.name == "etc" else listing.parent
    find = Finder(root)
    for number, line in listed.lines(listing, notes):
        match = _PROMPT_LINE.fullmatch(line.strip())
        if match is None:
            listed.note(notes, NO_RECORDING, listing, number)
            continue
        yield listed.recording(match[1], match[2].replace('\\"', '"'), find(match[1]))


def _read_jsonl(listing: Path, notes: Notes) -> Iterator[Recording]:
    """Read an object a line; sound files are named from the list's folder."""
    finder: Finder | None = None
    for number, line in listed.lines(listing, notes):
        values = _object(line)
        audio = next((values[key] for key in AUDIO_KEYS if key in values), None)
        text = next((values[key] for key in TEXT_KEYS if key in values), None)
        if not isinstance(audio, str) or not isinstance(text, str) or not audio:
            listed.note(notes, NO_RECORDING, listing, number)
            continue
        name, prompt = values.get("id", ""), values.get("prompt")
        bare = Path(audio)
        if not isinstance(name, _NAMES) or not isinstance(prompt, _NAMES) or not bare.name:
            listed.note(notes, NO_RECORDING, listing, number)
            continue
        name = bare.with_suffix("").as_posix() if name in (None, "") else str(name)
        who, language = _first(values, SPEAKER_KEYS), _first(values, LANGUAGE_KEYS)
        path = listing.parent / audio
        if not _is_file(path):
            # Looked for only now: it takes a walk through all folders.
            finder = finder or Finder(listing.parent)
            path = finder.find(audio) or path
        yield listed.recording(name, text, path, prompt, speaker=who, language=language)


def _read_folder(listing: Path, notes: Notes) -> Iterator[Recording]:
    """Read `x.wav` and `x.txt` beside it, in all folders below."""
    sounds, texts = listed.sounds(listing), _texts(listing)
    for name, audio in sounds.items():
        if name in texts:
            yield listed.recording(name, listed.decode(texts[name], notes), audio)
        else:
            notes.setdefault(NO_TEXT_FILE, []).append(audio.relative_to(listing).as_posix())
    for name in sorted(texts.keys() - sounds.keys()):
        notes.setdefault(NO_SOUND_FILE, []).append(texts[name].relative_to(listing).as_posix())


READERS = {
    "table": _Reader(f"a table such as {METADATA}", _find_table, tables.read),
    "ljspeech": _Reader(METADATA, _find_ljspeech, tables.read_ljspeech),
    "arctic": _Reader(" or ".join(PROMPTS), _find_arctic, _read_arctic),
    "jsonl": _Reader("*.jsonl", _find_jsonl, _read_jsonl),
    "folder": _Reader("pairs of x.wav and x.txt", _find_folder, _read_folder),
}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    # A name that no file system takes is that of no file.
    except (OSError, ValueError):
        return False


def _object(line: str) -> dict[str, Any]:
    """Return the JSON object of a line; an empty one if it holds something else."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _first(values: dict[str, Any], keys: Sequence[str]) -> str:
    """Return the first of some values that is a name."""
    return next((str(values[key]) for key in keys if isinstance(values.get(key), str | int)), "")

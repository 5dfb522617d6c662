"""The manifest of a data folder, a line for each recording, and its description: how they were made."""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiedtts import documents, schema, storage
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import ConfigError, CorpusError
from tiedtts.paths import StrPath
from tiedtts.quoting import shown
from tiedtts.text.phones import INVENTORY_VERSION

FORMAT = 1
"""Version of data folders; a reader refuses what is newer."""
MANIFEST = "manifest.jsonl"
LEFT_OUT = "left_out.jsonl"
"""The same of recordings that are left out, so that they need not be aligned again if they come back."""
DESCRIPTION = "corpus.json"
FEATURES = "features"
"""Folder of the features, inside the data folder."""
SPLITS = ("train", "heldout")

AGAIN = "run `tiedtts prepare` again"
"""The way out of a damaged data folder."""

PhoneRow = tuple[str, int, int, int, int]
"""Fields of a `Phone`."""


@dataclass(frozen=True)
class Entry:
    """One recording that can be trained on."""

    id: str
    """Name in the corpus, unique."""
    text: str
    """The text that was read."""
    audio: str
    """Sound file, as the corpus names it."""
    prompt: str
    """Key that all takes of a text share."""
    split: str
    """`train` or `heldout`."""
    seconds: float
    """Length after trimming."""
    frames: int
    """Length after trimming, F."""
    phones: tuple[PhoneRow, ...]
    """Phones and pauses, T of them."""
    durations: tuple[int, ...]
    """Frames of each, F in all, (T,)."""
    alignment_score: float
    """Mean log density of a frame under the alignment."""
    features: str
    """File in the folder of features."""
    key: str
    """Digest of the recording and of what was computed from it."""


@dataclass(frozen=True, kw_only=True)
class _Description:
    """The description of a data folder, as far as a reader needs it."""

    format: int
    inventory: int
    audio: dict[str, Any]
    values: dict[str, Any]
    """All that it says, where the recordings come from included."""

    def __post_init__(self) -> None:
        for key in ("corpus", "licence", "alignment"):
            if not isinstance(self.values.get(key), str | None):
                raise ConfigError(f"`{key}` must be a text, got: {shown(self.values[key])}")
        if not isinstance(self.values.get("teacher"), dict | None):
            raise ConfigError(f"`teacher` must be a table, got: {shown(self.values['teacher'])}")


def write_manifest(data: StrPath, entries: Iterable[Entry], left_out: Iterable[Entry] = ()) -> None:
    """Write the manifest, and beside it what is left out; all of each file appears or none."""
    data = Path(data)
    storage.write_bytes(data / MANIFEST, _lines(entries))
    if others := _lines(left_out):
        storage.write_bytes(data / LEFT_OUT, others)
    else:
        (data / LEFT_OUT).unlink(missing_ok=True)


def read_manifest(data: StrPath) -> list[Entry]:
    """Read the manifest.

    Raises:
        CorpusError: The folder was not made by `prepare`, or the manifest is damaged.
    """
    data = Path(data)
    if not (data / MANIFEST).is_file():
        raise _not_prepared(data)
    return _entries(data / MANIFEST)


def read_left_out(data: StrPath) -> list[Entry]:
    """Read which recordings are left out; none if there is no such file.

    Raises:
        CorpusError: It is damaged.
    """
    path = Path(data) / LEFT_OUT
    return _entries(path) if path.is_file() else []


def _lines(entries: Iterable[Entry]) -> bytes:
    lines = [json.dumps(dataclasses.asdict(entry), ensure_ascii=False) + "\n" for entry in entries]
    return "".join(lines).encode()


def _entries(path: Path) -> list[Entry]:
    try:
        # As bytes: `str.splitlines` also splits at separators that may stand inside a text.
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise _not_prepared(path.parent) from error
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(schema.build(Entry, documents.from_json(line, "the line"), "the line"))
        except ConfigError as error:
            raise CorpusError(f"{path}, line {number}: {error}", hint=AGAIN) from error
    return entries


def write_description(data: StrPath, audio: AudioSettings, **values: Any) -> None:
    """Write how the folder was made; `values` are plain and tell where the recordings come from."""
    data = Path(data)
    description = {"format": FORMAT, "inventory": INVENTORY_VERSION, "audio": audio.to_dict(), **values}
    storage.write_bytes(data / DESCRIPTION, (json.dumps(description, indent=1) + "\n").encode())


def read_settings(data: StrPath) -> AudioSettings:
    """Read rate, frames and pitch range.

    Raises:
        CorpusError: The folder was not made by `prepare`, or by a newer version of it.
    """
    data = Path(data)
    return _description(data)[0]


def read_provenance(data: StrPath) -> dict[str, Any]:
    """Read where the recordings come from: `corpus`, `licence` and counts.

    Raises:
        CorpusError: The folder was not made by `prepare`, or by a newer version of it.
    """
    data = Path(data)
    inner = ("format", "inventory", "audio")
    return {key: value for key, value in _description(data)[1].items() if key not in inner}


def _description(data: Path) -> tuple[AudioSettings, dict[str, Any]]:
    """Return the settings of a data folder, and all that its description says."""
    path = data / DESCRIPTION
    if not path.is_file():
        raise _not_prepared(data)
    try:
        values = documents.from_json(path.read_bytes(), "it")
        if not isinstance(values, dict) or not {"format", "inventory", "audio"} <= set(values):
            raise _not_prepared(data)
        found = schema.build(_Description, {**values, "values": values}, "it", open_ended=True)
        if found.format > FORMAT or found.inventory != INVENTORY_VERSION:
            raise CorpusError(f"{data} was prepared by another version of tiedtts", hint=AGAIN)
        return AudioSettings.from_dict(found.audio), values
    except OSError as error:
        raise _not_prepared(data) from error
    except ConfigError as error:
        raise CorpusError(f"{path} is damaged: {error}", hint=AGAIN) from error


def _not_prepared(data: Path) -> CorpusError:
    return CorpusError(f"{data} is not a data folder", hint=f"tiedtts prepare CORPUS -o {data}")

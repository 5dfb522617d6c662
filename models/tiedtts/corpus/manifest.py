"""What a data folder says of itself: a line for each recording, and how they were made."""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiedtts.audio import files
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import CorpusError
from tiedtts.text.phones import INVENTORY_VERSION

FORMAT = 1
"""Of data folders; a reader refuses what is newer."""
MANIFEST = "manifest.jsonl"
DESCRIPTION = "corpus.json"
FEATURES = "features"
"""Folder of the features, inside the data folder."""
SPLITS = ("train", "heldout")

PhoneRow = tuple[str, int, int, int, int]
"""Fields of a `Phone`."""


@dataclass(frozen=True)
class Entry:
    """One recording that can be trained on."""

    id: str
    """Name in the corpus, unique."""
    text: str
    """What was read."""
    audio: str
    """Sound file, as the corpus names it."""
    prompt: str
    """What all takes of a text have in common."""
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


def write_manifest(data: Path, entries: Iterable[Entry]) -> None:
    """Write the manifest; all of the file appears or none."""
    lines = [json.dumps(dataclasses.asdict(entry), ensure_ascii=False) + "\n" for entry in entries]
    files.write_bytes(data / MANIFEST, "".join(lines).encode())


def read_manifest(data: Path) -> list[Entry]:
    """Read the manifest.

    Raises:
        CorpusError: The folder was not made by `prepare`, or the manifest is damaged.
    """
    path = data / MANIFEST
    try:
        # As bytes: `str.splitlines` also splits at separators that may stand inside a text.
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise _not_prepared(data) from error
    entries = []
    for number, line in enumerate(lines, start=1):
        try:
            values = json.loads(line)
            phones = tuple(tuple(row) for row in values.pop("phones"))
            durations = tuple(values.pop("durations"))
            entries.append(Entry(phones=phones, durations=durations, **values))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CorpusError(
                f"{path}, line {number}: {error}", hint="run `tiedtts prepare` again"
            ) from error
    return entries


def write_description(data: Path, audio: AudioSettings, **values: Any) -> None:
    """Write how the folder was made; `values` are plain and tell where the recordings come from."""
    description = {"format": FORMAT, "inventory": INVENTORY_VERSION, "audio": audio.to_dict(), **values}
    files.write_bytes(data / DESCRIPTION, (json.dumps(description, indent=1) + "\n").encode())


def read_settings(data: Path) -> AudioSettings:
    """Read rate, frames and pitch range.

    Raises:
        CorpusError: The folder was not made by `prepare`, or by a newer version of it.
    """
    return AudioSettings.from_dict(_description(data)["audio"])


def read_provenance(data: Path) -> dict[str, Any]:
    """Read where the recordings come from: `corpus`, `licence` and counts.

    Raises:
        CorpusError: As `read_settings`.
    """
    inner = ("format", "inventory", "audio")
    return {key: value for key, value in _description(data).items() if key not in inner}


def _description(data: Path) -> dict[str, Any]:
    path = data / DESCRIPTION
    try:
        description = json.loads(path.read_bytes())
    except OSError as error:
        raise _not_prepared(data) from error
    except ValueError as error:
        raise CorpusError(f"{path} is damaged: {error}", hint="run `tiedtts prepare` again") from error
    if not isinstance(description, dict) or not {"format", "inventory", "audio"} <= set(description):
        raise _not_prepared(data)
    if description["format"] > FORMAT or description["inventory"] != INVENTORY_VERSION:
        raise CorpusError(
            f"{data} was prepared by another version of tiedtts", hint="run `tiedtts prepare` again"
        )
    return description


def _not_prepared(data: Path) -> CorpusError:
    return CorpusError(f"{data} is not a data folder", hint=f"tiedtts prepare CORPUS -o {data}")

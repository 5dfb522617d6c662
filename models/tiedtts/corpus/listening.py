"""Listening to all recordings of a data folder; what is heard is kept, so that a killed run goes on."""

import contextlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from tiedtts import documents, schema, storage
from tiedtts.corpus.ear import Ear
from tiedtts.corpus.features import Features
from tiedtts.corpus.manifest import FEATURES
from tiedtts.errors import ConfigError

HEARD = "heard.jsonl"
"""File in the data folder with a line for each recording that was listened to."""


@dataclass(frozen=True)
class _Heard:
    """The phones that a recogniser hears in a recording."""

    features: str
    """File of the recording's features, whose name has a digest of all that they were made of."""
    ear: str
    """The recogniser, by its key."""
    heard: str
    """Symbols of phones, separated by spaces."""


def listen(
    data: Path,
    features: Sequence[str],
    rate: int,
    ear: Ear,
    *,
    workers: int,
    progress: Callable[[float, str], None],
) -> list[list[str]]:
    """Return the symbols of the phones that are heard in each recording.

    Args:
        data: The data folder.
        features: Files of features.
        rate: Sampling rate of the data folder, Hz.
        ear: The recogniser.
        workers: Recordings that are listened to at once.
        progress: Told the share done and what goes on.

    Raises:
        CorpusError: A file of features is damaged.
    """
    known = {each.features: each for each in _read(data) if each.ear == ear.key}
    todo = [name for name in features if name not in known]

    def hear(name: str) -> _Heard:
        samples = Features.load(data / FEATURES / name).samples
        return _Heard(name, ear.key, " ".join(ear.hear(samples, rate)))

    _write(data, [known[name] for name in features if name in known])
    with (data / HEARD).open("a", encoding="utf-8") as kept, ThreadPoolExecutor(workers) as pool:
        try:
            for number, found in enumerate(pool.map(hear, todo), start=1):
                known[found.features] = found
                kept.write(_line(found))
                kept.flush()
                progress(number / len(todo), f"listening to recording {number} of {len(todo)}")
        finally:
            pool.shutdown(cancel_futures=True)
    return [known[name].heard.split() for name in features]


def _read(data: Path) -> list[_Heard]:
    """Return what earlier runs heard; a line cut short by a kill is left out."""
    found = []
    with contextlib.suppress(OSError):
        for line in (data / HEARD).read_text(encoding="utf-8", errors="replace").split("\n"):
            with contextlib.suppress(ConfigError):
                found.append(schema.build(_Heard, documents.from_json(line, "the line"), "the line"))
    return found


def _write(data: Path, heard: Sequence[_Heard]) -> None:
    storage.write_bytes(data / HEARD, "".join(map(_line, heard)).encode())


def _line(heard: _Heard) -> str:
    return json.dumps(asdict(heard)) + "\n"

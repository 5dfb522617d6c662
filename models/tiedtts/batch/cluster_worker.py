"""A process of a cluster's node: it synthesises jobs and gives their sounds back."""

import atexit
import functools
import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiedtts.batch import job
from tiedtts.batch.job import BatchSpec, Job

if TYPE_CHECKING:
    from tiedtts.speech.voice import Voice

Made = tuple[dict[str, Any], bytes | None, bytes | None]
"""A result, the sound and the times of one job."""

_loaded: "dict[str, tuple[Voice, BatchSpec]]" = {}
"""The voice of the batch that this process works for; a process of a cluster lives longer than a batch."""


def synthesise(spec: Mapping[str, Any], files: Mapping[str, bytes], jobs: Sequence[Job]) -> list[Made]:
    """Synthesise jobs.

    Args:
        spec: A `BatchSpec`, in which files are named by the keys of `files`.
        files: What the voice is loaded from.
        jobs: Where they are to be written is not looked at.
    """
    voice, own = _voice(spec, files)
    return [_made(voice, own, each) for each in jobs]


def _made(voice: "Voice", spec: BatchSpec, asked: Job) -> Made:
    part = _folder() / "part"
    result = job.synthesise(voice, spec, replace(asked, part=str(part)))
    return result.to_dict(), _taken(part), _taken(job.times(part))


def _taken(path: Path) -> bytes | None:
    """Return a file, if there is one, and remove it."""
    data = path.read_bytes() if path.is_file() else None
    path.unlink(missing_ok=True)
    return data


def _voice(values: Mapping[str, Any], files: Mapping[str, bytes]) -> "tuple[Voice, BatchSpec]":
    """Return the voice of a batch, loaded once."""
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    for name in sorted(files):
        digest.update(name.encode() + hashlib.sha256(files[name]).digest())
    key = digest.hexdigest()
    if key not in _loaded:
        spec = BatchSpec.from_dict(values)
        places = {name: str(_written(key, name, data)) for name, data in files.items()}
        spec = replace(
            spec,
            voice=places.get(spec.voice, spec.voice),
            lexicon=tuple(places.get(name, name) for name in spec.lexicon),
            vocoder=spec.vocoder and places.get(spec.vocoder, spec.vocoder),
        )
        _loaded.clear()
        _loaded[key] = spec.load(), spec
    return _loaded[key]


def _written(key: str, name: str, data: bytes) -> Path:
    path = _folder() / key / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@functools.cache
def _folder() -> Path:
    """Return a folder of this process, which goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="tiedtts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder

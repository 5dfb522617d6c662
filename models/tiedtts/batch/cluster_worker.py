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
from typing import TYPE_CHECKING, Any, NamedTuple

from tiedtts import casting
from tiedtts.batch import job
from tiedtts.batch.job import BatchSpec, Job

if TYPE_CHECKING:
    from tiedtts.speech.voice import Voice

Made = tuple[dict[str, Any], bytes | None, bytes | None]
"""A result, the sound and the times of one job."""


class _Loaded(NamedTuple):
    """The voice of a batch, as this process has it."""

    voice: "Voice"
    spec: BatchSpec
    cast: Mapping[str, str]
    """Files of this machine for those that a cast names."""


_loaded: dict[str, _Loaded] = {}
"""By what it was loaded from; one, since a process of a cluster lives longer than a batch."""


def synthesise(batch: Mapping[str, Any], files: Mapping[str, bytes], jobs: Sequence[Job]) -> list[Made]:
    """Synthesise jobs.

    Args:
        batch: A `spec`, and the voices of a `cast`, in which files are named by the keys of `files`.
        files: What the voices are loaded from.
        jobs: Where they are to be written is not looked at.
    """
    own = _own(batch, files)
    return [_made(own, each) for each in jobs]


def _made(own: _Loaded, asked: Job) -> Made:
    part = _folder() / "part"
    cast = tuple((role, own.cast.get(name, name)) for role, name in casting.read(asked.settings.cast))
    here = replace(asked, part=str(part), settings=replace(asked.settings, cast=cast))
    result = job.synthesise(own.voice, own.spec, here)
    return result.to_dict(), _taken(part), _taken(job.times(part))


def _taken(path: Path) -> bytes | None:
    """Return a file, if there is one, and remove it."""
    data = path.read_bytes() if path.is_file() else None
    path.unlink(missing_ok=True)
    return data


def _own(batch: Mapping[str, Any], files: Mapping[str, bytes]) -> _Loaded:
    """Return the voice of a batch, loaded once."""
    digest = hashlib.sha256(json.dumps(batch, sort_keys=True).encode())
    for name in sorted(files):
        digest.update(name.encode() + hashlib.sha256(files[name]).digest())
    key = digest.hexdigest()
    if key not in _loaded:
        places = {name: str(_written(key, name, data)) for name, data in files.items()}
        spec = BatchSpec.from_dict(batch["spec"])
        spec = replace(
            spec,
            voice=places.get(spec.voice, spec.voice),
            lexicon=tuple(places.get(name, name) for name in spec.lexicon),
            vocoder=spec.vocoder and places.get(spec.vocoder, spec.vocoder),
        )
        cast = {name: places.get(sent, sent) for name, sent in batch["cast"].items()}
        _loaded.clear()
        _loaded[key] = _Loaded(spec.load(), spec, cast)
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

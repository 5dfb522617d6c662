"""A process of a cluster's node: it synthesises jobs and gives their sounds back."""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from tiedtts import casting
from tiedtts.batch import job
from tiedtts.batch.job import BatchSpec, Job
from tiedtts.batch.parcels import Parcel
from tiedtts.batch.voices import Voices

Made = tuple[dict[str, Any], bytes | None, bytes | None]
"""A result, the sound and the times of one job."""


class Batch(NamedTuple):
    """A batch, as nodes are told of it."""

    key: str
    """The same for the same specification and files."""
    spec: dict[str, Any]
    """Its specification as plain values."""


class _Loaded(NamedTuple):
    """The voices of a batch, as this process has them."""

    voices: Voices
    spec: BatchSpec
    places: dict[str, str]
    """Files of this machine for those that the batch names."""


_loaded: dict[str, _Loaded] = {}
"""By the key of the batch; one, since a process of a cluster lives longer than a batch."""


def synthesise(jobs: Sequence[Job], batch: Batch, *parcels: Parcel) -> list[Made]:
    """Synthesise jobs.

    Args:
        jobs: Where they are to be written is not looked at.
        batch: Its key, and the specification, in which files are named as where it comes from.
        parcels: The files that these jobs need.
    """
    own = _own(batch, parcels)
    return [_made(own, each) for each in jobs]


def _made(own: _Loaded, asked: Job) -> Made:
    part = _folder() / "part"
    places = own.places
    cast = tuple((role, places.get(name, name)) for role, name in casting.read(asked.settings.cast))
    here = replace(
        asked,
        part=str(part),
        settings=replace(asked.settings, cast=cast),
        voice=places.get(asked.voice, asked.voice),
    )
    result = job.synthesise(own.voices, own.spec, here)
    return result.to_dict(), _taken(part), _taken(job.times(part))


def _taken(path: Path) -> bytes | None:
    """Return a file, if there is one, and remove it."""
    data = path.read_bytes() if path.is_file() else None
    path.unlink(missing_ok=True)
    return data


def _own(batch: Batch, parcels: Sequence[Parcel]) -> _Loaded:
    """Return the voices of a batch, loaded once, and unpack the files that were not needed before."""
    known = _loaded.get(batch.key)
    places = {} if known is None else known.places
    for parcel in parcels:
        if parcel.name not in places:
            places[parcel.name] = str(parcel.unpacked(_folder()))
    if known is None:
        spec = BatchSpec.from_dict(batch.spec)
        spec = replace(
            spec,
            voice=places.get(spec.voice, spec.voice),
            lexicon=tuple(places.get(name, name) for name in spec.lexicon),
            vocoder=spec.vocoder and places.get(spec.vocoder, spec.vocoder),
        )
        _loaded.clear()
        known = _loaded[batch.key] = _Loaded(Voices(spec), spec, places)
    return known


@functools.cache
def _folder() -> Path:
    """Return a folder of this process, which goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="tiedtts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder

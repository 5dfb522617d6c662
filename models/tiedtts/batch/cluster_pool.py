"""A cluster in the place of the worker processes: it synthesises jobs on all of its nodes.

Nodes need no folder in common: what they need is sent to them, and sounds come back to the process that
asked, which writes them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tiedtts import casting
from tiedtts.batch import cluster_worker, parcels
from tiedtts.batch.job import BatchSpec, Job, Result, times
from tiedtts.batch.parcels import Parcel
from tiedtts.batch.pool import groups
from tiedtts.cluster import Cluster
from tiedtts.errors import VoiceError
from tiedtts.settings import Settings


class ClusterPool:
    """Jobs of one batch on a cluster.

    Args:
        spec: Voice, encoding and timestamps of all jobs.
        settings: Those of the batch, whose cast may name voice files.
        cluster: A cluster that was joined.

    Raises:
        OSError: A file that the nodes need cannot be read.
    """

    def __init__(self, spec: BatchSpec, settings: Settings, cluster: Cluster) -> None:
        self._cluster = cluster
        # What all need, by name: each file is shared once, when it is first asked for.
        self._shared: dict[str, object | None] = {}
        own = [parcel for parcel in map(parcels.pack, dict.fromkeys(parcels.names_of_batch(spec))) if parcel]
        for parcel in own:
            self._shared[parcel.name] = cluster.share(parcel)
        self._always = [parcel.name for parcel in own]
        key = json.dumps([spec.to_dict(), [parcel.digest for parcel in own]])
        # Now, while they are there.
        for _, voice in casting.read(settings.cast):
            self._share(voice)
        batch = cluster_worker.Batch(hashlib.sha256(key.encode()).hexdigest(), spec.to_dict())
        self._batch = cluster.share(batch)

    def run(self, windows: Iterable[Sequence[Job]]) -> Iterator[Result]:
        """Run windows of jobs; results come as they are ready, in no order."""
        pieces = (group for window in windows for group in groups(window))
        for done in self._cluster.run(
            cluster_worker.synthesise, pieces, self._batch, needed=self._needed, split=_alone
        ):
            if done.lost:
                for job in done.piece:
                    error = VoiceError(
                        f"the processes that said it were lost: {done.lost}", hint="is there enough memory?"
                    )
                    yield Result(job.number, error=error)
                continue
            for job, (values, sound, beside) in zip(done.piece, done.result, strict=True):
                yield _kept(job, Result.from_dict(values), sound, beside)

    def _needed(self, jobs: Sequence[Job]) -> list[object]:
        """Return what stands for the files that jobs need, of the batch and of their own."""
        names = dict.fromkeys(self._always)
        names.update(dict.fromkeys(name for job in jobs for name in parcels.names_of_job(job)))
        return [shared for name in names if (shared := self._share(name)) is not None]

    def _share(self, name: str) -> object | None:
        if name not in self._shared:
            try:
                parcel: Parcel | None = parcels.pack(name)
            except (OSError, VoiceError):
                # The node tells so of each line that needs it.
                parcel = None
            self._shared[name] = None if parcel is None else self._cluster.share(parcel)
        return self._shared[name]


def _kept(job: Job, result: Result, sound: bytes | None, beside: bytes | None) -> Result:
    """Write what came back into the unfinished files of a job."""
    try:
        if sound is not None:
            Path(job.part).write_bytes(sound)
        if beside is not None:
            times(job.part).write_bytes(beside)
    except OSError as error:
        return Result(job.number, error=error)
    return result


def _alone(jobs: list[Job]) -> list[list[Job]]:
    return [[job] for job in jobs]

"""A cluster in the place of the worker processes: it synthesises jobs on all of its nodes.

Nodes need no folder in common: what they need is sent to them, and sounds come back to the process that
asked, which writes them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tiedtts import casting
from tiedtts.batch import cluster_worker
from tiedtts.batch.job import BatchSpec, Job, Result, times
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
    """

    def __init__(self, spec: BatchSpec, settings: Settings, cluster: Cluster) -> None:
        self._cluster = cluster
        self._spec, self._cast, files = _portable(spec, settings)
        self._files = cluster.share(files)

    def run(self, windows: Iterable[Sequence[Job]]) -> Iterator[Result]:
        """Run windows of jobs; results come as they are ready, in no order."""
        pieces = (group for window in windows for group in groups(window))
        spec = self._cluster.share({"spec": self._spec.to_dict(), "cast": self._cast})
        for done in self._cluster.run(cluster_worker.synthesise, pieces, spec, self._files, split=_alone):
            if done.lost:
                for job in done.piece:
                    error = VoiceError(
                        f"the processes that said it were lost: {done.lost}", hint="is there enough memory?"
                    )
                    yield Result(job.number, error=error)
                continue
            for job, (values, sound, beside) in zip(done.piece, done.result, strict=True):
                yield _kept(job, Result.from_dict(values), sound, beside)


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


def _portable(spec: BatchSpec, settings: Settings) -> tuple[BatchSpec, dict[str, str], dict[str, bytes]]:
    """Return a specification that names files of this machine by numbers, those of a cast, and the files."""
    files: dict[str, bytes] = {}

    def sent(name: str) -> str:
        path = Path(name)
        if not path.is_file():
            # A voice of the package, or a vocoder by its name.
            return name
        number = f"{len(files)}/{path.name}"
        files[number] = path.read_bytes()
        return number

    portable = replace(
        spec,
        voice=sent(spec.voice),
        lexicon=tuple(map(sent, spec.lexicon)),
        vocoder=None if spec.vocoder is None else sent(spec.vocoder),
    )
    cast = {name: sent(name) for name in {name for _, name in casting.read(settings.cast)}}
    return portable, cast, files

"""The run of a batch, from its lines to the manifest."""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tiedtts import cluster, plain, storage
from tiedtts.batch import folder as folders
from tiedtts.batch import job as jobs
from tiedtts.batch import pool
from tiedtts.batch.lines import Line
from tiedtts.batch.voices import Voices
from tiedtts.choices import LOCAL
from tiedtts.errors import FolderError, TextError
from tiedtts.paths import StrPath
from tiedtts.processes import cores
from tiedtts.settings import Settings
from tiedtts.speech import ensemble, recording

FEW_CHARACTERS = 3_000
"""A process more for each so many: fewer are said before it has loaded the voice."""


@dataclass(frozen=True)
class Report:
    """The result of one line."""

    line: Line
    path: Path
    """Path of its sound file."""
    row: dict[str, Any] = field(default_factory=dict)
    """Its row in the manifest; empty if there is no sound."""
    error: Exception | None = None
    """Why there is none."""
    trace: str = ""
    """Where the error came from."""
    skipped: bool = False
    """The file was there."""


@dataclass
class Summary:
    """Counts of a whole batch."""

    made: int = 0
    skipped: int = 0
    failed: int = 0
    seconds: float = 0.0
    """Seconds of sound that were made."""
    share: float | None = None
    """The part of a book that is done, 0 to 1, where the lines are chapters."""


def run(
    lines: Iterable[Line],
    path: StrPath,
    spec: jobs.BatchSpec,
    settings: Settings,
    *,
    skip_existing: bool = False,
    workers: int | None = None,
    live: bool = False,
    engine: str = LOCAL,
    there: Callable[[str], bool] | None = None,
    report: Callable[[Report], None] = lambda report: None,
    progress: Callable[[Summary, str], None] = lambda summary, text: None,
) -> Summary:
    """Say every line into a file of its own; a bad line does not keep the others from being said.

    A file appears when it is complete. Killed at any moment, the same call with `skip_existing` goes
    on, and in the end all bytes are those of a call that was left alone.

    Args:
        lines: Read as they are needed.
        path: Folder of the files, made if need be.
        spec: Voice and format.
        settings: Settings of all lines; a line's own come on top.
        skip_existing: Leave files that are there.
        workers: Processes that speak; by default all cores, if there is enough to say.
        live: Lines come one by one from somewhere else: each is said at once.
        engine: `local`, or a Ray cluster, `ray` or `ray:ADDRESS`, which works instead of processes here.
        there: Tells by its name whether a file is there whole, where the folder stands for one elsewhere.
        report: Called with every line in the order of the input.
        progress: Called with what is done so far and the text that was said last.

    Raises:
        TextError: There are no lines.
        OutputError: The folder cannot be written.
        FolderError: Another run holds it, or something in it is not ours.
        VoiceError: There is no such voice.
        ConfigError: There is no such engine, or no such cluster.
    """
    path = Path(path)
    lines = iter(lines)
    place = cluster.address(engine)
    if place is not None:
        return _on_cluster(
            lines, path, spec, settings, place, workers, skip_existing, there, report, progress
        )
    count = 1 if live or workers == 1 else pool.WINDOW_LINES * (workers or cores())
    begin = _begin(lines, count)
    if live:
        workers = 1
    elif workers is None:
        workers = min(cores(), sum(len(line.text) for line in begin) // FEW_CHARACTERS)
    # Before there is a folder, so that a wrong name leaves none.
    voices = Voices(spec)
    with folders.opened(path) as folder:
        batch = _Batch(folder, spec, settings, skip_existing, there, report, progress)
        asked = batch.ask(itertools.chain(begin, lines))
        if workers <= 1:
            for job in asked:
                batch.take(jobs.synthesise(voices, spec, job))
        else:
            del voices
            size = pool.WINDOW_LINES * workers
            with pool.Pool(spec, workers) as processes:
                for done in processes.run(iter(lambda: list(itertools.islice(asked, size)), [])):
                    batch.take(done)
    return batch.summary


def _on_cluster(
    lines: Iterator[Line],
    path: Path,
    spec: jobs.BatchSpec,
    settings: Settings,
    place: str,
    limit: int | None,
    skip_existing: bool,
    there: Callable[[str], bool] | None,
    report: Callable[[Report], None],
    progress: Callable[[Summary, str], None],
) -> Summary:
    """Run a batch on a cluster; see `run`."""
    from tiedtts.batch.cluster_pool import ClusterPool

    begin = _begin(lines, 1)
    # Before there is a folder, as when it is said here; and nothing is sent out that no node could load.
    spec.load()
    with cluster.joined(place, limit) as nodes, folders.opened(path) as folder:
        batch = _Batch(folder, spec, settings, skip_existing, there, report, progress)
        asked = batch.ask(itertools.chain(begin, lines))
        windows = iter(lambda: list(itertools.islice(asked, pool.WINDOW_LINES * nodes.size)), [])
        for done in ClusterPool(spec, settings, nodes).run(windows):
            batch.take(done)
    return batch.summary


def _begin(lines: Iterator[Line], count: int) -> list[Line]:
    """Return the first lines.

    Raises:
        TextError: There are none.
    """
    begin = list(itertools.islice(lines, count))
    if not begin:
        raise TextError("there is nothing to say in the text", hint="give a line of text an utterance")
    return begin


class _Batch:
    """The state of a batch while it runs."""

    def __init__(
        self,
        folder: folders.Folder,
        spec: jobs.BatchSpec,
        settings: Settings,
        skip_existing: bool,
        there: Callable[[str], bool] | None,
        report: Callable[[Report], None],
        progress: Callable[[Summary, str], None],
    ) -> None:
        self.summary = Summary()
        self._folder, self._spec, self._settings = folder, spec, settings
        self._skip_existing, self._report, self._progress = skip_existing, report, progress
        self._there = there
        self._asked: dict[int, tuple[Line, str]] = {}
        self._reports: dict[int, Report] = {}
        self._next = 0

    def ask(self, lines: Iterable[Line]) -> Iterator[jobs.Job]:
        """Yield what is to be done; of other lines tell why not."""
        for number, line in enumerate(lines):
            path = self._folder.path / f"{line.id}{self._spec.encoding.suffix}"
            try:
                job = self._job(number, line, path)
            # Of whatever kind: what is wrong with a line is told, and the next one is read.
            except Exception as error:
                self._fail(number, line, path, error)
                continue
            self._folder.order.append(line.id)
            if job is None:
                self._tell(number, self._skip(line, path))
                continue
            self._asked[number] = line, path.name
            yield job

    def _job(self, number: int, line: Line, path: Path) -> jobs.Job | None:
        """Return what is to be done for a line; None if it is there already.

        Raises:
            TiedTTSError: It cannot be done.
        """
        if line.error is not None:
            raise line.error
        settings = self._settings.changed(line.options)
        ensemble.check(settings if "cast" in line.options else Settings(), line.voice)
        other = self._folder.journal.other(line.id)
        if other is not None and os.path.lexists(self._folder.path / f"{other}{path.suffix}"):
            raise TextError(
                f"the id `{line.id}` and `{other}` of an earlier run are one file name on some systems",
                hint="let them differ in more than capitals, accents or `ss`, or choose another folder",
            )
        if self._skip_existing and self._is_there(line, path):
            return None
        for place in (path, *self._beside(path)):
            plain.check_replaceable(place)
        title = recording.title(line.text, ssml=settings.ssml)
        tags = {} if line.chapter is None else dict(line.chapter.tags)
        title = tags.get("title", title)
        return jobs.Job(number, line.text, settings, str(self._folder.part(number)), title, tags, line.voice)

    def _is_there(self, line: Line, path: Path) -> bool:
        """Whether the files of a line are there, and none is but a part of what was to be written."""
        if self._there is not None:
            # Without its row, the manifest would lack it.
            known = line.id in self._folder.journal
            return known and all(self._there(place.name) for place in (path, *self._beside(path)))
        # What stands behind a link is what is meant: nothing is written.
        sound, *others = map(Path, map(os.path.realpath, (path, *self._beside(path))))
        if not all(os.path.isfile(place) for place in (sound, *others)):
            return False
        journal = self._folder.journal
        row = journal.row(line.id) if line.id in journal else {}
        seconds = row.get("seconds") if row.get("file") == path.name else None
        from tiedtts.audio import wholeness

        length = seconds if isinstance(seconds, float) else None
        return not wholeness.is_broken(sound, length) and not any(map(wholeness.is_broken_text, others))

    def take(self, done: jobs.Result) -> None:
        """Let the file of a line appear, or keep the error for its turn.

        Raises:
            OutputError: No other line could be written either.
        """
        line, name = self._asked.pop(done.number)
        path = self._folder.path / name
        if done.error is not None:
            self._fail(done.number, line, path, done.error, done.trace)
            return
        row: dict[str, Any] = {
            "id": line.id,
            "text": line.shown,
            "file": name,
            "seconds": done.seconds,
            "phones": list(done.phones),
            "warnings": [*line.warnings, *done.warnings],
        }
        if line.voice:
            row["voice"] = line.voice
        for other in self._beside(path):
            row["timestamps"] = other.name
        try:
            self._folder.publish(done.number, row)
        except (OSError, FolderError) as error:
            self._folder.discard(done.number)
            self._fail(done.number, line, path, error)
            return
        self._tell(done.number, Report(line, path, row))

    def _fail(self, number: int, line: Line, path: Path, error: Exception, trace: str = "") -> None:
        """Tell why there is no sound of a line.

        Raises:
            OutputError: There would be none of any other line either.
        """
        if isinstance(error, OSError):
            told = storage.unwritable(path, error)
            if error.errno in jobs.FATAL or not self._folder.is_there:
                raise told from error
            error = told
        self._tell(number, Report(line, path, error=error, trace=trace))

    def _beside(self, path: Path) -> list[Path]:
        """Return the files that belong to a sound file."""
        kind = self._spec.timestamps
        if kind is None:
            return []
        from tiedtts.speech import timestamps

        return [timestamps.beside(path, kind)]

    def _skip(self, line: Line, path: Path) -> Report:
        """Return what there is to say of a line whose file is there."""
        journal = self._folder.journal
        if line.id not in journal:
            return Report(line, path, skipped=True)
        row = journal.row(line.id)
        if row.get("text") != line.shown:
            warning = f"{path} was made from another text, and is left"
        elif row.get("voice", "") != line.voice:
            warning = f"{path} was made with another voice, and is left"
        else:
            return Report(line, path, skipped=True)
        return Report(line, path, {"warnings": [warning]}, skipped=True)

    def _tell(self, number: int, report: Report) -> None:
        """Report lines in the order of the input, whichever is ready first."""
        if report.error is not None:
            self.summary.failed += 1
        elif report.skipped:
            self.summary.skipped += 1
        else:
            self.summary.made += 1
            self.summary.seconds += report.row["seconds"]
        if report.line.chapter is not None:
            self.summary.share = max(self.summary.share or 0.0, report.line.chapter.share)
        self._progress(self.summary, report.line.shown)
        self._reports[number] = report
        while self._next in self._reports:
            self._report(self._reports.pop(self._next))
            self._next += 1

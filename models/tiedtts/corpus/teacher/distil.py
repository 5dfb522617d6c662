"""Texts and a speech engine to a corpus that `prepare` reads."""

import contextlib
import dataclasses
import datetime
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

from tiedtts import __version__, cluster, locking
from tiedtts.choices import LOCAL
from tiedtts.cluster import Cluster
from tiedtts.corpus import limits, provenance
from tiedtts.corpus.ear import Ear
from tiedtts.corpus.picking import pick as picking
from tiedtts.corpus.picking.coverage import Coverage
from tiedtts.corpus.provenance import Origin
from tiedtts.corpus.report import by_count
from tiedtts.corpus.teacher import cluster_crew, crew, folder, texts, worker
from tiedtts.corpus.teacher.clips import Clip, Journal
from tiedtts.corpus.teacher.engine import Engine, FunctionTeacher, Say, Teacher
from tiedtts.corpus.teacher.folder import Folder
from tiedtts.corpus.teacher.judging import Judge
from tiedtts.corpus.teacher.report import DistilReport
from tiedtts.corpus.teacher.texts import Text
from tiedtts.corpus.teacher.worker import Done, Job
from tiedtts.corpus.transcripts import Transcript
from tiedtts.errors import ConfigError, CorpusError
from tiedtts.paths import StrPath, optional

FAILED = "engine failed"
"""Why a text has no clip; it is said again by the next run."""
MOST_FAILURES = 10
"""Texts at which an engine may fail one after the other; fewer if it has not said any."""
FIRST_FAILURES = 3
DEAF = "the recogniser does not understand this voice, and has judged no clip"
FEW = f"fewer than {limits.LEAST} clips: none was compared with the others"
"""Notes that reject no clip."""

Progress = Callable[[float, str], None]
Reasons = dict[str, list[str]]

_CHOOSING, _SPEAKING = 0.04, 0.05
"""Shares of the progress bar at which texts are chosen and speaking begins."""


def distil(
    said: Iterable[tuple[str | None, str]],
    corpus: StrPath,
    teacher: Teacher | Say,
    *,
    name: str,
    licence: str | None = None,
    source: str | None = None,
    workers: int | None = None,
    seed: int = 0,
    retries: int = 1,
    pick: int | None = None,
    mix: Mapping[str, float] | None = None,
    lexicon: StrPath | None = None,
    ear: Ear | None = None,
    overwrite: bool = False,
    engine: str = LOCAL,
    progress: Progress | None = None,
) -> DistilReport:
    """Let an engine say texts, judge what it says, and write a corpus that `prepare` reads.

    Can be stopped at any moment and run again: what is done is kept. With more texts, only new ones are said.

    Args:
        said: Name, or None, and text of each clip to be.
        corpus: Folder to write; made if missing.
        teacher: A `CommandTeacher`, a `JsonLinesTeacher`, or a function from a text to mono samples, (S,),
            and their rate, Hz; a parameter `seed` of it is given another number at each attempt.
        name: Name of the engine and its voice.
        licence: Licence of its speech.
        source: Where it is from, and what is said of its own data.
        workers: Engines side by side: one by default, on a cluster as many as it has cores; a function is
            called from as many threads.
        seed: Seed of the first attempt at each text.
        retries: Further attempts at a text whose clip cannot be used.
        pick: Number of texts to choose, see `tiedtts.corpus.picking.pick`; all are said without it.
        mix: Share of each kind of text in the choice.
        lexicon: A user lexicon, for the phones that a clip is compared with.
        ear: Recogniser that listens to each clip; without it words are not compared.
        overwrite: Replace what `corpus` has of another engine.
        engine: `local`, or a Ray cluster, `ray` or `ray:ADDRESS`, on whose nodes the command is run.
        progress: Told the share done, 0 to 1, and what goes on.

    Raises:
        ConfigError: An option does not fit, or there is no such cluster.
        FolderError: `corpus` has the clips of another engine, or another run writes to it.
        CorpusError: There is nothing to say, the engine fails every time, or `corpus` holds other things.
        TextError: The lexicon cannot be read.
    """
    corpus = Path(corpus)
    lexicon = optional(lexicon)
    for option, value, least in (
        ("workers", 1 if workers is None else workers, 1),
        ("retries", retries, 0),
        ("seed", seed, 0),
    ):
        if value < least:
            raise ConfigError(f"`{option}` must be at least {least}, got: {value}")
    named, repeated = texts.named(said)
    if not named:
        raise CorpusError("there are no texts to say", hint="give a list with a text a line")
    speaking = _teacher(teacher)
    place = cluster.address(engine)
    if place is not None:
        cluster_crew.check(speaking)
    run_key = f"{speaking.key}\0{seed}\0{name if speaking.key == 'function' else ''}"
    key = hashlib.sha256(run_key.encode()).hexdigest()
    # Before anything that takes long.
    folder.check(corpus, key, overwrite=overwrite)

    def tell(share: float, message: str) -> None:
        if progress is not None:
            progress(round(share, 6), message)

    def choose(share: float, message: str) -> None:
        tell(_CHOOSING * share, message)

    def read(done: int) -> None:
        tell(_CHOOSING + (_SPEAKING - _CHOOSING) * done / len(named), f"text {done + 1} of {len(named)}")

    coverage = None
    if pick is not None:
        picked = picking.pick([text.text for text in named], pick, mix=mix, lexicon=lexicon, progress=choose)
        named, coverage = [named[index] for index in picked.indices], picked.coverage
    spoken = dict(zip(named, texts.read(named, lexicon, read), strict=True))
    origin = Origin(
        run=key,
        teacher=name,
        licence=licence,
        source=source,
        settings={**speaking.settings, "seed": seed, "retries": retries},
        version=__version__,
        texts=len(named),
        texts_sha256=texts.digest(named),
    )
    with contextlib.ExitStack() as stack:
        nodes = None if place is None else stack.enter_context(cluster.joined(place, workers))
        folder.make(corpus)
        work = stack.enter_context(locking.hold(corpus, deep=True))
        run = _Run(corpus, work, origin, spoken, speaking, seed, retries, ear, tell, nodes)
        stack.callback(run.close)
        run.begin()
        run.speak(workers or 1)
        return run.finish(repeated, coverage)


def _teacher(given: Teacher | Say) -> Teacher:
    if hasattr(given, "open") and hasattr(given, "key"):
        return cast(Teacher, given)
    return FunctionTeacher(given)


class _Run:
    """One run in a corpus folder that no other run writes to."""

    def __init__(
        self,
        corpus: Path,
        work: Path,
        origin: Origin,
        spoken: dict[Text, Transcript],
        teacher: Teacher,
        seed: int,
        retries: int,
        ear: Ear | None,
        tell: Progress,
        nodes: Cluster | None,
    ) -> None:
        before = provenance.read(corpus)
        if before is not None and before.run != origin.run:
            folder.clear(corpus)
        self._origin, self._spoken, self._teacher = origin, spoken, teacher
        self._seed, self._most, self._ear, self._tell = seed, retries + 1, ear, tell
        self._nodes = nodes
        # Before the first clip, so that a folder that a kill has left is known again.
        provenance.write(corpus, origin)
        self._folder = Folder(corpus, work)
        self._journal = Journal(self._folder.journal)
        self._failures: dict[str, str] = {}
        self._made: set[str] = set()

    def close(self) -> None:
        """Close the journal, and remove what was not finished."""
        self._journal.close()
        self._folder.close()

    def begin(self) -> None:
        """Take the list away while the corpus is not finished, and let the recogniser hear what is there."""
        self._folder.unlist()
        for text in self._spoken:
            attempts = self._attempts_at(text)
            # A clip that is no longer there, or was replaced just before a kill, is made again.
            while attempts and attempts[-1].rejected is None and self._folder.find(attempts[-1]) is None:
                self._journal.forget(attempts.pop())
        if self._ear is None:
            return
        clips = [attempts[-1] for text in self._spoken if (attempts := self._attempts_at(text))]
        old = [clip for clip in clips if clip.rejected is None and clip.ear != self._ear.key]
        for number, clip in enumerate(old):
            self._tell(_SPEAKING, f"listening to clip {number + 1} of {len(old)}")
            self._journal.add([worker.listen_again(clip, self._folder, self._ear)])

    def speak(self, workers: int) -> None:
        """Let the engine say what is missing, then once more what is unlike all else.

        Raises:
            CorpusError: It fails every time.
        """
        self._do(self._jobs(self._is_missing), workers, 0.9)
        judge = self._judge()

        def is_unusual(text: Text, attempts: Sequence[Clip]) -> bool:
            verdict = judge.verdict(text)
            return verdict is not None and verdict.reason is not None

        # Each time one attempt more, until there is none left.
        while jobs := self._jobs(is_unusual, more=1):
            self._do(jobs, workers, 0.97)

    def _jobs(self, wanted: Callable[[Text, Sequence[Clip]], bool], more: int | None = None) -> list[Job]:
        """Return jobs for the texts that are wanted and may be tried again."""
        jobs = []
        for text, spoken in self._spoken.items():
            attempts = self._attempts_at(text)
            first = len(attempts)
            if spoken.rejected is None and first < self._most and text.id not in self._failures:
                last = self._most if more is None else min(first + more, self._most)
                if wanted(text, attempts):
                    jobs.append(Job(text, sum(phone.is_speech for phone in spoken.phones), first, last))
        return jobs

    @staticmethod
    def _is_missing(text: Text, attempts: Sequence[Clip]) -> bool:
        return not attempts or attempts[-1].rejected is not None

    def _attempts_at(self, text: Text) -> list[Clip]:
        return self._journal.of(text.id, text.key)

    def _do(self, jobs: Sequence[Job], workers: int, until: float) -> None:
        """Do jobs, and keep what comes of each."""

        def do(job: Job, engine: Engine) -> Done:
            return worker.do(job, engine, self._folder, self._seed, self._ear)

        if self._nodes is None:
            results = crew.run(jobs, self._teacher, workers, do)
        else:
            common = cluster_crew.Crew(self._teacher, self._seed, self._ear)
            results = cluster_crew.run(self._nodes, jobs, common, self._folder)
        failed = 0
        try:
            for number, done in enumerate(results, start=1):
                text = done.job.text
                self._journal.add(done.clips)
                if done.failure:
                    self._failures[text.id] = done.failure
                    failed += 1
                    self._check_failures(failed, done)
                else:
                    failed = 0
                    self._made.add(text.id)
                share = _SPEAKING + (until - _SPEAKING) * number / len(jobs)
                self._tell(share, f"clip {number} of {len(jobs)}")
        finally:
            results.close()

    def _check_failures(self, failed: int, done: Done) -> None:
        if failed >= (MOST_FAILURES if self._made else FIRST_FAILURES):
            raise CorpusError(
                f"the engine fails every time, {failed} texts in a row: {done.failure}",
                hint="let it say a text by hand; the same command goes on, what is done is kept",
            )

    def _judge(self) -> Judge:
        return Judge(self._spoken, self._journal, "" if self._ear is None else self._ear.key)

    def finish(self, repeated: Reasons, coverage: Coverage | None) -> DistilReport:
        """Write the list, the report, and where the corpus comes from.

        Raises:
            CorpusError: No clip can be used.
        """
        self._tell(0.98, "comparing the clips")
        judge = self._judge()
        rejected: Reasons = {}
        kept: dict[Text, Clip] = {}
        for text, spoken in self._spoken.items():
            verdict = judge.verdict(text)
            reason = spoken.rejected or (FAILED if verdict is None else verdict.reason)
            if reason is None and verdict is not None:
                kept[text] = verdict.clip
            else:
                rejected.setdefault(str(reason), []).append(text.id)
            self._folder.sort(text.id, kept=reason is None)
        if not kept:
            reasons = ", ".join(f"{count} × {reason}" for reason, count in by_count(rejected)[:3])
            said = next((f"; the engine said: {failure}" for failure in self._failures.values()), "")
            raise CorpusError(f"none of {len(self._spoken)} texts has a clip: {reasons}{said}")
        report = dataclasses.replace(self._report(judge, kept, rejected, repeated), coverage=coverage)
        # In this order: whoever is stopped between two of them finds a corpus that is not finished.
        self._folder.list(kept)
        report.write(self._folder.path)
        origin = dataclasses.replace(
            self._origin,
            finished=True,
            date=datetime.date.today().isoformat(),
            clips=report.clips,
            seconds=report.seconds,
            thrown_away={reason: len(names) for reason, names in rejected.items()},
        )
        provenance.write(self._folder.path, origin)
        self._tell(1.0, "distilled")
        return report

    def _report(
        self, judge: Judge, kept: dict[Text, Clip], rejected: Reasons, repeated: Reasons
    ) -> DistilReport:
        found = judge.limits
        notes = dict(repeated)
        if found.phone is None:
            notes[FEW] = []
        if found.right is not None and found.habits is None:
            notes[DEAF] = []
        return DistilReport(
            teacher=self._origin.teacher,
            texts=len(self._spoken),
            clips=len(kept),
            made=len(self._made),
            seconds=round(sum(clip.seconds for clip in kept.values()), 3),
            saved=sum(clip.attempt > 0 for clip in kept.values()),
            rejected=rejected,
            failures=self._failures,
            notes=notes,
            phones_per_second=None if found.phone is None else round(1 / found.phone, 2),
            heard_right=None if found.right is None else round(found.right, 4),
        )

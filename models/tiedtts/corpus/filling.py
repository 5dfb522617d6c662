"""The filling of a data folder: features, alignment, judgement, manifest, report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import aligners, amount, candidates, checks, data_folder, inquiry, manifest, page
from tiedtts.corpus import decisions as deciding
from tiedtts.corpus import language as languages
from tiedtts.corpus.aligners import Aligned, Aligner, Progress
from tiedtts.corpus.alignment import Alignment
from tiedtts.corpus.candidates import Candidate
from tiedtts.corpus.ear import Ear
from tiedtts.corpus.extraction import Elsewhere
from tiedtts.corpus.licence import find_licence
from tiedtts.corpus.manifest import Entry
from tiedtts.corpus.recordings import Recording
from tiedtts.corpus.report import Report, Scores, by_count
from tiedtts.corpus.split import held_out
from tiedtts.corpus.suspects import Judgement
from tiedtts.errors import CorpusError
from tiedtts.quoting import printable

Reasons = dict[str, list[str]]
"""Names of recordings, or lines of the corpus, by what was noticed of them."""

UNLIKE = "the alignment tells phones apart no better than an even division: do texts and recordings fit?"
POOR = "the alignment tells phones apart much worse than alignments do: expect a voice that mumbles"
"""Notes on all recordings together."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """The arguments of `prepare`, checked."""

    source: Path
    data: Path
    language: str | None
    title: str
    """Name of the corpus."""
    workers: int
    holdout: float
    audio: AudioSettings
    lexicon: Path | None
    seed: int
    licence: str | None
    teacher: dict[str, Any] | None
    """Who has said the corpus, if no person has."""
    aligner: Aligner
    ear: Ear | None
    leave_out: str
    decisions: Mapping[str, bool]
    denoise: float
    tell: Progress
    elsewhere: Elsewhere | None = None
    """Computes features in place of processes of this machine."""


def fill(job: Job, recordings: Sequence[Recording], notes: Reasons) -> Report:
    """Fill a data folder that no other run writes to."""
    ready = 0.7 if job.ear is None else 0.55
    found, rejected = candidates.collect(
        recordings,
        job.data,
        job.audio,
        lexicon=job.lexicon,
        denoise=job.denoise,
        workers=job.workers,
        elsewhere=job.elsewhere,
        progress=lambda share, message: job.tell(ready * share, message),
    )
    total = len(recordings)
    _refuse_nothing(found, rejected, total)
    heard = None
    if job.ear is not None:
        heard = inquiry.listen(
            found,
            job.data,
            job.audio.sample_rate,
            job.ear,
            workers=job.workers,
            progress=lambda share, message: job.tell(ready + (0.7 - ready) * share, message),
        )
    key = aligners.key(found, job.aligner)
    aligned = aligners.alignments(
        found,
        job.data,
        job.audio,
        job.aligner,
        key,
        lambda share, message: job.tell(0.7 + 0.3 * share, message),
    )
    kept = [index for index, alignment in enumerate(aligned.alignments) if alignment is not None]
    for index in sorted(set(range(len(found))) - set(kept)):
        rejected.setdefault(checks.UNALIGNED, []).append(printable(found[index].recording.id))
    _refuse_nothing(kept, rejected, total)
    good = [each for each in aligned.alignments if each is not None]
    judgement = inquiry.judge(
        [found[index] for index in kept],
        good,
        None if heard is None else [heard[index] for index in kept],
        job.data,
        job.audio.sample_rate,
        inquiry.key(key, job.ear),
    )
    out = deciding.left_out(judgement.suspects, job.leave_out, job.decisions)
    made = [
        (found[index], _entry(found[index], each, job.source, job.audio))
        for index, each in zip(kept, good, strict=True)
    ]
    used = [pair for pair in made if pair[1].id not in out]
    left_out = [entry for _, entry in made if entry.id in out]
    for entry in left_out:
        rejected.setdefault(out[entry.id], []).append(printable(entry.id))
    _refuse_nothing(used, rejected, total)
    held = held_out((entry.prompt for _, entry in used), job.holdout, job.seed)
    entries = [replace(entry, split=manifest.SPLITS[entry.prompt in held]) for _, entry in used]
    _note(job, notes, [candidate for candidate, _ in used], judgement, aligned, out)
    for name in sorted(job.decisions.keys() - {each.id for each in recordings}):
        notes.setdefault(deciding.UNKNOWN, []).append(printable(name))
    report = replace(
        _report(total, [candidate for candidate, _ in used], entries, rejected, notes),
        judgement=judgement,
        expected=amount.expected(sum(entry.seconds for entry in entries)),
        left_out=tuple(entry.id for entry in left_out),
        alignment_gain=None if aligned.trust is None else round(aligned.trust.gain, 3),
    )
    # In this order: whoever is stopped between the two finds no description, rather than a wrong one.
    (job.data / manifest.DESCRIPTION).unlink(missing_ok=True)
    manifest.write_manifest(job.data, entries, left_out)
    trust = aligned.trust
    manifest.write_description(
        job.data,
        job.audio,
        corpus=job.title,
        licence=_licence(job),
        recordings=report.used,
        seconds=report.seconds,
        heldout=report.heldout,
        alignment=key,
        **({"alignment_gain": [trust.gain, trust.even]} if trust else {}),
        **({"denoise_db": job.denoise} if job.denoise else {}),
        **({"teacher": job.teacher} if job.teacher else {}),
    )
    report.write(job.data, job.title)
    page.write(job.data, job.source, job.title, report, [entry for _, entry in made])
    data_folder.remove_stale(job.data, {entry.features for _, entry in made})
    job.tell(1.0, "prepared")
    return report


def _note(
    job: Job,
    notes: Reasons,
    used: Sequence[Candidate],
    judgement: Judgement,
    aligned: Aligned,
    out: Mapping[str, str],
) -> None:
    """Note what was noticed of recordings that are used, and of all of them."""
    for candidate in used:
        foreign = job.language is None and languages.looks_foreign(candidate.recording.text)
        own = (*candidate.transcript.notes, *candidate.finding.notes)
        for note in (*own, *[checks.FOREIGN] * foreign):
            notes.setdefault(note, []).append(printable(candidate.recording.id))
    for suspect in judgement.suspects:
        if suspect.id not in out and suspect.reason is not None:
            notes.setdefault(suspect.reason, []).append(printable(suspect.id))
    trust = aligned.trust
    poor = [] if trust is None else [UNLIKE] * trust.is_worthless or [POOR] * trust.is_poor
    for note in (*judgement.notes, *poor):
        notes.setdefault(note, [])


def _licence(job: Job) -> str | None:
    """Return the licence of the recordings: as given, as in the corpus, or as that of a teacher's speech."""
    if job.licence is not None:
        return job.licence
    return find_licence(job.source) or (job.teacher or {}).get("licence")


def _report(
    total: int, kept: Sequence[Candidate], entries: Sequence[Entry], rejected: Reasons, notes: Reasons
) -> Report:
    """Return the report on a corpus of which these recordings are used."""
    scores = [entry.alignment_score for entry in entries]
    return Report(
        recordings=total,
        used=len(entries),
        heldout=sum(entry.split == manifest.SPLITS[1] for entry in entries),
        seconds=round(sum(entry.seconds for entry in entries), 3),
        phones=sum(phone.is_speech for each in kept for phone in each.transcript.phones),
        rejected=rejected,
        notes=notes,
        unknown_words=sorted({word for each in kept for word in each.transcript.guessed}),
        alignment_score=Scores(sum(scores) / len(scores), min(scores)),
    )


def _refuse_nothing(left: Sequence[object], rejected: Reasons, total: int) -> None:
    if not left:
        reasons = ", ".join(f"{count} × {reason}" for reason, count in by_count(rejected)[:3])
        raise CorpusError(
            f"none of {total} recordings can be used: {reasons}",
            hint="do the texts and the sound files belong together?",
        )


def _entry(candidate: Candidate, alignment: Alignment, source: Path, settings: AudioSettings) -> Entry:
    """Return a recording's line in the manifest."""
    recording, finding = candidate.recording, candidate.finding
    root = source if source.is_dir() else source.parent
    inside = recording.audio.is_relative_to(root)
    return Entry(
        id=recording.id,
        text=recording.text,
        audio=(recording.audio.relative_to(root) if inside else recording.audio).as_posix(),
        prompt=recording.prompt,
        split=manifest.SPLITS[0],
        seconds=finding.frames * settings.hop / settings.sample_rate,
        frames=finding.frames,
        phones=tuple(phone.row for phone in alignment.phones),
        durations=alignment.durations,
        alignment_score=alignment.score,
        features=finding.features,
        key=finding.key,
    )

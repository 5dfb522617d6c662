"""`prepare`: recordings and their texts become a data folder that training reads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tiedtts import locking
from tiedtts.audio import mel
from tiedtts.audio.settings import AudioSettings
from tiedtts.choices import DENOISING, HELD_OUT
from tiedtts.corpus import aligners, candidates, checks, data_folder, manifest, provenance, readers, speakers
from tiedtts.corpus import language as languages
from tiedtts.corpus.aligners import Aligner, HmmAligner, Progress
from tiedtts.corpus.alignment import Alignment
from tiedtts.corpus.candidates import Candidate
from tiedtts.corpus.licence import find_licence
from tiedtts.corpus.manifest import Entry
from tiedtts.corpus.recordings import Recording
from tiedtts.corpus.report import Report, Scores, by_count
from tiedtts.corpus.split import held_out
from tiedtts.errors import ConfigError, CorpusError
from tiedtts.paths import StrPath, optional
from tiedtts.processes import cores
from tiedtts.quoting import printable
from tiedtts.text.pronounce.lexicon import read_user_lexicon

Reasons = dict[str, list[str]]
"""Names of recordings, or lines of the corpus, by what was noticed of them."""


@dataclass(frozen=True, kw_only=True)
class _Job:
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
    denoise: float
    tell: Progress


def prepare(
    source: StrPath,
    data: StrPath,
    *,
    format: str = "auto",
    speaker: str | None = None,
    language: str | None = None,
    workers: int | None = None,
    holdout: float = 0.05,
    settings: AudioSettings | None = None,
    lexicon: StrPath | None = None,
    seed: int = 0,
    licence: str | None = None,
    aligner: Aligner | None = None,
    denoise: float = 0.0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Check a corpus, compute features and alignments, and write the data folder.

    Can be stopped at any moment and run again: what is done is kept, and what changed is done anew.

    Args:
        source: The corpus, see `readers.read`.
        data: Folder to write; made if missing.
        format: Format of the corpus, or `auto`.
        speaker: Whose recordings are taken, where the corpus names several; see `speakers.of`.
        language: `en` takes the texts for English whatever they look like.
        workers: Number of processes; one for every core by default.
        holdout: Share of the prompts, 0 to 0.5, whose recordings are kept from training.
        settings: Rate, frames and pitch range; the defaults if not given.
        lexicon: A user lexicon.
        seed: Seed of the choice of what is held out.
        licence: Licence of the recordings; by default what a licence file in it, or its teacher, names.
        aligner: Aligns the recordings; by default models are trained on them, see `alignment.align`.
        denoise: By how much steady noise is taken down, dB, see `tiedtts.audio.denoising`.
        overwrite: Replace what `data` has of another corpus.
        progress: Told the share done, 0 to 1, and what goes on.

    Raises:
        ConfigError: An option does not fit, or the settings have too many mel bands for their window.
        ImportError: A package of the extra `train` is not installed.
        FolderError: `data` has another corpus, or another run writes to it.
        CorpusError: The corpus cannot be read, nothing in it can be used, or `data` holds other things.
        TextError: The lexicon cannot be read.
    """
    source = Path(source)
    data = Path(data)
    lexicon = optional(lexicon)
    if not HELD_OUT[0] <= holdout <= HELD_OUT[1]:
        raise ConfigError(f"`holdout` must be in [{HELD_OUT[0]:g}, {HELD_OUT[1]:g}], got: {holdout}")
    if workers is not None and workers < 1:
        raise ConfigError(f"`workers` must be at least 1, got: {workers}")
    if not DENOISING[0] <= denoise <= DENOISING[1]:
        raise ConfigError(f"`denoise` must be 0 to {DENOISING[1]:g} dB, got: {denoise:g}")

    def tell(share: float, message: str) -> None:
        if progress is not None:
            # Rounded, so that where one part ends and the next begins it never steps back.
            progress(round(share, 6), message)

    if lexicon is not None:
        read_user_lexicon(lexicon)
    # First of all: a corpus that is not finished has no list of its recordings either.
    teacher = provenance.of_finished(source)
    recordings, notes = readers.read(source, format)
    recordings = speakers.of(recordings, speaker)
    if language is None:
        languages.check(recordings)
    elif not language.casefold().startswith("en"):
        raise ConfigError(f"`language` must be `en`, got: {language}", hint="TiedTTS reads English only")
    notes = {note: [printable(name) for name in names] for note, names in notes.items()}
    job = _Job(
        source=source,
        data=data,
        language=language,
        title=source.resolve().name,
        workers=workers or cores(),
        holdout=holdout,
        audio=AudioSettings() if settings is None else settings,
        lexicon=lexicon,
        seed=seed,
        licence=licence,
        teacher=teacher,
        aligner=HmmAligner(data) if aligner is None else aligner,
        denoise=denoise,
        tell=tell,
    )
    # Settings that do not fit and a package that is missing show here, not in every recording.
    mel.filterbank(job.audio)
    data_folder.make(data)
    with locking.hold(data):
        if not overwrite:
            data_folder.check_corpus(data, job.title, recordings)
        return _fill(job, recordings, notes)


def _fill(job: _Job, recordings: Sequence[Recording], notes: Reasons) -> Report:
    """Fill a data folder that no other run writes to."""
    found, rejected = candidates.collect(
        recordings,
        job.data,
        job.audio,
        lexicon=job.lexicon,
        denoise=job.denoise,
        workers=job.workers,
        progress=lambda share, message: job.tell(0.7 * share, message),
    )
    total = len(recordings)
    _refuse_nothing(found, rejected, total)
    key = aligners.key(found, job.aligner)
    aligned = aligners.alignments(
        found,
        job.data,
        job.audio,
        job.aligner,
        key,
        lambda share, message: job.tell(0.7 + 0.3 * share, message),
    )
    kept: list[Candidate] = []
    entries: list[Entry] = []
    for candidate, alignment in zip(found, aligned, strict=True):
        if alignment is None:
            rejected.setdefault(checks.UNALIGNED, []).append(printable(candidate.recording.id))
        else:
            kept.append(candidate)
            entries.append(_entry(candidate, alignment, job.source, job.audio))
    _refuse_nothing(entries, rejected, total)
    held = held_out((entry.prompt for entry in entries), job.holdout, job.seed)
    entries = [replace(entry, split=manifest.SPLITS[entry.prompt in held]) for entry in entries]
    for candidate, far in zip(kept, checks.far_off(entry.alignment_score for entry in entries), strict=True):
        foreign = job.language is None and languages.looks_foreign(candidate.recording.text)
        own = (*candidate.transcript.notes, *candidate.finding.notes)
        for note in (*own, *[checks.FOREIGN] * foreign, *[checks.FAR_OFF] * far):
            notes.setdefault(note, []).append(printable(candidate.recording.id))
    report = _report(total, kept, entries, rejected, notes)
    # In this order: whoever is stopped between the two finds no description, rather than a wrong one.
    (job.data / manifest.DESCRIPTION).unlink(missing_ok=True)
    manifest.write_manifest(job.data, entries)
    manifest.write_description(
        job.data,
        job.audio,
        corpus=job.title,
        licence=_licence(job),
        recordings=report.used,
        seconds=report.seconds,
        heldout=report.heldout,
        alignment=key,
        **({"denoise_db": job.denoise} if job.denoise else {}),
        **({"teacher": job.teacher} if job.teacher else {}),
    )
    report.write(job.data, job.title)
    data_folder.remove_stale(job.data, {entry.features for entry in entries})
    job.tell(1.0, "prepared")
    return report


def _licence(job: _Job) -> str | None:
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

"""Recordings and their texts to a data folder that training reads."""

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tiedtts import locking, schema
from tiedtts.audio.settings import AudioSettings
from tiedtts.choices import DENOISING, HELD_OUT
from tiedtts.corpus import checks, data_folder, extraction, manifest, readers
from tiedtts.corpus.alignment import ALIGNMENT_VERSION, Alignment, align
from tiedtts.corpus.extraction import Finding
from tiedtts.corpus.features import Features
from tiedtts.corpus.manifest import Entry
from tiedtts.corpus.readers import Recording
from tiedtts.corpus.report import Report, Scores, by_count
from tiedtts.errors import ConfigError, CorpusError, TextError, is_out_of_memory
from tiedtts.quoting import printable
from tiedtts.text.frontend import FrontEnd, Word
from tiedtts.text.phones import Phone
from tiedtts.text.pronounce.lexicon import read_user_lexicon

ALIGNMENT_STATE = "alignment.npz"
"""File in the data folder while recordings are being aligned."""
GUESSED = "g2p-en"
"""Source of words that no dictionary has."""

_LICENCE_FILES = ("LICENSE", "LICENCE", "COPYING")
_FREE = re.compile(r"\bCC0\b|\bCC[- ]BY\b|\bpublic domain\b|creative commons attribution", re.IGNORECASE)

Progress = Callable[[float, str], None]
Reasons = dict[str, list[str]]
Pairs = Sequence[tuple[npt.NDArray[np.float32], Sequence[Phone]]]
"""Log mel spectrogram, (F, M), and phones of each recording."""


class Aligner(Protocol):
    """What may align recordings in place of `alignment.align`."""

    key: str
    """What changes when recordings must be aligned anew."""

    def __call__(
        self,
        items: Pairs,
        settings: AudioSettings,
        progress: Progress,
    ) -> list[Alignment]:
        """Align log mel spectrograms, (F, M), with their phones."""
        ...


@dataclass(frozen=True)
class _Spoken:
    """What a text comes to."""

    phones: tuple[Phone, ...] = ()
    guessed: tuple[str, ...] = ()
    """Words in no dictionary."""
    rejected: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Item:
    """A recording on its way."""

    recording: Recording
    spoken: _Spoken
    finding: Finding


def prepare(
    source: Path,
    data: Path,
    *,
    format: str = "auto",
    workers: int | None = None,
    holdout: float = 0.05,
    settings: AudioSettings | None = None,
    lexicon: Path | None = None,
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
        format: Of the corpus, or `auto`.
        workers: Number of processes; one for every core by default.
        holdout: Share of the prompts, 0 to 0.5, whose recordings are kept from training.
        settings: Rate, frames and pitch range; the defaults if not given.
        lexicon: A user lexicon.
        seed: Of the choice of what is held out.
        licence: Of the recordings; by default what a licence file in the corpus names.
        aligner: Aligns the recordings; by default models are trained on them, see `alignment.align`.
        denoise: By how much steady noise is taken down, dB, see `tiedtts.audio.denoising`.
        overwrite: What `data` has of another corpus may be lost.
        progress: Told the share done, 0 to 1, and what goes on.

    Raises:
        ConfigError: An option does not fit.
        FolderError: `data` has another corpus, or another run writes to it.
        CorpusError: The corpus cannot be read, nothing in it can be used, or `data` holds other things.
        TextError: The lexicon cannot be read.
    """
    if not HELD_OUT[0] <= holdout <= HELD_OUT[1]:
        raise ConfigError(f"`holdout` must be in [{HELD_OUT[0]:g}, {HELD_OUT[1]:g}], got: {holdout}")
    if workers is not None and workers < 1:
        raise ConfigError(f"`workers` must be at least 1, got: {workers}")
    if not DENOISING[0] <= denoise <= DENOISING[1]:
        raise ConfigError(f"`denoise` must be 0 to {DENOISING[1]:g} dB, got: {denoise:g}")
    audio = AudioSettings() if settings is None else settings

    def tell(share: float, message: str) -> None:
        if progress is not None:
            # Rounded, so that where one part ends and the next begins it never steps back.
            progress(round(share, 6), message)

    if lexicon is not None:
        read_user_lexicon(lexicon)
    recordings, notes = readers.read(source, format)
    notes = {note: [printable(name) for name in names] for note, names in notes.items()}
    title = source.resolve().name
    data_folder.make(data)
    with locking.hold(data):
        if not overwrite:
            data_folder.check_corpus(data, title, recordings)
        return _fill(
            recordings,
            notes,
            source,
            data,
            title,
            holdout=holdout,
            workers=workers or _cores(),
            audio=audio,
            lexicon=lexicon,
            seed=seed,
            licence=licence,
            aligner=aligner,
            denoise=denoise,
            tell=tell,
        )


def _fill(
    recordings: Sequence[Recording],
    notes: Reasons,
    source: Path,
    data: Path,
    title: str,
    *,
    holdout: float,
    workers: int,
    audio: AudioSettings,
    lexicon: Path | None,
    seed: int,
    licence: str | None,
    aligner: Aligner | None,
    denoise: float,
    tell: Progress,
) -> Report:
    """Fill a data folder that no other run writes to."""
    rejected: Reasons = {}
    items = _items(recordings, data, audio, lexicon, denoise, workers, tell, rejected)
    total = len(recordings)
    _refuse_nothing(items, rejected, total)
    state = _alignment_key(items, "" if aligner is None else aligner.key)

    def align_all(pairs: Pairs) -> list[Alignment]:
        def told(share: float, message: str) -> None:
            tell(0.7 + 0.3 * share, message)

        if aligner is not None:
            return aligner(pairs, audio, told)
        return align(pairs, progress=told, resume=data / ALIGNMENT_STATE)

    aligned = _alignments(items, data, state, align_all)
    entries = []
    for item, alignment in zip(items, aligned, strict=True):
        if alignment is None:
            rejected.setdefault(checks.UNALIGNED, []).append(printable(item.recording.id))
            continue
        entries.append(_entry(item, alignment, source, audio))
    _refuse_nothing(entries, rejected, total)
    held = held_out((entry.prompt for entry in entries), holdout, seed)
    entries = [replace(entry, split=manifest.SPLITS[entry.prompt in held]) for entry in entries]
    used = {entry.id for entry in entries}
    kept = [item for item in items if item.recording.id in used]
    for item, far in zip(kept, checks.far_off(entry.alignment_score for entry in entries), strict=True):
        for note in (*item.spoken.notes, *item.finding.notes, *[checks.FAR_OFF] * far):
            notes.setdefault(note, []).append(printable(item.recording.id))
    report = Report(
        recordings=total,
        used=len(entries),
        heldout=sum(entry.prompt in held for entry in entries),
        seconds=round(sum(entry.seconds for entry in entries), 3),
        phones=sum(phone.is_speech for item in kept for phone in item.spoken.phones),
        rejected=rejected,
        notes=notes,
        unknown_words=sorted({word for item in kept for word in item.spoken.guessed}),
        alignment_score=Scores(
            sum(entry.alignment_score for entry in entries) / len(entries),
            min(entry.alignment_score for entry in entries),
        ),
    )
    # In this order: whoever is stopped between the two finds no description, rather than a wrong one.
    (data / manifest.DESCRIPTION).unlink(missing_ok=True)
    manifest.write_manifest(data, entries)
    manifest.write_description(
        data,
        audio,
        corpus=title,
        licence=find_licence(source) if licence is None else licence,
        recordings=report.used,
        seconds=report.seconds,
        heldout=report.heldout,
        alignment=state,
        **({"denoise_db": denoise} if denoise else {}),
    )
    report.write(data, title)
    data_folder.remove_stale(data, {entry.features for entry in entries})
    tell(1.0, "prepared")
    return report


def held_out(prompts: Iterable[str], share: float, seed: int) -> set[str]:
    """Choose the prompts to keep from training: the same ones whenever the prompts are the same.

    Args:
        prompts: Of all recordings that can be used.
        share: Of the prompts; at least one if more than 0 and there are two.
        seed: Another seed, another choice.
    """
    ranked = sorted(set(prompts), key=lambda prompt: hashlib.sha256(f"{seed}:{prompt}".encode()).hexdigest())
    least = 1 if share > 0 and len(ranked) > 1 else 0
    return set(ranked[: max(least, round(share * len(ranked)))])


def find_licence(source: Path) -> str | None:
    """Return the line of a corpus's licence file that names a free licence, or None."""
    root = source if source.is_dir() else source.parent
    for path in sorted(root.iterdir()):
        if path.is_file() and path.stem.upper() in _LICENCE_FILES:
            lines = (line.strip() for line in readers.decode(path, {}).split("\n"))
            return next((line for line in lines if _FREE.search(line)), None)
    return None


def _cores() -> int:
    return os.cpu_count() or 1


def _items(
    recordings: Sequence[Recording],
    data: Path,
    settings: AudioSettings,
    lexicon: Path | None,
    denoise: float,
    workers: int,
    progress: Progress,
    rejected: Reasons,
) -> list[_Item]:
    """Return what can be aligned; the rest goes to `rejected`."""
    speak = _Speaker(lexicon)
    seen: set[str] = set()
    texts = []
    for number, recording in enumerate(recordings):
        if number % 100 == 0:
            progress(0.05 * number / len(recordings), f"text {number + 1} of {len(recordings)}")
        reason = _unfit(recording)
        spoken = _Spoken() if reason else speak(recording.text)
        reason = checks.DUPLICATE if recording.id in seen else reason or spoken.rejected
        seen.add(recording.id)
        if reason is None:
            texts.append((recording, spoken))
        else:
            rejected.setdefault(reason, []).append(printable(recording.id))
    findings = extraction.extract_all(
        [(recording.id, recording.audio) for recording, _ in texts],
        data,
        settings,
        denoise=denoise,
        workers=workers,
        progress=lambda share, message: progress(0.05 + 0.65 * share, message),
    )
    items = []
    for (recording, spoken), finding in zip(texts, findings, strict=True):
        speech = sum(phone.is_speech for phone in spoken.phones)
        reason = finding.rejected or checks.speaking_rate(speech, finding.speech)
        if reason is None:
            items.append(_Item(recording, spoken, finding))
        else:
            rejected.setdefault(reason, []).append(printable(recording.id))
    return items


def _unfit(recording: Recording) -> str | None:
    """Return why what a corpus says of a recording cannot be kept, if so."""
    fields = (recording.id, recording.text, recording.prompt, recording.audio.as_posix())
    if not all(map(schema.is_text, fields)):
        return checks.HALF
    return checks.LONG_TEXT if len(recording.text) > checks.MOST_CHARACTERS else None


class _Speaker:
    """Phones of texts; all takes of a text cost one look-up."""

    def __init__(self, lexicon: Path | None) -> None:
        self._front_end = FrontEnd(lexicon)
        self._known: dict[str, _Spoken] = {}

    def __call__(self, text: str) -> _Spoken:
        if text not in self._known:
            self._known[text] = self._speak(text)
        return self._known[text]

    def _speak(self, text: str) -> _Spoken:
        try:
            analysis = self._front_end.analyse(text)
        except TextError:
            return _Spoken(rejected=checks.UNSPEAKABLE)
        # A text that trips the front end up must not end the corpus with it.
        except Exception as error:
            if is_out_of_memory(error):
                raise
            return _Spoken(rejected=checks.UNREAD)
        phones: list[Phone] = []
        words: list[Word] = []
        for sentence in analysis.sentences:
            # A recording is one stretch of sound: the pause that ends a sentence is enough.
            start = 1 if phones else 0
            shift = len(words)
            phones += [
                replace(phone, word=phone.word + shift) if phone.word >= 0 else phone
                for phone in sentence.phones[start:]
            ]
            words += sentence.words
        if not any(phone.is_speech for phone in phones):
            return _Spoken(rejected=checks.UNSAID)
        guessed = tuple(word.text for word in words if word.source == GUESSED)
        notes = (checks.LEFT_OUT,) if analysis.warnings else ()
        return _Spoken(tuple(phones), guessed, None, notes)


def _refuse_nothing(left: Sequence[object], rejected: Reasons, total: int) -> None:
    if not left:
        reasons = ", ".join(f"{count} × {reason}" for reason, count in by_count(rejected)[:3])
        raise CorpusError(
            f"none of {total} recordings can be used: {reasons}",
            hint="do the texts and the sound files belong together?",
        )


def _alignment_key(items: Sequence[_Item], aligner: str) -> str:
    """Return what changes when the recordings must be aligned anew."""
    value = hashlib.sha256(f"{ALIGNMENT_VERSION}{aligner}".encode())
    for item in items:
        rows = [dataclasses.astuple(phone) for phone in item.spoken.phones]
        value.update(json.dumps([item.recording.id, item.finding.key, rows]).encode())
    return value.hexdigest()


def _alignments(
    items: Sequence[_Item],
    data: Path,
    key: str,
    align_all: Callable[[Pairs], list[Alignment]],
) -> list[Alignment | None]:
    """Return kept or new alignments; None for a recording that is too short."""
    kept = _kept_alignments(data, key)
    if kept is not None:
        return [kept.get(item.recording.id) for item in items]
    pairs = []
    for item in items:
        path = data / manifest.FEATURES / item.finding.features
        try:
            pairs.append((Features.load(path).mel, item.spoken.phones))
        except CorpusError:
            # Away with it, so that the next run does compute it again.
            path.unlink(missing_ok=True)
            raise
    return [alignment if alignment.score > float("-inf") else None for alignment in align_all(pairs)]


def _kept_alignments(data: Path, key: str) -> dict[str, Alignment] | None:
    """Return the alignments of an earlier run by id, if that was over the same recordings."""
    try:
        if manifest.read_provenance(data).get("alignment") != key:
            return None
        entries = manifest.read_manifest(data)
    except CorpusError:
        return None
    return {
        entry.id: Alignment(
            tuple(Phone(*row) for row in entry.phones), entry.durations, entry.alignment_score
        )
        for entry in entries
    }


def _entry(item: _Item, alignment: Alignment, source: Path, settings: AudioSettings) -> Entry:
    recording, finding = item.recording, item.finding
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
        phones=tuple((p.symbol, p.stress, p.position, p.clause, p.word) for p in alignment.phones),
        durations=alignment.durations,
        alignment_score=alignment.score,
        features=finding.features,
        key=finding.key,
    )

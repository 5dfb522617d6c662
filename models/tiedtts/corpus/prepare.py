"""`prepare`: recordings and their texts become a data folder to train from."""

import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import analysis, checks, manifest, readers
from tiedtts.corpus.alignment import ALIGNMENT_VERSION, Alignment, align
from tiedtts.corpus.analysis import Finding
from tiedtts.corpus.features import Features
from tiedtts.corpus.manifest import FEATURES, Entry
from tiedtts.corpus.readers import Recording
from tiedtts.corpus.report import Report
from tiedtts.errors import ConfigError, CorpusError
from tiedtts.text.frontend import FrontEnd
from tiedtts.text.phones import SILENCE, Phone

MOST_HELD_OUT = 0.5
POOR_SCORE = 5.0
"""A recording is worth a note if it fits its text this many standard deviations worse than the mean."""
RESUME = "alignment.npz"

_LICENCES = (
    (r"CC0|public domain dedication", "CC0-1.0"),
    (r"Attribution-ShareAlike 4\.0|CC BY-SA 4\.0", "CC-BY-SA-4.0"),
    (r"Attribution 4\.0|CC BY 4\.0", "CC-BY-4.0"),
    (r"public domain", "public domain"),
)

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class _Item:
    """A recording that can be used."""

    recording: Recording
    finding: Finding
    phones: tuple[Phone, ...]


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
    progress: Progress | None = None,
) -> Report:
    """Check, analyse and align a corpus. Stopped at any moment and called again, it goes on where it was.

    Args:
        source: Corpus, see `readers.read`.
        data: Folder to write; new, empty, or written by this function before.
        format: Of the corpus, see `readers.read`.
        workers: Processes; as many as there are cores if None.
        holdout: Share of the texts, not of the recordings, that training never sees, 0 to 0.5.
        settings: How samples become features.
        lexicon: File of own pronunciations.
        seed: Decides which texts are held out.
        licence: Of the recordings; read from the corpus' LICENSE if None.
        progress: Told the share done and what goes on.

    Raises:
        CorpusError: The corpus is not there or nothing of it can be used, or `data` holds something else.
        ConfigError: An argument is out of range.
    """
    if not 0 <= holdout <= MOST_HELD_OUT:
        raise ConfigError(f"`holdout` must be 0 to {MOST_HELD_OUT:g}, got: {holdout:g}")
    if workers is not None and workers < 1:
        raise ConfigError(f"`workers` must be at least 1, got: {workers}")
    tell = progress or (lambda share, text: None)
    settings = settings or AudioSettings()
    listing = readers.read(source, format)
    _claim(data)
    sorting = _Sorting()
    sorting.notes |= {note: [source.name] for note in listing.notes}
    if listing.unread:
        sorting.rejected["line that cannot be read"].extend(listing.unread)
    wanted = sorting.unique(listing.recordings)
    count = workers or os.cpu_count() or 1
    findings = analysis.analyse(wanted, data, settings, count, lambda s, t: tell(0.3 * s, t))
    items, guessed = sorting.usable(wanted, findings, FrontEnd(lexicon), settings)
    if not items:
        raise _nothing_usable(source, sorting)
    alignments = _align(items, data, lambda s, t: tell(0.3 + 0.7 * s, t))
    kept = sorting.aligned(items, alignments)
    if not kept:
        raise _nothing_usable(source, sorting)
    heldout = held_out([item.recording.prompt for item, _ in kept], holdout, seed)
    entries = [_entry(item, alignment, heldout, settings) for item, alignment in kept]
    licence = licence or _licence(source)
    report = Report(
        corpus=source.stem if source.is_file() else source.resolve().name,
        format=listing.format,
        licence=licence,
        recordings=len(listing.recordings),
        used=len(entries),
        heldout=sum(entry.split == "heldout" for entry in entries),
        prompts=len({entry.prompt for entry in entries}),
        seconds=round(sum(entry.seconds for entry in entries), 2),
        phones=sum(p.is_speech for item, _ in kept for p in item.phones),
        rejected=dict(sorting.rejected),
        notes=dict(sorting.notes),
        guessed_words=guessed,
        alignment_score=round(float(np.mean([entry.alignment_score for entry in entries])), 4),
    )
    manifest.write_manifest(data, entries)
    manifest.write_description(
        data,
        settings,
        corpus=report.corpus,
        licence=licence,
        recordings=report.used,
        seconds=report.seconds,
        heldout=report.heldout,
        alignment=_digest(items),
    )
    report.write(data)
    _sweep(data, {entry.features for entry in entries})
    tell(1.0, "prepared")
    return report


def held_out(prompts: Iterable[str], share: float, seed: int) -> set[str]:
    """Choose the texts that training never sees; a text is in or out with all its takes."""
    distinct = set(prompts)
    count = round(share * len(distinct))
    if share > 0 and len(distinct) > 1:
        count = max(1, count)
    return set(sorted(distinct, key=lambda p: hashlib.sha256(f"{seed}:{p}".encode()).hexdigest())[:count])


class _Sorting:
    """Who is left, and why the others are not."""

    def __init__(self) -> None:
        self.rejected: defaultdict[str, list[str]] = defaultdict(list)
        self.notes: defaultdict[str, list[str]] = defaultdict(list)

    def unique(self, recordings: Sequence[Recording]) -> list[Recording]:
        """Keep the first of each id."""
        seen: dict[str, Recording] = {}
        for recording in recordings:
            if recording.id in seen:
                self.rejected[checks.DUPLICATE].append(recording.id)
            else:
                seen[recording.id] = recording
        return list(seen.values())

    def usable(
        self,
        recordings: Sequence[Recording],
        findings: Sequence[Finding],
        front_end: FrontEnd,
        settings: AudioSettings,
    ) -> tuple[list[_Item], list[str]]:
        """Keep recordings with a sound and a text that fit; also return the words that were guessed."""
        items = []
        guessed: dict[str, None] = {}
        for recording, finding in zip(recordings, findings, strict=True):
            if finding.reason is not None:
                self.rejected[finding.reason].append(recording.id)
                continue
            phones, words = join(front_end, recording.text)
            count = sum(phone.is_speech for phone in phones)
            if not count:
                self.rejected[checks.NOTHING_TO_SAY].append(recording.id)
            elif not checks.rate_fits(count, finding.frames / settings.frame_rate):
                self.rejected[checks.RATE].append(recording.id)
            else:
                items.append(_Item(recording, finding, phones))
                guessed |= dict.fromkeys(words)
                for note in finding.notes:
                    self.notes[note].append(recording.id)
        return items, sorted(guessed)

    def aligned(
        self, items: Sequence[_Item], alignments: Sequence[Alignment]
    ) -> list[tuple[_Item, Alignment]]:
        """Keep those that could be aligned."""
        scores = np.array([a.score for a in alignments])
        finite = scores[np.isfinite(scores)]
        poor = finite.mean() - POOR_SCORE * finite.std() if len(finite) else -np.inf
        kept = []
        for item, alignment in zip(items, alignments, strict=True):
            if not np.isfinite(alignment.score):
                self.rejected[checks.UNALIGNED].append(item.recording.id)
                continue
            if alignment.score < poor:
                self.notes[checks.POOR_FIT].append(item.recording.id)
            kept.append((item, alignment))
        return kept


def join(front_end: FrontEnd, text: str) -> tuple[tuple[Phone, ...], list[str]]:
    """Return the phones of all sentences of a text in a row, and the words whose phones were guessed."""
    phones: list[Phone] = []
    guessed: list[str] = []
    words = 0
    for sentence in front_end(text):
        for phone in sentence.phones:
            if phones and phone.symbol == SILENCE:
                continue
            phones.append(replace(phone, word=phone.word + words) if phone.word >= 0 else phone)
        words += len(sentence.words)
        guessed += [word.text.lower() for word in sentence.words if word.source == "g2p-en"]
    return tuple(phones), guessed


def _claim(data: Path) -> None:
    """Make the folder, or see that it is one of ours."""
    own = (manifest.DESCRIPTION, FEATURES, analysis.INDEX)
    if data.exists() and not data.is_dir():
        raise CorpusError(f"{data} is a file, not a folder", hint="choose another name for the data folder")
    if data.is_dir() and any(data.iterdir()) and not any((data / name).exists() for name in own):
        raise CorpusError(f"{data} holds other files", hint="choose a new folder for the data")
    try:
        (data / FEATURES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CorpusError(f"cannot write {data}: {error.strerror}") from error


def _digest(items: Sequence[_Item]) -> str:
    """Return what decides an alignment, in short."""
    digest = hashlib.sha256(str(ALIGNMENT_VERSION).encode())
    for item in items:
        rows = [(p.symbol, p.stress, p.position, p.clause, p.word) for p in item.phones]
        digest.update(json.dumps([item.recording.id, item.finding.key, rows]).encode())
    return digest.hexdigest()


def _align(items: Sequence[_Item], data: Path, tell: Progress) -> list[Alignment]:
    """Align, or take the alignment of an earlier run over the same recordings and phones."""
    try:
        before = {entry.id: entry for entry in manifest.read_manifest(data)}
        same = manifest.read_provenance(data)["alignment"] == _digest(items)
    except (CorpusError, KeyError):
        before, same = {}, False
    if same and all(item.recording.id in before for item in items):
        tell(1.0, "aligned before")
        return [
            Alignment(tuple(Phone(*row) for row in e.phones), e.durations, e.alignment_score)
            for e in (before[item.recording.id] for item in items)
        ]
    mels = [Features.load(data / FEATURES / item.finding.features).mel for item in items]
    pairs = [(mel, item.phones) for mel, item in zip(mels, items, strict=True)]
    return align(pairs, progress=tell, resume=data / RESUME)


def _entry(item: _Item, alignment: Alignment, heldout: set[str], settings: AudioSettings) -> Entry:
    recording, finding = item.recording, item.finding
    return Entry(
        recording.id,
        recording.text,
        recording.audio.name,
        recording.prompt,
        "heldout" if recording.prompt in heldout else "train",
        round(finding.frames / settings.frame_rate, 4),
        finding.frames,
        tuple((p.symbol, p.stress, p.position, p.clause, p.word) for p in alignment.phones),
        tuple(int(n) for n in alignment.durations),
        round(float(alignment.score), 4),
        finding.features,
        finding.key,
    )


def _licence(source: Path) -> str | None:
    """Recognise the licence of a corpus by the file that states it."""
    folder = source if source.is_dir() else source.parent
    for name in ("LICENSE", "LICENCE", "LICENSE.txt", "LICENSE.md", "COPYING"):
        if (folder / name).is_file():
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            for pattern, licence in _LICENCES:
                if re.search(pattern, text, re.IGNORECASE):
                    return licence
    return None


def _nothing_usable(source: Path, sorting: _Sorting) -> CorpusError:
    reasons = sorted(sorting.rejected.items(), key=lambda pair: -len(pair[1]))
    counts = ", ".join(f"{len(names)} {reason}" for reason, names in reasons[:4])
    return CorpusError(
        f"no recording of {source} can be used: {counts or 'it lists none'}",
        hint="check that the texts and the sound files belong together",
    )


def _sweep(data: Path, used: set[str]) -> None:
    """Remove features that no recording has any more."""
    for path in (data / FEATURES).glob("*.npz"):
        if path.name not in used:
            path.unlink()

"""The corpus in memory: utterances of a data folder for training and held out, and their scale."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts.audio.pitch import oscillator_phase
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus.features import Features
from tiedtts.corpus.manifest import Entry, read_manifest, read_settings
from tiedtts.errors import CorpusError
from tiedtts.paths import StrPath
from tiedtts.text.phones import Phone, encode

ILLUSTRATED = 2
"""Recordings that pictures and sounds are made of while a net trains."""
ILLUSTRATED_S = 8.0
"""Seconds that such a recording lasts at most, if there are any so short."""
LEADING_FRAMES = 8
"""Silence kept before the first phone."""
TRAILING_FRAMES = 14
"""Silence kept after the last phone."""


@dataclass(frozen=True)
class Utterance:
    """One recording with its phones; silence at the edges is cut."""

    name: str
    text: str
    phones: tuple[Phone, ...]
    ids: npt.NDArray[np.int64]
    """Phone, stress, position and clause ids, (T, 4)."""
    durations: npt.NDArray[np.int64]
    """Frames of each phone, (T,)."""
    features: Features
    """F frames."""
    score: float
    """Mean log density of a frame under the alignment."""


@dataclass(frozen=True)
class Scale:
    """Means and standard deviations over the training recordings, to normalise with."""

    mel_mean: float
    mel_std: float
    log_f0_mean: float
    log_f0_std: float


@dataclass(frozen=True)
class Corpus:
    """Recordings for training and those held out."""

    audio: AudioSettings
    train: tuple[Utterance, ...]
    heldout: tuple[Utterance, ...]

    @property
    def illustrated(self) -> tuple[Utterance, ...]:
        """The recordings that all parts are illustrated with: of different texts, held out if any are."""
        known: set[str] = set()
        ranks: list[tuple[bool, bool]] = []
        recordings = self.heldout or self.train
        for utterance in recordings:
            long = utterance.features.frames > ILLUSTRATED_S * self.audio.frame_rate
            ranks.append((long, utterance.text in known))
            known.add(utterance.text)
        order = sorted(range(len(recordings)), key=ranks.__getitem__)
        return tuple(recordings[place] for place in order[:ILLUSTRATED])

    @property
    def scale(self) -> Scale:
        """Mean and standard deviation of mel values and of voiced log F0 in the training recordings."""
        mel = np.concatenate([u.features.mel for u in self.train])
        pitch = np.concatenate([u.features.log_f0[u.features.voiced] for u in self.train])
        if len(pitch) < 2 or pitch.std() < 1e-3 or mel.std() < 1e-3:
            raise CorpusError(
                "the training recordings have no pitch, or never change it",
                hint="are these recordings of speech? `f0_min` and `f0_max` bound the pitch",
            )
        # Rounded, so that the same corpus gives the same voice whatever the order of summation.
        return Scale(*(round(float(v), 4) for v in (mel.mean(), mel.std(), pitch.mean(), pitch.std())))


def chosen(entries: Sequence[Entry], most: int, seed: int) -> list[Entry]:
    """Return entries in their order, with so many of the training recordings at most.

    Args:
        entries: Entries of a data folder.
        most: Training recordings that stay; 0 keeps all. All that are held out stay.
        seed: Seed of the choice.
    """
    train = [place for place, entry in enumerate(entries) if entry.split == "train"]
    if not most or len(train) <= most:
        return list(entries)
    kept = np.random.default_rng(seed).choice(len(train), most, replace=False)
    left_out = set(train) - {train[place] for place in kept}
    return [entry for place, entry in enumerate(entries) if place not in left_out]


def load(data: StrPath, left_out: list[str] | None = None, most: int = 0, seed: int = 0) -> Corpus:
    """Read a data folder made by `prepare`.

    Args:
        data: The folder.
        left_out: Takes the recordings that are damaged, with the reason. Without it one of them is an error:
            a training would be another one without it.
        most: Training recordings to read at most, see `chosen`; 0 reads all.
        seed: Seed of their choice.

    Raises:
        CorpusError: It is not a data folder, is damaged, or has nothing to train on.
    """
    data = Path(data)
    entries = chosen(read_manifest(data), most, seed)
    settings = read_settings(data)
    train: list[Utterance] = []
    heldout: list[Utterance] = []
    for entry in entries:
        try:
            utterance = _utterance(data, settings, entry)
        except CorpusError as error:
            if left_out is None:
                raise
            left_out.append(f"{entry.id}: {error}")
            continue
        (train if entry.split == "train" else heldout).append(utterance)
    if not train:
        raise CorpusError(f"{data} has no training recordings", hint="prepare with less held out")
    return Corpus(settings, tuple(train), tuple(heldout))


def _utterance(data: Path, settings: AudioSettings, entry: Entry) -> Utterance:
    """Read the features of an entry and cut the silence at their edges."""
    features = Features.load(data / "features" / entry.features)
    durations = np.array(entry.durations, dtype=np.int64)
    try:
        phones = tuple(Phone(*row) for row in entry.phones)
        ids = encode(phones)
    except (TypeError, KeyError, IndexError, OverflowError) as error:
        raise CorpusError(
            f"the phones of `{entry.id}` are not of this version: {error}",
            hint="run `tiedtts prepare` again",
        ) from error
    agree = len(phones) == len(durations) and durations.sum() == features.frames
    agree = agree and features.mel.shape[1:] == (settings.n_mels,) and durations.min(initial=0) >= 0
    if not agree or not features.frames or len(features.samples) != features.frames * settings.hop:
        raise CorpusError(
            f"manifest and features of `{entry.id}` do not agree",
            hint="run `tiedtts prepare` again",
        )
    start, end = 0, features.frames
    if not phones[0].is_speech:
        start = max(0, int(durations[0]) - LEADING_FRAMES)
        durations[0] -= start
    if not phones[-1].is_speech:
        end -= max(0, int(durations[-1]) - TRAILING_FRAMES)
        durations[-1] -= features.frames - end
    return Utterance(
        entry.id,
        entry.text,
        phones,
        ids,
        durations,
        cut(features, start, end, settings.sample_rate),
        entry.alignment_score,
    )


def cut(features: Features, start: int, end: int, sample_rate: int) -> Features:
    """Return frames `start` to `end` of a recording's features; `sample_rate` in Hz."""
    hop = len(features.samples) // features.frames
    phase = features.phase[start:end]
    if start:
        # The phase is relative to an oscillator that now starts later: add what it had turned by then.
        turned = oscillator_phase(features.log_f0, hop, sample_rate)[start * hop - 1]
        phase = np.angle(np.exp(1j * (phase + turned))).astype(np.float32)
    return Features(
        features.samples[start * hop : end * hop],
        features.mel[start:end],
        features.log_f0[start:end],
        features.voiced[start:end],
        phase,
    )

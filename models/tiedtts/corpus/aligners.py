"""Aligners: the alignments of a data folder are kept from an earlier run, or made by one of them."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import alignment, manifest, trust
from tiedtts.corpus.alignment import ALIGNMENT_VERSION, Alignment
from tiedtts.corpus.candidates import Candidate
from tiedtts.corpus.features import Features
from tiedtts.corpus.trust import Trust
from tiedtts.errors import CorpusError
from tiedtts.text.phones import Phone

STATE = "alignment.npz"
"""File in the data folder while recordings are being aligned."""

Progress = Callable[[float, str], None]
"""Told the share done, 0 to 1, and what goes on."""
Pairs = Sequence[tuple[npt.NDArray[np.float32], Sequence[Phone]]]
"""Log mel spectrogram, (F, M), and phones of each recording."""


@dataclass(frozen=True)
class Aligned:
    """The alignments of a data folder."""

    alignments: Sequence[Alignment | None]
    """None for a recording that is too short for its phones."""
    trust: Trust | None
    """How much they tell; None if nobody knows."""


class Aligner(Protocol):
    """Any callable that aligns recordings."""

    key: str
    """Digest of the aligner: recordings are aligned anew when it changes."""

    def __call__(
        self,
        items: Pairs,
        settings: AudioSettings,
        progress: Progress,
    ) -> list[Alignment]:
        """Align log mel spectrograms, (F, M), with their phones."""
        ...


class HmmAligner:
    """Aligns by Markov models that are trained on the recordings themselves, see `alignment.align`.

    Args:
        data: The data folder, where the state of the training is kept.
    """

    key = ""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, items: Pairs, settings: AudioSettings, progress: Progress) -> list[Alignment]:
        """Align log mel spectrograms, (F, M), with their phones."""
        return alignment.align(items, progress=progress, resume=self.data / STATE)


def key(candidates: Sequence[Candidate], aligner: Aligner) -> str:
    """Return a digest that changes when the recordings must be aligned anew."""
    value = hashlib.sha256(f"{ALIGNMENT_VERSION}{aligner.key}".encode())
    for each in candidates:
        rows = [phone.row for phone in each.transcript.phones]
        value.update(json.dumps([each.recording.id, each.finding.key, rows]).encode())
    return value.hexdigest()


def alignments(
    candidates: Sequence[Candidate],
    data: Path,
    settings: AudioSettings,
    aligner: Aligner,
    key: str,
    progress: Progress,
) -> Aligned:
    """Return kept or new alignments; None for a recording that is too short.

    Args:
        candidates: The recordings.
        data: The data folder, with their features.
        settings: Rate, frames and pitch range.
        aligner: Makes new alignments.
        key: Digest that `key` returns for them.
        progress: Told the share done and what goes on.

    Raises:
        CorpusError: A file of features is damaged, and the next run computes it again; or the aligner knows
            nothing.
    """
    kept = _kept(data, key)
    if kept is not None:
        gain = manifest.read_provenance(data).get("alignment_gain")
        found = [kept.get(each.recording.id) for each in candidates]
        return Aligned(found, Trust(*gain) if isinstance(gain, list) and len(gain) == 2 else None)
    pairs = []
    for each in candidates:
        path = data / manifest.FEATURES / each.finding.features
        try:
            pairs.append((Features.load(path).mel, each.transcript.phones))
        except CorpusError:
            # Away with it, so that the next run does compute it again.
            path.unlink(missing_ok=True)
            raise
    if aligner.key and len(pairs) > 2 * trust.MOST:
        # Before hours are spent.
        few = pairs[:: len(pairs) // trust.MOST]
        _refuse_worthless(trust.judge(few, aligner(few, settings, lambda share, message: None)))
    made = aligner(pairs, settings, progress)
    trusted = trust.judge(pairs, made)
    if aligner.key:
        _refuse_worthless(trusted)
    return Aligned([each if each.score > float("-inf") else None for each in made], trusted)


def _refuse_worthless(found: Trust | None) -> None:
    """Refuse an aligner that tells nothing of this speech.

    Raises:
        CorpusError: It does not.
    """
    if found is not None and found.is_worthless:
        raise CorpusError(
            "the aligner knows nothing of this speech: its phones fit the sound no better "
            f"({found.gain:.2f} nats a frame) than dividing each recording evenly ({found.even:.2f})",
            hint="leave `--aligner` out, or train it longer: about 4 nats are usual",
        )


def _kept(data: Path, key: str) -> dict[str, Alignment] | None:
    """Return the alignments of an earlier run by id, if that was over the same recordings."""
    try:
        if manifest.read_provenance(data).get("alignment") != key:
            return None
        entries = [*manifest.read_manifest(data), *manifest.read_left_out(data)]
    except CorpusError:
        return None
    return {
        entry.id: Alignment(
            tuple(Phone(*row) for row in entry.phones), entry.durations, entry.alignment_score
        )
        for entry in entries
    }

"""Forced alignment of a whole corpus from a flat start: which frames belong to which phone.

Monophone mixtures on 39 cepstral features, two states a phone, an optional silence between words. It takes
a few minutes for an hour of speech and needs nothing but the corpus.
"""

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts import storage
from tiedtts.corpus import hmm
from tiedtts.text.phones import CONSONANTS, POSITIONS, SILENCE, VOWELS, Phone

ALIGNMENT_VERSION = 1
"""Part of the key under which alignments are kept."""
STATES = 2
"""States of each phone; silence has one."""
PASSES = (1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 4, 4, 4, 8, 8, 8)
"""Mixture components in each training pass."""
MOVE_PENALTY = -0.5
"""Log probability of leaving a state: rather stay, all else equal."""
SHORTEST_PAUSE = 5
"""Frames; a shorter silence between words belongs to the phone before it."""
CEPSTRA = 13

_CLASSES = {symbol: index for index, symbol in enumerate((SILENCE, *CONSONANTS, *VOWELS))}
_STATE_COUNT = 1 + (len(_CLASSES) - 1) * STATES
_WORD_START = (POSITIONS.index("begin"), POSITIONS.index("single"))


@dataclass(frozen=True)
class Alignment:
    """How long each phone of a recording lasts."""

    phones: tuple[Phone, ...]
    """The given phones, and a silence wherever the speaker paused without punctuation."""
    durations: tuple[int, ...]
    """Frames, F in all; a pause may have none."""
    score: float
    """Mean log density of a frame; minus infinity if the recording is shorter than its phones."""


@dataclass(frozen=True)
class _Chain:
    """The states of one recording."""

    phones: tuple[Phone, ...]
    given: npt.NDArray[np.bool_]
    """Whether a phone stands in the transcript, rather than a silence put between two words."""
    states: npt.NDArray[np.int64]
    """Mixture of each state of the chain, (N,)."""
    owners: npt.NDArray[np.int64]
    """Phone of each state, (N,)."""
    skips: npt.NDArray[np.int64]
    """Where a state can be entered from past a silence, or -1, (N,)."""


def align(
    items: Sequence[tuple[npt.NDArray[np.float32], Sequence[Phone]]],
    *,
    progress: Callable[[float, str], None] | None = None,
    resume: Path | None = None,
) -> list[Alignment]:
    """Align recordings to their phones.

    Args:
        items: Log mel spectrogram, (F, M), and phones of each recording.
        progress: Told the share done and what goes on.
        resume: File to keep the state of the passes in, and to go on from.
    """
    chains = [_chain(phones) for _, phones in items]
    features = [cepstra(mel) for mel, _ in items]
    frames = np.concatenate(features)
    fingerprint = _fingerprint(items)
    start, labels = _restore(resume, fingerprint)
    if labels is None:
        labels = [_flat(mel, chain) for (mel, _), chain in zip(items, chains, strict=True)]
    alignments: list[Alignment] = []
    for number in range(start, len(PASSES)):
        if progress is not None:
            progress(number / len(PASSES), f"alignment pass {number + 1} of {len(PASSES)}")
        mixtures = hmm.fit(frames, np.concatenate(labels), _STATE_COUNT, PASSES[number], seed=number)
        alignments = []
        for index, chain in enumerate(chains):
            scores = mixtures.log_likelihood(features[index])[:, chain.states]
            path, total = hmm.best_path(scores, chain.skips, MOVE_PENALTY)
            if total == float("-inf"):
                path = np.linspace(0, len(chain.states) - 1, len(scores)).round().astype(np.int64)
            labels[index] = chain.states[path]
            durations = np.bincount(chain.owners[path], minlength=len(chain.phones))
            alignments.append(collect(chain.phones, chain.given.tolist(), durations, total / len(scores)))
        if resume is not None and number + 1 < len(PASSES):
            _keep(resume, fingerprint, number + 1, labels)
    if resume is not None:
        resume.unlink(missing_ok=True)
    if progress is not None:
        progress(1.0, "aligned")
    return alignments


def with_pauses(phones: Sequence[Phone]) -> tuple[list[Phone], list[bool]]:
    """Put a silence before each word that has none, and say which phones were there before."""
    line: list[Phone] = []
    given: list[bool] = []
    for phone in phones:
        if line and line[-1].is_speech and phone.is_speech and phone.position in _WORD_START:
            line.append(Phone(SILENCE, clause=phone.clause))
            given.append(False)
        line.append(phone)
        given.append(True)
    return line, given


def _chain(phones: Sequence[Phone]) -> _Chain:
    """Lay out the states of a recording, with a silence that may be skipped before each word."""
    line, given = with_pauses(phones)
    states: list[int] = []
    owners: list[int] = []
    skips: list[int] = []
    for index, phone in enumerate(line):
        symbol = phone.symbol if phone.is_speech else SILENCE
        mixture = _CLASSES[symbol]
        count = STATES if mixture else 1
        after_silence = phone.is_speech and index >= 2 and not line[index - 1].is_speech
        for state in range(count):
            skips.append(len(states) - 2 if after_silence and state == 0 else -1)
            states.append(1 + (mixture - 1) * STATES + state if mixture else 0)
            owners.append(index)
    return _Chain(tuple(line), np.array(given), np.array(states), np.array(owners), np.array(skips))


def collect(
    line: Sequence[Phone], given: Sequence[bool], durations: npt.NDArray[np.int64], score: float
) -> Alignment:
    """Keep the silences that are pauses, give the frames of the others to the phone before.

    Args:
        line: Phones and silences, see `with_pauses`.
        given: Which of them stay whatever their length.
        durations: Frames of each.
        score: Score of the alignment.
    """
    phones: list[Phone] = []
    frames: list[int] = []
    for phone, stays, duration in zip(line, given, durations.tolist(), strict=True):
        if stays or duration >= SHORTEST_PAUSE:
            phones.append(replace(phone))
            frames.append(duration)
        else:
            frames[-1] += duration
    return Alignment(tuple(phones), tuple(frames), score)


def cepstra(mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return 13 cepstra with their slopes and the slopes of these, (F, M) to (F, 39).

    Mean and variance of the recording are taken out, which makes up for level and microphone.
    """
    from scipy.fft import dct

    cepstra = dct(mel, axis=1, norm="ortho")[:, :CEPSTRA]
    cepstra = (cepstra - cepstra.mean(0)) / (cepstra.std(0) + 1e-3)
    slopes = _slopes(cepstra)
    # Slopes are small numbers: weighted to the spread of the cepstra themselves.
    return np.concatenate([cepstra, 2 * slopes, 3 * _slopes(slopes)], 1).astype(np.float32)


def _slopes(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the regression slope over five frames, (F, D) to (F, D)."""
    p = np.pad(values, ((2, 2), (0, 0)), "edge")
    return ((2 * (p[4:] - p[:-4]) + p[3:-1] - p[1:-3]) / 10).astype(np.float32)


def _flat(mel: npt.NDArray[np.float32], chain: _Chain) -> npt.NDArray[np.int64]:
    """Start: spread the speech states evenly between the first and the last loud frame."""
    energy = mel.mean(1)
    low, high = np.percentile(energy, [5, 95])
    threshold = low + 0.25 * (high - low)
    loud = np.flatnonzero(energy > threshold)
    labels = np.zeros(len(mel), np.int64)
    speech = chain.states[chain.states > 0]
    if len(loud) and len(speech):
        first, count = loud[0], loud[-1] + 1 - loud[0]
        labels[first : first + count] = speech[np.arange(count) * len(speech) // count]
    labels[energy < threshold - 0.5] = 0
    return labels


def _fingerprint(items: Sequence[tuple[npt.NDArray[np.float32], Sequence[Phone]]]) -> str:
    """Return a digest of what is aligned, so that a kept state is used for nothing else."""
    digest = hashlib.sha256(str(ALIGNMENT_VERSION).encode())
    for mel, phones in items:
        digest.update(" ".join(phone.symbol for phone in phones).encode())
        digest.update(np.ascontiguousarray(mel[:: max(1, len(mel) // 8)]).tobytes())
    return digest.hexdigest()


def _keep(path: Path, fingerprint: str, number: int, labels: list[npt.NDArray[np.int64]]) -> None:
    """Write the state labels after a pass."""
    import io

    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        fingerprint=fingerprint,
        number=number,
        labels=np.concatenate(labels).astype(np.uint8),
        lengths=[len(label) for label in labels],
    )
    storage.write_bytes(path, buffer.getvalue(), sync=False)


def _restore(path: Path | None, fingerprint: str) -> tuple[int, list[npt.NDArray[np.int64]] | None]:
    """Read the labels of an earlier run over the same items, or start from nothing."""
    if path is None or not path.is_file():
        return 0, None
    try:
        with path.open("rb") as file, np.load(file) as kept:
            if str(kept["fingerprint"]) != fingerprint:
                return 0, None
            bounds = np.cumsum(kept["lengths"])[:-1]
            return int(kept["number"]), np.split(kept["labels"].astype(np.int64), bounds)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # A kept state only saves time: a damaged one costs nothing but that.
        return 0, None

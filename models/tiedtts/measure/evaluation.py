"""A voice against the held-out recordings of its corpus: the numbers behind `eval`."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus.features import Features, extract
from tiedtts.corpus.manifest import Entry, read_manifest, read_settings
from tiedtts.errors import CorpusError, VoiceError
from tiedtts.measure import judging, listener, quality, recognition
from tiedtts.measure.judging import Counts, Judge
from tiedtts.measure.listener import Listener, PhoneErrorRate
from tiedtts.measure.quality import Comparison, Distances
from tiedtts.paths import StrPath, optional
from tiedtts.text.phones import Phone


class Spoken(Protocol):
    """The properties of a rendering that are read."""

    @property
    def samples(self) -> npt.NDArray[np.float32]:
        """Full scale 1, (S,)."""

    @property
    def sample_rate(self) -> int:
        """Hz."""

    @property
    def phones(self) -> Sequence[Phone]:
        """Phones and pauses that were said."""


class Synthesizer(Protocol):
    """The method of a voice that is called."""

    def say(self, text: str, *, seed: int = 0) -> Spoken:
        """Speak a text; the same text and seed give the same samples."""


@dataclass(frozen=True, kw_only=True)
class Evaluation(Distances):
    """How a voice compares with recordings of the texts it spoke."""

    recordings: int
    """Held-out recordings that were compared. Where a text has several takes, each is a reference
    of its own and their mean is given, not the nearest."""
    phone_error_rate: PhoneErrorRate | None
    """None without a recogniser."""
    real_time_factor: float
    """Seconds of computing a second of speech, text included, loading left out."""
    between_takes: Distances | None
    """Distances between two takes of a text by the speaker: what is not an error.
    None where no held-out text was recorded twice."""
    left_out: tuple[str, ...] = ()
    """Held-out recordings whose features cannot be read, with the reason."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        values = asdict(self)
        rate = self.phone_error_rate
        if rate is not None and rate.interval is not None:
            values["phone_error_rate"]["interval"] = list(rate.interval)
        left_out = values.pop("left_out")
        return {"recordings": self.recordings} | values | ({"left_out": list(left_out)} if left_out else {})


@dataclass(frozen=True)
class _Verdict:
    """Measurements on one text."""

    comparisons: Sequence[Comparison]
    """With each of its recordings."""
    between: Sequence[Comparison]
    """Comparisons of each recording with the next."""
    computing_s: float
    speech_s: float


def evaluate(
    voice: Synthesizer,
    data: StrPath,
    *,
    aligner: StrPath | None = None,
    run_aligner: StrPath | None = None,
    limit: int | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Evaluation:
    """Let a voice speak the held-out texts of a data folder and compare it with the recordings.

    Args:
        voice: Speaks at the sampling rate of the data folder.
        data: Folder made by `prepare`.
        aligner: Checkpoint with the recogniser that counts wrong phones, and no other.
        run_aligner: Checkpoint of the run that the voice is from, see `judging.of_run`. It judges unless it
            hears too much of the recordings wrongly; then the package's own does, if it was trained on
            features like those of the data folder.
        limit: Number of recordings; all of them without it.
        progress: Is told the share that is done, 0 to 1, and the text that comes next.

    Raises:
        CorpusError: It is not a data folder, or nothing was held out.
        VoiceError: The voice has another sampling rate, or says nothing.
        CheckpointError: The recogniser cannot be read or needs other features.
    """
    data = Path(data)
    settings = read_settings(data)
    entries = [entry for entry in read_manifest(data) if entry.split == "heldout"][:limit]
    if not entries:
        raise CorpusError(
            f"no held-out recordings in {data}",
            hint="run `tiedtts prepare` with a larger `--holdout`",
        )
    judges = judging.candidates(optional(aligner), optional(run_aligner), settings)
    takes: dict[str, list[Entry]] = {}
    for entry in entries:
        takes.setdefault(entry.text, []).append(entry)
    voice.say(entries[0].text, seed=0)  # The first call also pays for what is loaded when needed.
    verdicts, left_out = [], []
    for number, (text, recordings) in enumerate(takes.items()):
        if progress is not None:
            progress(number / len(takes), text)
        natural = []
        for entry in recordings:
            try:
                natural.append((entry, _features(data, entry, settings)))
            except CorpusError as error:
                # One that is damaged must not cost what was measured on the others.
                left_out.append(f"{entry.id}: {error}")
        if natural:
            verdicts.append(_judge(voice, text, natural, settings, judges))
    if progress is not None:
        progress(1.0, "")
    if not verdicts:
        raise CorpusError(
            f"none of {len(entries)} held-out recordings can be used: {left_out[0]}",
            hint="run `tiedtts prepare` again",
        )
    comparisons = [c for v in verdicts for c in v.comparisons]
    between = [c for v in verdicts for c in v.between]
    return Evaluation(
        **asdict(quality.summarise(comparisons)),
        recordings=len(comparisons),
        phone_error_rate=judging.decide(judges),
        real_time_factor=sum(v.computing_s for v in verdicts) / sum(v.speech_s for v in verdicts),
        between_takes=quality.summarise(between) if between else None,
        left_out=tuple(left_out),
    )


def _features(data: Path, entry: Entry, settings: AudioSettings) -> Features:
    """Read the features of a recording that its entry in the manifest fits.

    Raises:
        CorpusError: They are missing, damaged or another recording's.
    """
    features = Features.load(data / "features" / entry.features)
    same = features.frames == sum(entry.durations) and features.mel.shape[1:] == (settings.n_mels,)
    if not same or len(entry.phones) != len(entry.durations):
        raise CorpusError("manifest and features do not agree")
    return features


def _judge(
    voice: Synthesizer,
    text: str,
    natural: Sequence[tuple[Entry, Features]],
    settings: AudioSettings,
    judges: Sequence[Judge],
) -> _Verdict:
    """Speak one text and compare it with its recordings."""
    start = time.perf_counter()
    speech = voice.say(text, seed=0)
    computing_s = time.perf_counter() - start
    features = _analyse(speech, settings, text)
    for judge in judges:
        own = [_errors(judge.ear, recording, _phones(entry)) for entry, recording in natural]
        mean = np.mean(own, axis=0)
        judge.recordings.append((float(mean[0]), float(mean[1])))
        judge.voice.append(_errors(judge.ear, features, speech.phones))
    return _Verdict(
        [_compare(entry, recording, features) for entry, recording in natural],
        [_compare(*first, second) for first, (_, second) in pairwise(natural)],
        computing_s,
        len(speech.samples) / speech.sample_rate,
    )


def _analyse(speech: Spoken, settings: AudioSettings, text: str) -> Features:
    """Compute what `prepare` computed of the recordings."""
    if speech.sample_rate != settings.sample_rate:
        raise VoiceError(
            f"the voice speaks at {speech.sample_rate} Hz, the recordings have {settings.sample_rate} Hz",
            hint="compare a voice with the corpus it was trained on",
        )
    if len(speech.samples) < settings.hop:
        raise VoiceError(f"the voice says nothing for: {text}")
    return extract(speech.samples, settings)


def _compare(entry: Entry, recording: Features, other: Features) -> Comparison:
    """Measure another rendering against a recording with its alignment."""
    speech = np.array([phone.is_speech for phone in _phones(entry)])
    return quality.compare(recording, other, np.array(entry.durations, np.int64), speech)


def _phones(entry: Entry) -> list[Phone]:
    """Return the phones and pauses of a recording."""
    return [Phone(*row) for row in entry.phones]


def _errors(ear: Listener, features: Features, phones: Iterable[Phone]) -> Counts:
    """Return how many phones are wrong and how many were said."""
    said = listener.spoken(phones)
    return float(recognition.edits(ear.hear(features.mel), said).total), float(len(said))

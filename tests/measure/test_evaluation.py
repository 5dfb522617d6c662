import dataclasses
import json
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from tiedtts.audio import excitation
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.corpus.features import Features, extract
from tiedtts.corpus.manifest import Entry
from tiedtts.errors import CheckpointError, CorpusError, VoiceError
from tiedtts.measure import evaluation, judging, listener, recognition
from tiedtts.measure.evaluation import evaluate
from tiedtts.nets.recognizer import CLASSES, Recognizer, RecognizerConfig
from tiedtts.text.phones import Phone

AUDIO = AudioSettings()
FORMANTS = {"AA": (750, 1150), "IY": (300, 2300), "UW": (330, 900), "EH": (550, 1800)}
TEXTS = {"One.": "AA IY UW EH", "Two.": "IY EH AA UW", "Three.": "UW IY EH AA"}
FRAMES = 12
"""Length of each vowel, and of the silence on either side."""


def vowels(text: str, cents: float = 0.0, seed: int = 0) -> np.ndarray:
    """Sing the vowels of a text between two silences; a seed is a take."""
    rng = np.random.default_rng(seed)
    names = TEXTS[text].split()
    frames = FRAMES * (len(names) + 2)
    log_f0 = math.log(200) + 0.15 * np.sin(np.arange(frames) / 9 + rng.uniform(0, 6))
    log_f0 += cents / 1200 * math.log(2)
    voiced = np.ones(frames)
    voiced[:FRAMES] = voiced[-FRAMES:] = 0
    source = excitation.pulse_train(log_f0.astype(np.float32), voiced, AUDIO.hop, AUDIO.sample_rate)
    out = np.zeros_like(source)
    for number, name in enumerate(names, start=1):
        part = slice(number * FRAMES * AUDIO.hop, (number + 1) * FRAMES * AUDIO.hop)
        sound = source[part]
        for formant in FORMANTS[name]:
            radius, angle = 0.98, 2 * math.pi * formant / AUDIO.sample_rate
            sound = lfilter([1 - radius], [1, -2 * radius * math.cos(angle), radius**2], sound)
        out[part] = sound
    out += 1e-4 * np.abs(out).max() * rng.standard_normal(len(out))
    return (0.5 * out / np.abs(out).max()).astype(np.float32)


def phones(text: str) -> list[Phone]:
    inner = [Phone(name, 2, word=i) for i, name in enumerate(TEXTS[text].split())]
    return [Phone("sil"), *inner, Phone(".")]


class Mimic:
    """A voice that repeats what it is given, perhaps changed."""

    def __init__(self, speak: Callable[[str], np.ndarray] = vowels, rate: int = 24_000) -> None:
        self.speak, self.rate = speak, rate

    def say(self, text: str, *, seed: int = 0) -> SimpleNamespace:
        assert seed == 0
        samples = self.speak(text)
        return SimpleNamespace(samples=samples, sample_rate=self.rate, phones=phones(text))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three texts, one of them in two takes, and one recording that is not held out."""
    (tmp_path / "features").mkdir()
    entries = []
    for text, seed, split in [
        ("One.", 0, "heldout"),
        ("Two.", 0, "heldout"),
        ("Two.", 1, "heldout"),
        ("Three.", 0, "train"),
    ]:
        name = f"{text[:-1]}{seed}"
        features = extract(vowels(text, seed=seed), AUDIO)
        features.save(tmp_path / "features" / f"{name}.npz")
        rows = tuple(phone.row for phone in phones(text))
        entries.append(
            Entry(
                id=name,
                text=text,
                audio=f"{name}.wav",
                prompt=text,
                split=split,
                seconds=features.frames / AUDIO.frame_rate,
                frames=features.frames,
                phones=rows,
                durations=(FRAMES,) * len(rows),
                alignment_score=0.0,
                features=f"{name}.npz",
                key="",
            )
        )
    monkeypatch.setattr(evaluation, "read_manifest", lambda _: entries)
    monkeypatch.setattr(evaluation, "read_settings", lambda _: AUDIO)
    monkeypatch.setattr(listener, "SHIPPED", tmp_path / "none.safetensors")
    return tmp_path


@pytest.fixture
def aligner(tmp_path: Path) -> Path:
    """A recogniser with random opinions."""
    torch.manual_seed(0)
    net = Recognizer(RecognizerConfig(width=8, blocks=1))
    with torch.no_grad():
        net.head.weight *= 20.0
    classes = len(CLASSES)
    net.set_grammar(
        np.full(classes, -np.log(classes), np.float32),
        np.full((classes, classes), -np.log(classes), np.float32),
    )
    path = tmp_path / "aligner.safetensors"
    checkpoint.save(path, Checkpoint({"aligner": net}, AUDIO))
    return path


def test_the_recording_itself_has_no_error(data: Path) -> None:
    result = evaluate(Mimic(), data, limit=2)
    assert result.recordings == 2
    assert result.mel_cepstral_distortion_db < 0.1
    assert result.f0_error_cents == pytest.approx(0, abs=1)
    assert result.log_f0_correlation == pytest.approx(1, abs=1e-3)
    assert result.voicing_error == 0
    assert result.speaking_rate_ratio == 1
    assert result.log_f0_spread == pytest.approx(1, abs=1e-3)
    assert result.mel_spread == pytest.approx(1, abs=1e-3)
    assert result.between_takes is None
    assert result.real_time_factor > 0


def test_phone_error_rates(data: Path, aligner: Path) -> None:
    result = evaluate(Mimic(), data, aligner=aligner)
    assert result.phone_error_rate is not None
    ear = listener.Listener.load(aligner)

    def errors(text: str, features: Features) -> int:
        return recognition.edits(ear.hear(features.mel), listener.spoken(phones(text))).total

    voice = [errors(text, extract(vowels(text), AUDIO)) for text in ("One.", "Two.")]
    one, two, other = (
        errors(text, Features.load(data / "features" / f"{name}.npz"))
        for text, name in (("One.", "One0"), ("Two.", "Two0"), ("Two.", "Two1"))
    )
    assert min(one, two, other) > 0
    assert result.phone_error_rate.synthesised == sum(voice) / 8
    assert result.phone_error_rate.natural == (one + (two + other) / 2) / 8


@pytest.mark.parametrize("cents", [-200, 100])
def test_a_voice_that_is_too_high_or_low(data: Path, cents: float) -> None:
    result = evaluate(Mimic(lambda text: vowels(text, cents)), data, limit=2)
    assert result.f0_error_cents == pytest.approx(abs(cents), rel=0.05)
    assert result.phone_error_rate is None
    assert 0.1 < result.mel_cepstral_distortion_db < 6


def test_a_voice_that_says_something_else(data: Path) -> None:
    right = evaluate(Mimic(), data, limit=1)
    wrong = evaluate(Mimic(lambda _: vowels("Three.")), data, limit=1)
    assert wrong.mel_cepstral_distortion_db > right.mel_cepstral_distortion_db + 2


def test_several_takes_are_several_references(data: Path) -> None:
    result = evaluate(Mimic(), data)
    assert result.recordings == 3
    assert result.between_takes is not None
    # One recording is the voice's own, the other two are takes of the same text.
    assert result.f0_error_cents == pytest.approx(
        result.between_takes.f0_error_cents / math.sqrt(3), rel=0.05
    )


def test_result_as_json(data: Path, aligner: Path) -> None:
    with_ear = evaluate(Mimic(), data, aligner=aligner).to_dict()
    without = evaluate(Mimic(), data).to_dict()
    assert json.loads(json.dumps(with_ear, allow_nan=False)) == with_ear
    assert next(iter(with_ear)) == "recordings"
    assert (
        {*with_ear}
        == {*without}
        == {
            "recordings",
            "mel_cepstral_distortion_db",
            "f0_error_cents",
            "log_f0_correlation",
            "voicing_error",
            "speaking_rate_ratio",
            "phone_duration_correlation",
            "log_f0_spread",
            "mel_spread",
            "phone_error_rate",
            "real_time_factor",
            "between_takes",
        }
    )
    assert {*with_ear["phone_error_rate"]} == {
        "synthesised",
        "natural",
        "ratio",
        "interval",
        "judge",
        "reliable",
        "passed_over",
    }
    assert without["phone_error_rate"] is None


def test_uses_the_recogniser_of_the_package(
    data: Path, aligner: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "SHIPPED", aligner)
    shipped = evaluate(Mimic(), data)
    assert shipped.phone_error_rate is not None
    assert shipped.phone_error_rate.judge == judging.PACKAGE
    given = evaluate(Mimic(), data, aligner=aligner).phone_error_rate
    assert given is not None
    assert dataclasses.replace(given, judge=judging.PACKAGE) == shipped.phone_error_rate


def test_a_recogniser_of_other_features(data: Path, aligner: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = checkpoint.load(aligner)
    file.audio = dataclasses.replace(AUDIO, hop=300)
    checkpoint.save(aligner, file)
    with pytest.raises(CheckpointError, match="trained on other audio settings") as error:
        evaluate(Mimic(), data, aligner=aligner)
    assert "--part aligner" in str(error.value.hint)
    monkeypatch.setattr(listener, "SHIPPED", aligner)
    assert evaluate(Mimic(), data).phone_error_rate is None


def test_reports_progress(data: Path) -> None:
    told = []
    evaluate(Mimic(), data, progress=lambda share, text: told.append((share, text)))
    assert told == [(0.0, "One."), (0.5, "Two."), (1.0, "")]


def test_nothing_held_out(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "read_manifest", lambda _: [])
    with pytest.raises(CorpusError, match="no held-out recordings"):
        evaluate(Mimic(), data)


def test_another_sampling_rate(data: Path) -> None:
    message = "the voice speaks at 16000 Hz, the recordings have 24000 Hz"
    with pytest.raises(VoiceError, match=message):
        evaluate(Mimic(rate=16_000), data)


def test_a_silent_voice(data: Path) -> None:
    with pytest.raises(VoiceError, match="the voice says nothing for: One"):
        evaluate(Mimic(lambda _: np.zeros(10, np.float32)), data)

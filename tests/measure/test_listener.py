import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.benchmarks.words import spoken_words
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import CheckpointError
from tiedtts.measure import listener
from tiedtts.measure.listener import Listener
from tiedtts.nets.deepspeech import DeepSpeech, DeepSpeechConfig
from tiedtts.nets.recognizer import CLASSES, Recognizer, RecognizerConfig
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.text.phones import Phone

AUDIO = AudioSettings()
PHONES = (
    Phone("sil"),
    Phone("K", word=0),
    Phone("AE", 2, word=0),
    Phone("T", word=0),
    Phone(",", clause=1),
    Phone("AH", 1, word=1),
    Phone(".", clause=2),
    # The next sentence counts its words anew.
    Phone("AH", 1, word=0),
)


@pytest.fixture
def net() -> Recognizer:
    torch.manual_seed(0)
    net = Recognizer(RecognizerConfig(width=8, blocks=1))
    net.set_grammar(
        np.full(len(CLASSES), -np.log(40), np.float32),
        np.full((len(CLASSES), len(CLASSES)), -np.log(40), np.float32),
    )
    with torch.no_grad():
        net.head.weight *= 20.0  # An opinion, if not a founded one.
    return net.eval()


def test_says_what_the_net_is_sure_of(net: Recognizer) -> None:
    def certain(mel: torch.Tensor) -> torch.Tensor:
        return 20.0 * torch.nn.functional.one_hot(mel[..., 0].long(), len(CLASSES)).float()

    net.forward = certain  # type: ignore[method-assign,assignment]
    mel = np.zeros((12, 80), np.float32)
    mel[:, 0] = [0, 0, 5, 5, 5, 30, 30, 0, 0, 7, 7, 0]
    assert Listener(net, AUDIO).hear(mel) == [5, 30, 7]


def test_loaded_hears_the_same_and_keeps_the_threads(net: Recognizer, tmp_path: Path) -> None:
    path = tmp_path / "aligner.safetensors"
    checkpoint.save(path, Checkpoint({"aligner": net}, AUDIO))
    mel = np.random.default_rng(0).normal(-5, 2, (60, 80)).astype(np.float32)
    threads = torch.get_num_threads()
    heard = Listener.load(path).hear(mel)
    assert heard
    assert heard == Listener(net, AUDIO).hear(mel)
    assert torch.get_num_threads() == threads


def test_hears_with_deepspeech(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = DeepSpeech(DeepSpeechConfig(channels=2, layers=1, width=8)).eval()
    net.set_bigram(np.full((len(CLASSES), len(CLASSES)), -np.log(40), np.float32))
    path = tmp_path / "aligner.safetensors"
    checkpoint.save(path, Checkpoint({"aligner": net}, AUDIO))
    mel = np.random.default_rng(0).normal(-5, 2, (60, 80)).astype(np.float32)
    assert Listener.load(path).hear(mel) == Listener(net, AUDIO).hear(mel)

    def certain(mel: torch.Tensor) -> torch.Tensor:
        return 20.0 * torch.nn.functional.one_hot(mel[..., 0].long(), len(CLASSES)).float()

    net.forward = certain  # type: ignore[method-assign,assignment]
    mel = np.zeros((12, 80), np.float32)
    mel[:, 0] = [0, 0, 5, 5, 0, 5, 30, 30, 0, 7, 7, 0]
    assert Listener(net, AUDIO).hear(mel) == [5, 5, 30, 7]


def test_letters_are_no_phones(tmp_path: Path) -> None:
    net = DeepSpeech(DeepSpeechConfig(units="letters", channels=2, layers=1, width=8))
    path = tmp_path / "aligner.safetensors"
    checkpoint.save(path, Checkpoint({"aligner": net}, AUDIO))
    with pytest.raises(CheckpointError, match="writes letters") as error:
        Listener.load(path)
    assert error.value.hint is not None
    assert "phones" in error.value.hint


def test_refuses_a_checkpoint_without_recogniser(tmp_path: Path) -> None:
    vocoder = HarmonicVocoder(VocoderConfig(width=8, blocks=1))
    path = tmp_path / "voice.safetensors"
    checkpoint.save(path, Checkpoint({"vocoder": vocoder}, AUDIO))
    with pytest.raises(CheckpointError, match="no aligner part"):
        Listener.load(path)
    checkpoint.save(path, Checkpoint({"aligner": vocoder}, AUDIO))
    with pytest.raises(CheckpointError, match="is a harmonic"):
        Listener.load(path)


def test_understands_features_made_alike(net: Recognizer) -> None:
    ear = Listener(net, AUDIO)
    assert ear.understands(dataclasses.replace(AUDIO, f0_max=300.0))
    assert not ear.understands(dataclasses.replace(AUDIO, hop=300))
    assert not ear.understands(dataclasses.replace(AUDIO, level=0.1))


def test_spoken_phones_and_words() -> None:
    k, ae, t, ah = (CLASSES.index(symbol) for symbol in ("K", "AE", "T", "AH"))
    assert listener.spoken(PHONES) == [k, ae, t, ah, ah]
    assert spoken_words(PHONES) == [[k, ae, t], [ah], [ah]]


def test_error_rates_and_their_ratio() -> None:
    rate = listener.phone_error_rate([(2, 10), (4, 20)], [(1, 10), (2, 20)])
    assert (rate.synthesised, rate.natural, rate.ratio) == pytest.approx((0.2, 0.1, 2.0))
    # The ratio is 2 in every text, so it is 2 in every resampling.
    assert rate.interval == pytest.approx((2.0, 2.0))


def test_interval_holds_the_ratio_and_is_the_same_every_time() -> None:
    rng = np.random.default_rng(0)
    said = rng.integers(20, 40, 100)
    voice, recording = ([*zip(rng.binomial(said, p), said, strict=True)] for p in (0.15, 0.1))
    rate = listener.phone_error_rate(voice, recording)
    assert rate.interval is not None
    low, high = rate.interval
    assert 1.0 < low < rate.ratio < high < 2.5
    assert rate == listener.phone_error_rate(voice, recording)


def test_no_ratio_to_perfect_recordings() -> None:
    rate = listener.phone_error_rate([(2, 10), (4, 20)], [(0, 10), (0, 20)])
    assert (rate.ratio, rate.interval) == (None, None)
    # A resampling without any error in the recordings has no ratio either.
    assert listener.phone_error_rate([(2, 10), (4, 20)], [(0, 10), (1, 20)]).interval is None

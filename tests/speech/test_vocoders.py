"""Waveform generators: chosen by name, with and without a net."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.nets.tacotron.small import SMALL
from tiedtts.audio import lpc
from tiedtts.audio.frames import Frames
from tiedtts.audio.mel import log_mel
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints.checkpoint import Checkpoint, save
from tiedtts.errors import TiedTTSError, VoiceError
from tiedtts.export.voice import export
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.nets.wavenet.config import WaveNetConfig
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.speech import vocoders
from tiedtts.speech.torch_renderer import TorchRenderer
from tiedtts.speech.voice import Voice

SETTINGS = AudioSettings()
TEXT = "Two boats, one harbour."


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    acoustic = AcousticNet(AcousticConfig(width=16, encoder_blocks=1, variance_blocks=1, decoder_blocks=1))
    torch.nn.init.constant_(acoustic.variance.head.bias, 2.0)
    parts = {"acoustic": acoustic, "vocoder": HarmonicVocoder(VocoderConfig(width=16, blocks=1))}
    path = tmp_path_factory.mktemp("voice") / "small.safetensors"
    save(path, Checkpoint(parts, SETTINGS))
    return path


@pytest.fixture(scope="module")
def frames() -> Frames:
    """A vowel-like sound with a rising pitch."""
    count = 40
    log_f0 = np.linspace(np.log(150), np.log(250), count).astype(np.float32)
    phase = np.cumsum(np.repeat(np.exp(log_f0), SETTINGS.hop)) / SETTINGS.sample_rate
    samples = sum(np.sin(2 * np.pi * n * phase) / n for n in range(1, 20)) * 0.1
    return Frames(log_mel(np.asarray(samples, np.float32), SETTINGS), log_f0, np.ones(count, np.float32))


@pytest.mark.parametrize("name", vocoders.MODEL_FREE)
def test_a_sound_comes_back_without_a_net(name: str, frames: Frames) -> None:
    made = vocoders.choose(name, SETTINGS, None, "v")(frames, [3, 1])
    assert made.shape == (40 * SETTINGS.hop,)
    again = log_mel(made, SETTINGS)
    assert np.abs(again[4:-4] - frames.mel[4:-4]).mean() < 0.8
    assert np.array_equal(made, vocoders.choose(name, SETTINGS, None, "v")(frames, [3, 1]))
    assert not np.array_equal(made, vocoders.choose(name, SETTINGS, None, "v")(frames, [3, 2]))


def test_filters_of_the_acoustic_net_are_preferred(frames: Frames) -> None:
    own = lpc.from_mel(frames.mel - 2.0, SETTINGS)
    given = Frames(frames.mel, frames.log_f0, frames.voiced, own)
    assert given.filters(SETTINGS) is own
    make = vocoders.choose("lpc", SETTINGS, None, "v")
    louder, softer = (np.sqrt(np.mean(make(of, [0]) ** 2)) for of in (frames, given))
    assert softer / louder == pytest.approx(np.exp(-2.0), rel=0.05)


def test_stretching(frames: Frames) -> None:
    slow = frames.stretched(0.5)
    assert len(slow.mel) == len(slow.log_f0) == len(slow.voiced) == 80
    assert slow.log_f0[[0, -1]] == pytest.approx(frames.log_f0[[0, -1]])
    assert np.array_equal(frames.stretched(1.0).mel, frames.mel)
    assert len(frames.stretched(4.0).mel) == 10
    filters = Frames(*(frames.mel, frames.log_f0, frames.voiced), lpc.from_mel(frames.mel, SETTINGS))
    assert len(filters.stretched(2.0).filters(SETTINGS)) == 20


def test_a_checkpoint_speaks_as_its_voice_file(checkpoint: Path) -> None:
    export([checkpoint], checkpoint.with_suffix(".onnx"), precision="fp32")
    file, nets = Voice.load(checkpoint.with_suffix(".onnx")), Voice.load(checkpoint)
    assert isinstance(nets.renderer, TorchRenderer)
    assert nets.name == file.name == "small"
    for options in ({}, {"speed": 1.5, "pitch": 3.0, "seed": 4}):
        one, other = (voice.say(TEXT, **options) for voice in (file, nets))  # type: ignore[arg-type]
        assert one.durations == other.durations
        # A voice file's own numbers are larger by a few roundings, which the phases of these random nets magnify.
        error = np.sqrt(np.mean((one.samples - other.samples) ** 2))
        assert error < 0.03 * np.sqrt(np.mean(other.samples**2))


@pytest.mark.parametrize("name", [*vocoders.MODEL_FREE, "harmonic"])
def test_both_kinds_of_voice_take_any_vocoder(checkpoint: Path, name: str) -> None:
    export([checkpoint], checkpoint.with_suffix(".onnx"), precision="fp32")
    one, other = (
        Voice.load(path, vocoder=name).say(TEXT) for path in (checkpoint.with_suffix(".onnx"), checkpoint)
    )
    assert one.durations == other.durations
    assert np.isfinite(one.samples).all()
    assert (
        np.sqrt(np.mean((one.samples - other.samples) ** 2)) < 0.05 * np.sqrt(np.mean(one.samples**2)) + 1e-4
    )


def test_a_vocoder_of_another_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    other = tmp_path / "other.safetensors"
    save(other, Checkpoint({"vocoder": HarmonicVocoder(VocoderConfig(width=8, blocks=1))}, SETTINGS))
    export([checkpoint], checkpoint.with_suffix(".onnx"))
    own, borrowed = (Voice.load(checkpoint.with_suffix(".onnx"), vocoder=v) for v in (None, str(other)))
    assert not np.array_equal(own.say(TEXT).samples, borrowed.say(TEXT).samples)
    save(other, Checkpoint({"vocoder": HarmonicVocoder(VocoderConfig(width=8))}, AudioSettings(n_fft=2048)))
    with pytest.raises(VoiceError, match="was trained on other audio settings"):
        Voice.load(checkpoint, vocoder=str(other))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wavenet", "has no wavenet vocoder"),
        ("diphone", "there is no vocoder `diphone`"),
        ("a.safetensors", "no such"),
    ],
)
def test_what_is_no_vocoder(checkpoint: Path, name: str, message: str) -> None:
    with pytest.raises(TiedTTSError, match=message):
        Voice.load(checkpoint, vocoder=name)


def test_a_checkpoint_without_an_acoustic_net(tmp_path: Path) -> None:
    path = tmp_path / "vocoder.safetensors"
    save(path, Checkpoint({"vocoder": HarmonicVocoder(VocoderConfig(width=8, blocks=1))}, SETTINGS))
    with pytest.raises(TiedTTSError, match="has no acoustic part"):
        Voice.load(path)


def test_a_tacotron_speaks(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = Tacotron(dataclasses.replace(SMALL, n_mels=80, lpc_order=8))
    net.lpc_mean.copy_(torch.cat([torch.linspace(0.3, 2.8, 8), torch.tensor([-4.0])]))
    net.lpc_std.fill_(0.05)
    path = tmp_path / "taco.safetensors"
    save(path, Checkpoint({"acoustic": net}, SETTINGS))
    voice = Voice.load(path)
    speech = voice.say(TEXT)
    assert sum(speech.durations) == len(speech.samples) > 0
    assert 0 < np.abs(speech.samples).max() <= 0.981
    assert np.array_equal(voice.say(TEXT).samples, speech.samples)
    # Frames are stretched, as its attention cannot be told to hurry.
    assert len(voice.say(TEXT, speed=2.0).samples) == pytest.approx(len(speech.samples) / 2, abs=SETTINGS.hop)
    # Fresh weights stop when they have looked at everything; without a gate they are stopped.
    torch.nn.init.constant_(net.decoder.gate_layer.linear_layer.bias, -100.0)
    torch.nn.init.zeros_(net.decoder.attention_layer.v.linear_layer.weight)
    save(path, Checkpoint({"acoustic": net}, SETTINGS))
    (warning,) = Voice.load(path).say("Oh.").warnings
    assert warning == "the voice did not come to an end and was stopped: Oh."


def test_a_wavenet_speaks(checkpoint: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "wave.safetensors"
    net = WaveNet(WaveNetConfig(residual=4, gate=4, skip=4, layers=3, condition_width=4, components=1))
    save(path, Checkpoint({"vocoder": net}, SETTINGS))
    first, second = (Voice.load(checkpoint, vocoder=str(path)).say("Oh.").samples for _ in range(2))
    assert np.array_equal(first, second)
    assert 0 < np.abs(first).max() <= 0.981

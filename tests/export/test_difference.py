"""A voice as a small change of another: what is put together is the voice that was trained."""

import copy
import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.export.small_voice import learnt, move, small_voice
from tiedtts import Voice
from tiedtts.checkpoints import checkpoint
from tiedtts.errors import CheckpointError, ConfigError, VoiceError
from tiedtts.export import difference as changes
from tiedtts.export import voice as voices
from tiedtts.measure.statistics import statistics
from tiedtts.nets.acoustic import AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.speech import difference, library, onnx_tensors, voice_nets
from tiedtts.tying import adapters

RANK = 2


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voice of 8 bits."""
    return small_voice(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def adapted(base: Path) -> Path:
    """A checkpoint that adapters have moved away from the base."""
    loaded = voice_nets.load(base)
    torch.manual_seed(1)
    for net in loaded.parts.values():
        adapters.attach(net, RANK)
        with torch.no_grad():
            for parameter in net.parameters():
                if parameter.requires_grad:
                    parameter += 0.03 * torch.randn_like(parameter)
        adapters.merge(net)
    path = base.with_name("other.safetensors")
    checkpoint.save(path, loaded)
    return path


@pytest.fixture(scope="module")
def change(base: Path, adapted: Path) -> Path:
    path = base.with_name("other.voice")
    changes.export([adapted], path, base=base)
    return path


def test_nets_come_back_from_a_voice(base: Path) -> None:
    before = checkpoint.load(base.with_name("base.safetensors"))
    after = voice_nets.load(base)
    assert after.audio == before.audio
    assert after.provenance["acoustic"] == {"steps": 3}
    for part, net in before.parts.items():
        assert after.parts[part].config == net.config
        theirs = after.parts[part].state_dict()
        for name, value in net.state_dict().items():
            # A level of 8 bits is a 127th of the largest value of its row.
            step = float(value.abs().max()) / 127
            assert float((theirs[name] - value).abs().max()) <= 0.51 * step + 1e-3, name


def test_put_together_it_is_the_voice(base: Path, adapted: Path, change: Path, tmp_path: Path) -> None:
    voices.export([adapted], tmp_path / "whole.onnx", precision="int8")
    whole = (tmp_path / "whole.onnx").read_bytes()
    composed = library.read(change)
    ours, theirs = (onnx_tensors.places(data, "voice") for data in (composed, whole))
    assert ours.keys() == theirs.keys()
    differ = 0
    for key, place in theirs.items():
        found = ours[key].read(composed).astype(np.float64)
        wanted = place.read(whole).astype(np.float64)
        if place.dtype == np.int8:
            assert np.abs(found - wanted).max() <= 4, key
        elif not key.startswith("scale."):
            np.testing.assert_array_equal(found, wanted)
        differ += not np.array_equal(
            found, onnx_tensors.places(base.read_bytes(), "b")[key].read(base.read_bytes())
        )
    assert differ > 20
    assert change.stat().st_size < 0.5 * base.stat().st_size
    name = "other"
    assert Voice.load(change).name == name
    ours_say, theirs_say = (
        Voice.load(voice).renderer.metadata  # type: ignore[attr-defined]
        for voice in (change, tmp_path / "whole.onnx")
    )
    assert ours_say.pop("change") == {"base": "base", "numbers": statistics(change).own_numbers}
    assert {**ours_say, "name": ""} == {**theirs_say, "name": ""}


def test_speaks_as_the_nets_do(adapted: Path, change: Path) -> None:
    text = "Voices are small changes."
    ours, theirs = Voice.load(change).say(text), Voice.load(adapted).say(text)
    lengths = [np.array(said.durations) for said in (ours, theirs)]
    assert np.abs(lengths[0] - lengths[1]).max() <= 2 * 256
    assert np.array_equal(Voice.load(change).say(text).samples, ours.samples)


@pytest.mark.parametrize("scales", [(1.0, 1.1), (1.2, 1.0), (0.9, 1.1), (1.4, 1.4)])
def test_scales_may_be_others(base: Path, adapted: Path, scales: tuple[float, float]) -> None:
    loaded = checkpoint.load(adapted)
    net, vocoder = loaded.part("acoustic"), loaded.part("vocoder")
    assert isinstance(net, AcousticNet)
    assert isinstance(vocoder, HarmonicVocoder)
    # The vocoder may have learnt from the same corpus.
    mean = vocoder.config.log_f0_mean
    net.config = dataclasses.replace(
        net.config, duration_scale=scales[0], pitch_scale=scales[1], log_f0_mean=mean
    )
    nets, changed, whole = (base.with_name(name) for name in ("c.safetensors", "c.voice", "c.onnx"))
    checkpoint.save(nets, loaded)
    changes.export([nets], changed, base=base)
    acoustic = voice_nets.load(changed).part("acoustic")
    assert isinstance(acoustic, AcousticNet)
    assert (acoustic.config.duration_scale, acoustic.config.pitch_scale) == scales
    voices.export([nets], whole, precision="int8")
    ours, theirs = (Voice.load(voice).say("Scales.").durations for voice in (changed, whole))
    assert np.abs(np.subtract(ours, theirs)).max() <= 2 * 256


def test_same_bytes(base: Path, adapted: Path, change: Path, tmp_path: Path) -> None:
    changes.export([adapted], tmp_path / "other.voice", base=base)
    assert (tmp_path / "other.voice").read_bytes() == change.read_bytes()


def test_its_nets_can_be_trained_on(adapted: Path, change: Path) -> None:
    theirs = checkpoint.load(adapted).part("acoustic").state_dict()
    for name, value in voice_nets.load(change).part("acoustic").state_dict().items():
        assert float((value - theirs[name]).abs().max()) < 0.05, name


def test_other_nets_are_no_change(base: Path, tmp_path: Path) -> None:
    loaded = voice_nets.load(base)
    move([loaded.part("acoustic")], 0.03)
    checkpoint.save(tmp_path / "trained.safetensors", loaded)
    with pytest.raises(CheckpointError, match="more than a small change"):
        changes.export([tmp_path / "trained.safetensors"], tmp_path / "t.voice", base=base)
    other = copy.deepcopy(loaded)
    other.parts["vocoder"] = HarmonicVocoder(VocoderConfig(width=32, blocks=1)).eval()
    checkpoint.save(tmp_path / "other.safetensors", other)
    with pytest.raises(CheckpointError, match="not those of"):
        changes.export([tmp_path / "other.safetensors"], tmp_path / "t.voice", base=base)
    with pytest.raises(ConfigError, match=r"\.voice"):
        changes.export([tmp_path / "other.safetensors"], tmp_path / "t.onnx", base=base)
    assert not (tmp_path / "t.voice").exists()


def test_another_base(base: Path, change: Path, tmp_path: Path) -> None:
    about, numbers = difference.unpack(change.read_bytes(), "voice")
    other = bytearray(base.read_bytes())
    place = next(p for p in onnx_tensors.places(bytes(other), "b").values() if p.dtype == np.int8)
    other[place.start] ^= 1
    with pytest.raises(VoiceError, match="another voice"):
        difference.compose(bytes(other), about, numbers, "voice")
    (tmp_path / "alone.voice").write_bytes(change.read_bytes())
    with pytest.raises(VoiceError, match="no such voice: base"):
        Voice.load(tmp_path / "alone.voice")


@pytest.mark.parametrize("base_name", ["../base", "/etc/passwd", "", "a/b"])
def test_a_base_is_a_name(base_name: str, change: Path, tmp_path: Path) -> None:
    about, numbers = difference.unpack(change.read_bytes(), "voice")
    lured = difference.pack(
        dataclasses.replace(about, base=base_name), [np.frombuffer(numbers, np.uint8)], []
    )
    (tmp_path / "x.voice").write_bytes(lured)
    with pytest.raises(VoiceError):
        Voice.load(tmp_path / "x.voice")


def test_damage(base: Path, change: Path, tmp_path: Path) -> None:
    data = change.read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "d.voice"
    (tmp_path / "base.onnx").write_bytes(base.read_bytes())
    about, numbers = difference.unpack(data, "voice")
    broken = [data[: int(n)] for n in rng.integers(0, len(data) - 1, 10)]
    broken += [b"", b"PK\x03\x04", data[:-1]]
    packed = [np.frombuffer(numbers, np.uint8)]
    for fields in ({"format": 2}, {"values": ("no",)}, {"matrices": ()}, {"base_sha256": ""}):
        changed: dict[str, object] = fields
        broken.append(difference.pack(dataclasses.replace(about, **changed), packed, []))  # type: ignore[arg-type]
    broken.append(difference.pack(about, [packed[0][:-1]], []))
    for damaged in broken:
        path.write_bytes(damaged)
        with pytest.raises(VoiceError):
            Voice.load(path)


def test_the_strongest_terms_of_a_change(base: Path, tmp_path: Path) -> None:
    tuned = tmp_path / "tuned.safetensors"
    learnt(base, tuned)
    with pytest.raises(CheckpointError, match="more than a small change") as refused:
        changes.export([tuned], tmp_path / "all.voice", base=base)
    assert "--rank" in (refused.value.hint or "")
    few, more = (
        changes.export([tuned], base.with_name(f"{rank}.voice"), base=base, rank=rank) for rank in (2, 8)
    )
    assert few["file_bytes"] < more["file_bytes"]
    assert 0.3 < more["left_out"] < few["left_out"] < 1
    assert Voice.load(base.with_name("8.voice")).say("Yes.").samples.any()
    with pytest.raises(ConfigError, match="at least 1"):
        changes.export([tuned], tmp_path / "0.voice", base=base, rank=0)


def test_terms_that_matter_for_what_nets_read(base: Path, tmp_path: Path) -> None:
    """With inputs, spectra of the cut nets are nearer to those of the nets that learnt."""
    tuned, asked = tmp_path / "tuned.safetensors", []
    loaded = learnt(base, tuned)
    ids = torch.randint(1, 3, (2, 30, 4))

    def states(net: torch.nn.Module) -> torch.Tensor:
        assert isinstance(net, AcousticNet)
        return net.encode(ids, torch.ones(2, 30)).detach()

    def run(parts: Mapping[str, torch.nn.Module], path: Path) -> torch.Tensor:
        asked.append(path)
        return states(parts["acoustic"])

    wanted, errors = states(loaded.part("acoustic")), []
    for name, runs in (("plain", None), ("seen", run)):
        path = base.with_name(f"{name}.voice")
        told = changes.export([tuned], path, base=base, rank=2, run=runs)
        assert 0 < told["left_out"] < 1
        found = states(voice_nets.load(path).part("acoustic"))
        errors.append(float((found - wanted).norm() / wanted.norm()))
    assert asked == [tuned]
    assert errors[1] < 0.8 * errors[0]
    with pytest.raises(ConfigError, match="none of the checkpoint's weights"):
        changes.export([tuned], tmp_path / "x.voice", base=base, rank=2, run=lambda parts, path: 0)

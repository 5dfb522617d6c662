"""Checkpoints that become tied ones, and plain ones again."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.tying.cases import plan
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.checkpoints.conversion import convert, read, revert
from tiedtts.errors import CheckpointError, ConfigError, OutputError
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.tying import count_parameters, untie


@pytest.fixture
def source(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    parts: dict[str, nn.Module] = {
        "acoustic": AcousticNet(AcousticConfig(width=16, decoder_blocks=2)),
        "vocoder": HarmonicVocoder(VocoderConfig(width=16, blocks=2)),
    }
    path = tmp_path / "voice.safetensors"
    checkpoint.save(path, Checkpoint(parts, AudioSettings(hop=240), {"acoustic": {"steps": 7}}))
    return path


def test_tie_and_untie(source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()
    tied, plain = tmp_path / "tied.safetensors", tmp_path / "plain.safetensors"
    made = convert(source, tied, plan("codebook", "*.expand", k=8))
    assert source.read_bytes() == before
    loaded = checkpoint.load(tied)
    assert loaded.audio == AudioSettings(hop=240)
    assert loaded.provenance == {"acoustic": {"steps": 7}}
    assert sum(map(count_parameters, loaded.parts.values())) == made.report.parameters_after
    assert made.file_bytes_after == tied.stat().st_size < made.file_bytes_before == len(before)
    assert revert(tied, plain) == made.report.parameters_before
    restored = checkpoint.load(plain)
    assert restored.plans == {}
    first = checkpoint.load(source)
    for part, net in loaded.parts.items():
        own = restored.part(part).state_dict()
        assert own.keys() == first.part(part).state_dict().keys()
        for key, value in untie(net).state_dict().items():
            assert torch.equal(own[key], value), key


def test_tied_again_keeps_both_plans(source: Path, tmp_path: Path) -> None:
    convert(source, tmp_path / "a.safetensors", plan("codebook", "*.expand", k=8))
    convert(tmp_path / "a.safetensors", tmp_path / "b.safetensors", plan("lowrank", "*.project", rank=2))
    plans = checkpoint.load(tmp_path / "b.safetensors").plans
    assert [rule.scheme for rule in plans["vocoder"].rules] == ["codebook", "lowrank"]


def test_losses_are_those_of_the_nets(source: Path, tmp_path: Path) -> None:
    def losses(parts: object) -> dict[str, float]:
        assert isinstance(parts, dict)
        return {f"{part}.size": float(count_parameters(net)) for part, net in parts.items()}

    made = convert(source, tmp_path / "a.safetensors", plan("codebook", "acoustic.*", k=8), losses=losses)
    assert made.losses_before is not None
    assert made.losses_after is not None
    assert made.losses_after["acoustic.size"] < made.losses_before["acoustic.size"]
    assert made.losses_after["vocoder.size"] == made.losses_before["vocoder.size"]
    shown = json.loads(json.dumps(made.to_dict()))
    assert shown["unique_parameters_before"] - shown["unique_parameters_after"] == (
        made.losses_before["acoustic.size"] - made.losses_after["acoustic.size"]
    )
    assert shown["layers"][0]["layer"].startswith("acoustic.")


@pytest.mark.parametrize("name", ["voice.safetensors", "link.safetensors"])
def test_the_source_is_never_written(source: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "link.safetensors").symlink_to(source)
    for action in (
        lambda: convert(source, tmp_path / name, plan("codebook")),
        lambda: revert(source, tmp_path / name),
    ):
        with pytest.raises(CheckpointError, match="is the checkpoint itself"):
            action()


def test_nothing_is_left_of_what_failed(source: Path, tmp_path: Path) -> None:
    there = sorted(tmp_path.iterdir())
    with pytest.raises(ConfigError):
        convert(source, tmp_path / "a.safetensors", plan("identity", "*.head"))
    with pytest.raises(CheckpointError, match=r"ends in \.safetensors"):
        convert(source, tmp_path / "a.pt", plan("codebook"))
    with pytest.raises(OutputError, match="there is no folder"):
        convert(source, tmp_path / "no" / "a.safetensors", plan("codebook"))
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        convert(tmp_path / "b.safetensors", tmp_path / "a.safetensors", plan("codebook"))
    assert sorted(tmp_path.iterdir()) == there


def test_another_programs_weights_and_back(tmp_path: Path) -> None:
    torch.manual_seed(1)
    state = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)).state_dict()
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "theirs.pt")
    made = convert(tmp_path / "theirs.pt", tmp_path / "tied.safetensors", plan("codebook", "*", k=64))
    assert made.report.parameters_before == sum(
        v.numel() for k, v in state.items() if not k.startswith("1.") or k in ("1.weight", "1.bias")
    )
    assert checkpoint.load(tmp_path / "tied.safetensors").audio is None
    revert(tmp_path / "tied.safetensors", tmp_path / "back.pt")
    back = torch.load(tmp_path / "back.pt", weights_only=True)["state_dict"]
    assert list(back) == list(state)
    for key, value in state.items():
        assert back[key].dtype == value.dtype
        # 64 values for 64 weights: nothing is lost.
        torch.testing.assert_close(back[key], value, rtol=0, atol=1e-6)


def test_what_a_file_is_cannot_be_overruled(source: Path) -> None:
    with pytest.raises(ConfigError, match="says itself what it is"):
        read(source, "hifigan")

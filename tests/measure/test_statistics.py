"""`stats` of files: checkpoints, tied ones, voices, weights of other programs."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.tying.cases import plan
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.checkpoints.conversion import convert
from tiedtts.errors import CheckpointError, VoiceError
from tiedtts.export.voice import export
from tiedtts.measure import onnx_counting
from tiedtts.measure.statistics import statistics
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.tying import count_parameters
from tiedtts_cli.main import main


@pytest.fixture
def source(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    parts: dict[str, nn.Module] = {
        "acoustic": AcousticNet(AcousticConfig(width=16, decoder_blocks=2)),
        "vocoder": HarmonicVocoder(VocoderConfig(width=16, blocks=2)),
    }
    nn.init.constant_(parts["acoustic"].variance.head.bias, 1.5)  # type: ignore[union-attr]
    path = tmp_path / "voice.safetensors"
    checkpoint.save(path, Checkpoint(parts, AudioSettings()))
    return path


@pytest.fixture
def tied(source: Path, tmp_path: Path) -> Path:
    convert(source, tmp_path / "tied.safetensors", plan("cluster", "*.expand", ratio=0.5, into="project"))
    return tmp_path / "tied.safetensors"


def test_a_checkpoint(source: Path) -> None:
    found = statistics(source)
    assert found.kind == "checkpoint"
    assert found.file_bytes == source.stat().st_size
    assert [part.name for part in found.parts] == ["acoustic", "vocoder"]
    for part in found.parts:
        net = checkpoint.load(source).part(part.name)
        assert part.unique_parameters == count_parameters(net)
        assert part.tying_ratio == 1
        assert sum(row.unique_parameters for row in part.modules) == part.unique_parameters
    assert found.total.unique_parameters == sum(part.unique_parameters for part in found.parts)
    assert found.total.unique_bytes == 4 * found.total.unique_parameters


def test_before_and_after(source: Path, tied: Path) -> None:
    before, after = statistics(source).total, statistics(tied).total
    assert after.named_parameters == before.unique_parameters
    assert after.unique_parameters < before.unique_parameters
    assert after.macs_per_second is not None
    assert before.macs_per_second is not None
    assert after.macs_per_second < before.macs_per_second


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("which", ["source", "tied"])
def test_a_voice_says_what_its_checkpoint_says(
    request: pytest.FixtureRequest, which: str, precision: str, tmp_path: Path
) -> None:
    path = request.getfixturevalue(which)
    export([path], tmp_path / "v.onnx", precision=precision)
    voice, nets = statistics(tmp_path / "v.onnx"), statistics(path)
    assert voice.kind == "voice"
    for key in ("unique_parameters", "named_parameters"):
        assert getattr(voice.total, key) == getattr(nets.total, key)
    # The graph's own count: its speaking rate is that of what the net says, so that it is only near.
    assert voice.total.macs_per_second == pytest.approx(nets.total.macs_per_second, rel=0.25)
    weights = onnx_counting.count(tmp_path / "v.onnx").unique_parameters
    # A few weights are only needed in training, and a few constants are no weights.
    assert weights == pytest.approx(nets.total.unique_parameters, rel=0.03)
    assert voice.front_end_bytes > 1e6


def test_the_voice_in_the_package() -> None:
    found = statistics("kathleen")
    assert found.file.name == "kathleen.onnx"
    assert found.file_bytes == found.file.stat().st_size
    assert found.total.unique_bytes is not None
    assert 0.9 * found.file_bytes < found.total.unique_bytes < found.file_bytes


def test_weights_of_another_program(tmp_path: Path) -> None:
    torch.save(nn.Linear(5, 3).state_dict(), tmp_path / "theirs.pt")
    found = statistics(tmp_path / "theirs.pt")
    assert found.kind == "weights"
    assert found.total.unique_parameters == 18
    assert found.total.macs_per_second is None
    assert found.to_dict()["flops_per_second"] is None


def test_files_that_are_nothing(tmp_path: Path) -> None:
    import onnx

    with pytest.raises(VoiceError, match="no such voice: nobody"):
        statistics("nobody")
    with pytest.raises(VoiceError, match="no such file"):
        statistics(tmp_path / "no.pt")
    (tmp_path / "a.onnx").write_bytes(b"junk")
    with pytest.raises(VoiceError, match="is damaged or is not a voice"):
        statistics(tmp_path / "a.onnx")
    graph = onnx.helper.make_graph([], "g", [], [])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "b.onnx")
    # A model of another program, which stores nothing.
    assert (statistics(tmp_path / "b.onnx").kind, statistics(tmp_path / "b.onnx").total.unique_bytes) == (
        "model",
        0,
    )
    (tmp_path / "c.safetensors").write_bytes(b"junk")
    with pytest.raises(CheckpointError):
        statistics(tmp_path / "c.safetensors")


def test_the_table(source: Path, tied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(tied)]) == 0
    shown = capsys.readouterr().out
    total = statistics(tied).total
    assert f"{total.unique_parameters:,}" in shown
    assert "cluster" in shown
    assert "█" in shown
    assert main(["stats", str(tied), "--all"]) == 0
    assert "decoder.blocks.1.expand" in capsys.readouterr().out


def test_two_files(source: Path, tied: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "saved.png"
    assert main(["stats", str(source), str(tied), "--plot", str(picture)]) == 0
    shown = capsys.readouterr().out
    before, after = statistics(source), statistics(tied)
    assert f"{before.total.unique_parameters / after.total.unique_parameters:.2f}x" in shown
    assert picture.read_bytes().startswith(b"\x89PNG")
    first = picture.read_bytes()
    main(["stats", str(source), str(tied), "--plot", str(picture), "--json"])
    assert picture.read_bytes() == first
    found = json.loads(capsys.readouterr().out)
    assert found["reductions"]["file_bytes"] == before.file_bytes / after.file_bytes
    assert found["after"]["tying_ratio"] == after.total.tying_ratio


def test_json(tied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(tied), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    keys = {
        "unique_parameters",
        "named_parameters",
        "tying_ratio",
        "unique_bytes",
        "file_bytes",
        "macs_per_second",
        "flops_per_second",
        "buffers",
    }
    assert keys <= found.keys()
    assert found["flops_per_second"] == 2 * found["macs_per_second"]
    rows = found["parts"]["vocoder"]["modules"]
    assert {row["scheme"] for row in rows} == {"", "cluster"}


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (["a", "b", "c"], 2, "one file or two"),
        (["kathleen", "--plot", "a.txt"], 2, "a picture's name ends in .png"),
        (["kathleen", "--plot", "no/a.png"], 1, "there is no folder no"),
        (["kathleen", "--arch", "vits"], 2, "`--arch` must be"),
        (["nobody"], 1, "no such voice: nobody"),
    ],
)
def test_mistakes(arguments: list[str], status: int, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", *arguments]) == status
    assert error in capsys.readouterr().err

"""`tiedtts tie` as a user types it."""

import json
import os
from pathlib import Path

import pytest
import torch

from tests.graphs import voices
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts_cli.main import main

PLAN = '[[tie]]\nlayers = "*.expand"\nscheme = "cluster"\noptions = { into = "project" }\n'


@pytest.fixture(autouse=True)
def _in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    net = HarmonicVocoder(VocoderConfig(width=16, blocks=2))
    checkpoint.save(Path("v.safetensors"), Checkpoint({"vocoder": net}, AudioSettings()))
    Path("plan.toml").write_text(PLAN)


def test_by_a_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["tie", "v.safetensors", "-o", "t.safetensors", "--plan", "plan.toml", "--report", "r.json"])
        == 0
    )
    shown = capsys.readouterr()
    rows = [line.split() for line in shown.out.splitlines()]
    assert rows[1][:4] == ["vocoder.body.blocks.*.expand", "x2", "cluster", "structural"]
    assert rows[2][0] == "vocoder.body.blocks.*.project"
    assert "times fewer" in shown.out
    assert shown.err == ""
    report = json.loads(Path("r.json").read_text())
    assert report["file_bytes_after"] == Path("t.safetensors").stat().st_size
    assert [row["layer"] for row in report["layers"]] == [
        f"vocoder.body.blocks.{n}.{name}" for n in range(2) for name in ("expand", "project")
    ]


def test_by_a_scheme(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["tie", "v.safetensors", "-o", "t.safetensors", "--scheme", "codebook", "--layers", "*.expand"]
    options = ["--option", "k=4", "--option", "scales=none"]
    assert main([*command, *options, "--bias", "zero", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {row["scheme"] for row in report["layers"]} == {"codebook"}
    assert [row["parameters_after"] for row in report["layers"]] == [4, 4]
    assert main(["untie", "t.safetensors", "-o", "u.safetensors"]) == 0
    restored = checkpoint.load(Path("u.safetensors")).part("vocoder")
    assert len(restored.state_dict()["body.blocks.0.expand.weight"].unique()) == 4


def test_suggest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["suggest", "v.safetensors", "-o", "plan2.toml"]) == 0
    shown = capsys.readouterr()
    assert Path("plan2.toml").read_text() in shown.out
    assert "most alike" in shown.out
    assert shown.err == "next: tiedtts tie v.safetensors -o tied.safetensors --plan plan2.toml\n"
    assert main(["tie", "v.safetensors", "-o", "t.safetensors", "--plan", "plan2.toml", "-q"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["suggest", "v.safetensors", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plan"]["tie"]
    assert main(["suggest", "v.safetensors", "-o", "plan3.toml", "--max-error", "0"]) == 1
    refused = capsys.readouterr().err
    assert "no tie is within the bounds" in refused
    assert not Path("plan3.toml").exists()
    admitted = refused.rpartition("--max-error ")[2].strip()
    assert main(["suggest", "v.safetensors", "-o", "plan3.toml", "--max-error", admitted]) == 0, refused
    assert Path("plan3.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (["-o", "t.safetensors"], 2, "give either `--plan FILE` or `--scheme S --layers GLOB`"),
        (["-o", "t.safetensors", "--scheme", "share"], 2, "`--scheme` needs `--layers`"),
        (["-o", "t.safetensors", "--layers", "*"], 2, "give either"),
        (["-o", "t.safetensors", "--plan", "plan.toml", "--layers", "*"], 2, "belong to `--scheme`"),
        (["--plan", "plan.toml"], 2, "missing option '--output'"),
        (["--untie", "-o", "t.safetensors"], 2, "no such option: --untie"),
        (["--suggest", "-o", "t.safetensors"], 2, "no such option: --suggest"),
        (
            ["-o", "t.safetensors", "--plan", "plan.toml", "--arch", "vits"],
            2,
            "`--arch` must be one of auto, hifigan",
        ),
        (["-o", "t.safetensors", "--scheme", "share", "--layers", "*", "--option", "k"], 2, "must be K=V"),
        (["-o", "t.safetensors", "--scheme", "magic", "--layers", "*"], 1, "there is no scheme `magic`"),
        (["-o", "t.safetensors", "--scheme", "codebook", "--layers", "x"], 1, "no layer matches `x`"),
        (["-o", "v.safetensors", "--plan", "plan.toml"], 1, "is the checkpoint itself"),
        (["-o", "no/t.safetensors", "--plan", "plan.toml"], 1, "there is no folder no"),
        (["-o", "t.safetensors", "--plan", "none.toml"], 1, "cannot read tie plan `none.toml`"),
        (["-o", "t.safetensors", "--plan", "plan.toml", "--report", "no/r.json"], 1, "there is no folder no"),
        (["-o", "t.safetensors", "--plan", "plan.toml", "--data", "no"], 1, "no is not a data folder"),
    ],
)
def test_mistakes(arguments: list[str], status: int, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    there = {path.name: path.read_bytes() for path in Path().iterdir()}
    assert main(["tie", "v.safetensors", *arguments]) == status
    shown = capsys.readouterr()
    assert error in shown.err.splitlines()[0]
    assert shown.err.startswith("error: ")
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == there


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (["untie", "v.safetensors"], 2, "missing option '--output'"),
        (["untie", "none.safetensors", "-o", "u.safetensors"], 1, "none.safetensors"),
        (["untie", "v.safetensors", "-o", "v.safetensors"], 1, "is the checkpoint itself"),
        (
            ["untie", "v.safetensors", "-o", "u.safetensors", "--plan", "plan.toml"],
            2,
            "no such option: --plan",
        ),
        (["suggest", "v.safetensors", "-o", "v.safetensors"], 1, "is the checkpoint itself"),
        (["suggest", "v.safetensors", "--arch", "vits"], 2, "`--arch` must be one of auto, hifigan"),
        (["suggest", "v.safetensors", "--data", "no"], 1, "no is not a data folder"),
        (["suggest", "v.safetensors", "--scheme", "share"], 2, "`--scheme` needs a budget"),
    ],
)
def test_mistakes_of_the_commands_beside(
    arguments: list[str], status: int, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    there = {path.name: path.read_bytes() for path in Path().iterdir()}
    assert main(arguments) == status
    assert error in capsys.readouterr().err.splitlines()[0]
    assert {path.name: path.read_bytes() for path in Path().iterdir()} == there


def test_layers_that_are_passed_over_for_one_reason_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["tie", "v.safetensors", "-o", "t.safetensors", "--plan", "plan.toml", "-q"]) == 0
    monkeypatch.delenv("OMP_WAIT_POLICY")
    again = ["tie", "t.safetensors", "-o", "u.safetensors", "--layers", "*", "--scheme"]
    assert main([*again, "codebook"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("passed over")]
    layers = "`vocoder.body.blocks.*.expand`, `vocoder.body.blocks.*.project`"
    assert lines == [f"passed over: {layers}: each is tied already, by `cluster`"]
    assert os.environ["OMP_WAIT_POLICY"] == "passive", "read by torch's threads"
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert main([*again, "lowrank"]) == 0
    assert os.environ["OMP_WAIT_POLICY"] == "active"


def test_a_rule_that_ties_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tie", "v.safetensors", "-o", "t.safetensors", "--plan", "plan.toml", "-q"]) == 0
    again = ["tie", "t.safetensors", "-o", "u.safetensors", "--scheme", "codebook"]
    assert main([*again, "--layers", "*.expand"]) == 1
    assert "`vocoder.body.blocks.0.expand` is tied already, by `cluster`" in capsys.readouterr().err
    assert not Path("u.safetensors").exists()


def test_several_files(capsys: pytest.CaptureFixture[str]) -> None:
    index = "t.safetensors.index.json"
    assert main(["tie", "v.safetensors", "-o", index, "--plan", "plan.toml", "--shard-size", "1"]) == 0
    assert main(["untie", index, "-o", "back.safetensors.index.json", "--shard-size", "1"]) == 0
    assert Path("back-00001-of-00001.safetensors").is_file()
    capsys.readouterr()
    assert main(["stats", index, "back.safetensors.index.json", "--json"]) == 0
    counted = json.loads(capsys.readouterr().out)
    assert counted["before"]["named_parameters"] == counted["after"]["unique_parameters"]
    for command in (["tie", "v.safetensors", "--plan", "plan.toml"], ["untie", index]):
        assert main([*command, "-o", "one.safetensors", "--shard-size", "1"]) == 2
        assert "`--shard-size` is for several files" in capsys.readouterr().err


def test_a_voice_of_another_program(capsys: pytest.CaptureFixture[str]) -> None:
    voices.export(Path("small.onnx"))
    assert main(["tie", "small.onnx", "-o", "tied.onnx", "--scheme", "codebook", "--layers", "ups*"]) == 0
    assert "model.ups.*" in capsys.readouterr().out
    assert Path("tied.onnx.json").is_file()
    assert main(["stats", "tied.onnx", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tying_ratio"] > 1
    assert main(["tie", "small.onnx", "-o", "tied.pt", "--scheme", "codebook", "--layers", "*"]) == 1
    assert "a tied model's name ends in .onnx" in capsys.readouterr().err


def test_ties_that_only_training_makes(capsys: pytest.CaptureFixture[str]) -> None:
    Path("learned.toml").write_text(PLAN + "learn = true\n")
    assert main(["tie", "v.safetensors", "-o", "t.safetensors", "--plan", "learned.toml"]) == 1
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: rule 1 of `learned.toml` has `learn`")
    assert "tiedtts train DATA" in hint
    assert not Path("t.safetensors").exists()


def test_stats_tells_of_ties_that_are_learnt(capsys: pytest.CaptureFixture[str]) -> None:
    net = HarmonicVocoder(VocoderConfig(width=16, blocks=2))
    ties = [
        {"layers": ["*.expand"], "scheme": "cluster", "begin": 0, "end": 9, "step": 4, "distance": 0.125},
        {"layers": ["*.project"], "scheme": "share", "begin": 0, "end": 3},
    ]
    told = {"vocoder": {"learned_ties": ties}}
    checkpoint.save(Path("w.safetensors"), Checkpoint({"vocoder": net}, AudioSettings(), told))
    assert main(["stats", "w.safetensors"]) == 0
    lines = capsys.readouterr().err
    assert (
        "vocoder: `*.expand` (cluster) are not tied yet: they learn it until step 9, and are 12.5% from"
        in lines
    )
    assert "vocoder: ties of `*.project` (share) were learnt until step 3" in lines

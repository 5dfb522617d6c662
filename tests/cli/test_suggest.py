"""`tiedtts suggest` with a budget, as a user types it."""

import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.cli import test_calibration
from tiedtts_cli.main import main

PROGRAM = test_calibration.PROGRAM.replace("20, 30", "20, 200").replace("30, 4", "200, 4")
COMMAND = """
import sys
import numpy as np
from safetensors.numpy import load_file

def run(path):
    of = load_file(path)
    x = np.random.default_rng(1).standard_normal((200, 20)) * 0.6 ** np.arange(20)
    return np.maximum(x @ of["0.weight"].T + of["0.bias"], 0) @ of["2.weight"].T + of["2.bias"]

first, second = run("net.safetensors"), run(sys.argv[1])
print("some words")
print("loss:", 2 + np.square(first - second).mean() / np.square(first).mean())
"""
"""Measures without torch, which takes seconds to load each time."""


@pytest.fixture(autouse=True)
def _in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my_program.py").write_text(PROGRAM)
    monkeypatch.delitem(sys.modules, "my_program", raising=False)
    space: dict[str, object] = {"__name__": "other"}
    exec(PROGRAM, space)
    torch.save(space["net"]().state_dict(), "net.pt")  # type: ignore[operator]


def test_a_file_of_so_many_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["suggest", "net.pt", "--bytes", "6k", "--calibrate", "my_program:run", "--trials", "20"]
    assert main([*command, "-o", "plan.toml", "--plot", "front.svg"]) == 0
    shown = capsys.readouterr()
    assert Path("plan.toml").read_text() in shown.out
    assert "The front" in shown.out
    assert "change of outputs, measured" in shown.out
    assert b"</svg>" in Path("front.svg").read_bytes()
    _, _, following = shown.err.rpartition("next: tiedtts ")
    assert main(following.split()) == 0
    assert Path("tied.safetensors").stat().st_size <= 6000


def test_few_numbers_leave_the_choice_to_chance(capsys: pytest.CaptureFixture[str]) -> None:
    """A plan found by eight numbers was seven times as bad as a plain codebook on other inputs."""
    with Path("my_program.py").open("a") as file:
        file.write("\ndef eight(path):\n    return [float(of) for of in run(path).flatten()[:8]]\n")
    command = ["suggest", "net.pt", "--bytes", "6k", "--trials", "10", "--calibrate"]
    assert main([*command, "my_program:eight"]) == 0
    assert "are 8 numbers: which plan changes them least may be chance" in capsys.readouterr().err
    assert main([*command, "my_program:run"]) == 0
    assert "chance" not in capsys.readouterr().err


def test_json_by_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    Path("measure.py").write_text(COMMAND)
    save_file(torch.load("net.pt", weights_only=True), "net.safetensors")
    measure = f'"{sys.executable}" measure.py {{file}}'
    command = [
        "suggest",
        "net.safetensors",
        "--loss",
        "2%",
        "--measure",
        measure,
        "--trials",
        "10",
        "--scheme",
        "codebook",
    ]
    assert main([*command, "--json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["harm_is"] == "growth of the loss"
    assert told["measurements"] <= 10
    assert 0 <= told["after"]["harm"] <= 0.02
    assert told["after"]["file_bytes"] < told["before"]["file_bytes"]
    assert {rule["scheme"] for rule in told["plan"]["tie"]} == {"codebook"}


def test_work(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["suggest", "net.pt", "--macs", "60%", "--calibrate", "my_program:run", "--trials", "10"]
    assert main([*command, "--json", "-q"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["after"]["macs"] <= 0.6 * told["before"]["macs"]


@pytest.mark.parametrize(
    ("arguments", "status", "error"),
    [
        (["--bytes", "many"], 2, "`--bytes` must be an amount such as 300k, 1.5M or 25%, got: many"),
        (["--bytes", "0"], 2, "`--bytes` must be above zero"),
        (["--loss", "3"], 2, "`--loss` must be an amount such as 1%, got: 3"),
        (["--loss", "1%"], 1, "there is nothing that measures how much a plan costs"),
        (["--bytes", "100"], 1, "no plan keeps the budget"),
        (
            ["--bytes", "2k", "--scheme", "io"],
            2,
            "`--scheme` must be one of codebook, lowrank, cluster, share",
        ),
        (["--measure", "x {file}"], 2, "`--measure` needs a budget"),
        (["--plot", "x.png"], 2, "`--plot` needs a budget"),
        (["--bytes", "2k", "--plot", "x.bmp"], 2, "a picture's name ends in"),
        (["--bytes", "2k", "--measure", "x"], 1, "a command that measures names `{file}`"),
        (["--bytes", "2k", "--measure", "no-such-program {file}"], 1, "`no-such-program` cannot be run"),
        (["--bytes", "2k", "--measure", f'"{sys.executable}" -c "" {{file}}'], 1, "printed no number"),
        (["--bytes", "2k", "--measure", f'"{sys.executable}" -c "1/0" {{file}}'], 1, "failed with status 1"),
        (
            ["--bytes", "2k", "--measure", "x {file}", "--data", "d"],
            2,
            "`--measure` and `--data` both measure",
        ),
        (["--bytes", "2k", "-o", "net.pt"], 1, "is the checkpoint itself"),
    ],
)
def test_mistakes(arguments: list[str], status: int, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    there = sorted(path.name for path in Path().iterdir() if path.name != "__pycache__")
    assert main(["suggest", "net.pt", *arguments]) == status
    assert error in capsys.readouterr().err
    assert sorted(path.name for path in Path().iterdir() if path.name != "__pycache__") == there

"""`tiedtts tie --calibrate`: ties that look at what a program of the user's, or arrays, send through a net."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tiedtts.checkpoints import checkpoint
from tiedtts.nets.hifigan import Hifigan, HifiganConfig
from tiedtts_cli.main import main

PROGRAM = """
import torch

def net():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(20, 30), torch.nn.ReLU(), torch.nn.Linear(30, 4))

def inputs(seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(200, 20, generator=generator) * 0.6 ** torch.arange(20)

def run(path):
    model = net()
    model.load_state_dict(torch.load(path, weights_only=True))
    return model(inputs())

def other(path):
    return torch.randn(40, 7) @ torch.randn(7, 5)

def broken(path):
    raise ValueError("no such file")

several = [1]
"""


@pytest.fixture(autouse=True)
def _in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my_program.py").write_text(PROGRAM)
    monkeypatch.delitem(sys.modules, "my_program", raising=False)
    space: dict[str, nn.Module] = {}
    exec(PROGRAM, space)
    torch.save(space["net"]().state_dict(), "net.pt")


def harm(tied: str) -> float:
    """Return how much the program's outputs change with a tied checkpoint."""
    assert main(["untie", tied, "-o", "back.pt"]) == 0
    space: dict[str, nn.Module] = {}
    exec(PROGRAM, space)
    first, second = space["net"](), space["net"]()
    second.load_state_dict(torch.load("back.pt", weights_only=True))
    x = space["inputs"](2)
    with torch.no_grad():
        return float((first(x) - second(x)).square().sum() / first(x).square().sum())


@pytest.mark.parametrize("scheme", ["lowrank", "codebook"])
def test_a_program_of_ones_own(scheme: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = {"lowrank": ["rank=2"], "codebook": ["k=4"]}[scheme]
    command = ["tie", "net.pt", "--scheme", scheme, "--layers", "*", "--option", *options]
    assert main([*command, "-o", "blind.safetensors"]) == 0
    assert main([*command, "-o", "seen.safetensors", "--calibrate", "my_program:run"]) == 0
    assert "data went through 2 of 2 tied layers" in capsys.readouterr().err
    assert harm("seen.safetensors") < 0.7 * harm("blind.safetensors")
    assert Path("seen.safetensors").stat().st_size == Path("blind.safetensors").stat().st_size


def test_arrays_for_layers(capsys: pytest.CaptureFixture[str]) -> None:
    space: dict[str, nn.Module] = {}
    exec(PROGRAM, space)
    np.savez("inputs.npz", **{"0": space["inputs"]().numpy()})
    command = ["tie", "net.pt", "--scheme", "lowrank", "--layers", "*", "--option", "rank=2"]
    assert main([*command, "-o", "seen.safetensors", "--calibrate", "inputs.npz", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["notes"][-1] == "data went through 1 of 2 tied layers"


def test_arrays_for_a_net(capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    sizes = HifiganConfig(
        n_mels=8,
        channels=8,
        upsample_rates=(4, 2),
        upsample_kernels=(8, 4),
        resblock_kernels=(3,),
        resblock_dilations=((1, 3, 5),),
    )
    net = Hifigan(sizes)
    checkpoint.save(Path("v.safetensors"), checkpoint.Checkpoint({"vocoder": net}, None))
    np.savez("mel.npz", mel=np.random.default_rng(0).standard_normal((1, 8, 40), np.float32))
    command = ["tie", "v.safetensors", "-o", "t.safetensors", "--scheme", "codebook", "--layers", "*"]
    assert main([*command, "--calibrate", "mel.npz", "--json"]) == 0
    notes = json.loads(capsys.readouterr().out)["notes"]
    tied = sum(
        1
        for layer in checkpoint.load(Path("t.safetensors")).part("vocoder").modules()
        if hasattr(layer, "spec")
    )
    assert notes[-1] == f"data went through {tied} of {tied} tied layers"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("my_program", "inputs are `MODULE:FUNCTION` or a `.npz` file, got: my_program"),
        ("nothing:run", "there is no module `nothing`"),
        ("my_program:nothing", "`my_program:nothing` cannot be found"),
        ("my_program:several", "is no function, but a list"),
        ("my_program:broken", "my_program:broken failed: ValueError: no such file"),
        ("my_program:other", "uses none of the checkpoint's weights"),
        ("none.npz", "no such file: none.npz"),
        ("bad.npz", "bad.npz cannot be read as arrays"),
        ("else.npz", "the arrays of else.npz fit nothing in the checkpoint: x"),
    ],
)
def test_what_cannot_be_run(given: str, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.npz").write_bytes(b"PK no archive")
    np.savez("else.npz", x=np.zeros((30, 20), np.float32))
    command = ["tie", "net.pt", "-o", "t.safetensors", "--scheme", "codebook", "--layers", "*"]
    assert main([*command, "--calibrate", given]) == 1
    assert error in capsys.readouterr().err
    assert not Path("t.safetensors").exists()

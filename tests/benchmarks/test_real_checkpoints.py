"""The harness for checkpoints that others ship, on a package made up for it."""

import importlib
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.benchmarks import real_checkpoints
from tests.benchmarks.real_tasks import Answers, Case

PROGRAM = """
from pathlib import Path
import torch, torchaudio
from torchaudio import nothing
net = torch.nn.Linear(40, 30)
net.load_state_dict(torch.load(Path(__file__).with_name("w.pt"), weights_only=True)["net"])
"""


def task(package: Path, draw: int) -> Answers:
    """Sum up what the net says."""
    module = importlib.import_module("made_up_program")
    assert Path(module.__file__ or "").parent == package
    out = module.net(torch.ones(40)).tolist()
    return Answers(abs(sum(out) - 30.0), out, out)


def test_a_package_runs_with_other_weights(tmp_path: Path) -> None:
    package = tmp_path / "made_up_program"
    package.mkdir()
    (package / "__init__.py").write_text(PROGRAM)
    torch.manual_seed(0)
    net = nn.Linear(40, 30)
    nn.init.constant_(net.bias, 1.0)
    with torch.no_grad():
        net.weight -= net.weight.mean()
    torch.save({"net": net.state_dict(), "step": 3}, package / "w.pt")
    before = (package / "w.pt").read_bytes()
    case = Case("made_up_program", "w.pt", "sum", task)
    ways = ("untied", "codebook, 8 bits", "codebook, 4 bits", "codebook, 4 bits, groups of 64")
    rows = {way: real_checkpoints.row(tmp_path, case, way) for way in ways}
    real_checkpoints.compared(rows)
    assert rows["untied"]["error"] == pytest.approx(0, abs=1e-3)
    assert rows["untied"]["change"] == 0 < rows["codebook, 8 bits"]["change"]
    assert rows["codebook, 8 bits"]["change"] < rows["codebook, 4 bits"]["change"] < 0.5
    assert rows["codebook, 4 bits"]["bits"] < rows["codebook, 8 bits"]["bits"]
    assert (package / "w.pt").read_bytes() == before
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("made_up_program")


def test_what_counts_as_near(capsys: pytest.CaptureFixture[str]) -> None:
    def rows(eight: float, four: float) -> dict[str, object]:
        found = {"codebook, 8 bits": eight, "codebook, 4 bits": four}
        return {way: {"error": error, "bits": 4.0, "file_bytes": 1000} for way, error in found.items()}

    names = list(real_checkpoints.CASES)
    errors = ((0.1, 0.2), (0.1, 0.21), (0.0, 0.01), (0.0, 0.02))
    results = {name: rows(*each) for name, each in zip(names, errors, strict=False)}
    assert real_checkpoints.within({**results, "x": {}}, "codebook, 4 bits") == (2, 4)
    real_checkpoints.show(results)
    shown = capsys.readouterr().out.splitlines()
    assert shown[2].endswith("| - | 10.0%, 1 kB | 20.0%, 1 kB |")
    assert shown[-1].endswith("2 of 4")

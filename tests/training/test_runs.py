"""Run folders: what they keep, and that nothing in them is lost by mistake."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tiedtts import locking
from tiedtts.checkpoints import tensor_files
from tiedtts.errors import FolderError
from tiedtts.training.divergence import TrainingDiverged
from tiedtts.training.progress import Progress
from tiedtts.training.train import train
from tiedtts.training.trainer import Trainer

RECIPE = """\
evaluate_every = 2
illustrate_every = 100
keep_every = 2
[aligner]
batch_size = 4
net = { width = 8, blocks = 1 }
stages = [{ steps = 9, learning_rate = 1e-3 }]
"""


@pytest.fixture
def options(tmp_path: Path, data_folder: Path) -> dict[str, Any]:
    (tmp_path / "small.toml").write_text(RECIPE)
    recipe = str(tmp_path / "small.toml")
    return {"data": data_folder, "recipe": recipe, "parts": ["aligner"], "threads": 1, "accelerator": "cpu"}


def test_a_run_is_neither_lost_nor_taken_for_one(options: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(FolderError, match=r"there is no run in .*run to go on with") as error:
        train(run=run, resume=True, **options)
    assert error.value.hint == "leave out `--resume`"
    assert not run.exists()
    train(run=run, **options)
    before = (run / "aligner.safetensors").read_bytes()
    with pytest.raises(FolderError, match="has a run already: aligner") as error:
        train(run=run, **options)
    assert "--resume" in str(error.value.hint)
    assert "--overwrite" in str(error.value.hint)
    # Done already: nothing changes.
    train(run=run, resume=True, **options)
    assert (run / "aligner.safetensors").read_bytes() == before
    seen: list[Progress] = []
    train(run=run, overwrite=True, progress=seen.append, **options)
    assert (run / "aligner.safetensors").read_bytes() == before
    assert seen[-1].step == 9


def test_the_last_checkpoints_stay(options: dict[str, Any], tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(run=run, **options)
    names = sorted(path.name for path in (run / "aligner").glob("*.safetensors"))
    assert names == ["last.safetensors", "step_6.safetensors", "step_8.safetensors"]
    # What is trained no more needs no optimizer.
    tensors, _ = tensor_files.read(run / "aligner" / "last.safetensors")
    assert {name.split(".")[0] for name in tensors} == {"net", "mean"}


def test_a_folder_is_one_runs(options: dict[str, Any], tmp_path: Path) -> None:
    with locking.hold(tmp_path / "run"), pytest.raises(FolderError, match="another run writes to"):
        train(run=tmp_path / "run", **options)


def test_weights_that_are_no_numbers_replace_no_state(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiedtts.training.trainer.SAVE_SECONDS", 0.0)
    whole = Trainer._one_step

    def step(self: Trainer, *arguments: Any, **named: Any) -> dict[str, float]:
        values = whole(self, *arguments, **named)
        if self.step == 6:
            with torch.no_grad():
                next(self.net.parameters()).fill_(float("nan"))
        return values

    monkeypatch.setattr(Trainer, "_one_step", step)
    with pytest.raises(TrainingDiverged, match="aligner: weights are not numbers") as error:
        train(run=tmp_path / "run", **options)
    assert "step_6.safetensors" in str(error.value.hint)
    assert "`learning_rate`" in str(error.value.hint)
    tensors, _ = tensor_files.read(tmp_path / "run" / "aligner" / "last.safetensors")
    assert all(value.isfinite().all() for value in tensors.values())
    assert not (tmp_path / "run" / "aligner.safetensors").exists()

"""The whole of `train`: what it leaves behind, going on after a kill, several processes."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tiedtts.checkpoints import checkpoint
from tiedtts.errors import CheckpointError, ConfigError, CorpusError
from tiedtts.training.divergence import TrainingDiverged
from tiedtts.training.losses import Ratio
from tiedtts.training.part_recipe import Stage
from tiedtts.training.progress import Progress
from tiedtts.training.schedule import learning_rate
from tiedtts.training.train import train

SCRIPT = """
import sys
from pathlib import Path
from tiedtts.training.train import train
data, run, recipe, part, *flags = sys.argv[1:]
train(Path(data), Path(run), recipe=recipe, parts=part.split(","), threads=1, accelerator="cpu",
      resume="resume" in flags)
"""


def _rows(run: Path, part: str) -> list[dict[str, str]]:
    with (run / part / "log.csv").open(newline="") as file:
        return [{n: v for n, v in row.items() if v} for row in csv.DictReader(file)]


def _same_weights(first: Path, second: Path, part: str) -> None:
    states = [
        checkpoint.load(path / f"{part}.safetensors").part(part).state_dict() for path in (first, second)
    ]
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name]), name


@pytest.mark.usefixtures("pictures")
def test_all_parts(data_folder: Path, recipe: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    run = tmp_path / "run"
    made = train(data_folder, run, recipe=str(recipe), threads=1, accelerator="cpu", progress=seen.append)
    assert list(made) == ["aligner", "acoustic", "vocoder", "voice"]
    assert [(p.part, p.step) for p in seen if p.step == p.steps] == [
        ("aligner", 4),
        ("acoustic", 8),
        ("vocoder", 8),
    ]
    assert all(p.seconds_left >= 0 for p in seen)
    shares = [p.share for p in seen]
    assert shares == sorted(shares)
    # The whole run, not the part: two thirds are still to be done when the aligner is.
    assert shares[0] < 0.3
    assert shares[-1] == pytest.approx(1.0)
    for part, count in (("aligner", 2), ("acoustic", 4), ("vocoder", 4)):
        rows = _rows(run, part)
        assert [int(row["step"]) for row in rows] == [2 * n for n in range(1, count + 1)]
        assert any(name.startswith("heldout_") for name in rows[0])
        # The one at the end is beside the folder, without what only training needs.
        kept = sorted(path.stem for path in (run / part).glob("step_*.safetensors"))
        assert kept == ([] if part == "aligner" else ["step_4"])
    assert (run / "acoustic" / "step_8" / "mel0.png").stat().st_size > 1000
    assert (run / "vocoder" / "step_8" / "copy0.wav").stat().st_size > 1000
    voice = checkpoint.load(made["voice"])
    assert sorted(voice.parts) == ["acoustic", "vocoder"]
    assert voice.provenance["acoustic"]["steps"] == 8
    assert voice.provenance["vocoder"]["licence"] == "CC0-1.0"
    assert voice.part("acoustic").config.duration_scale != 1.0


@pytest.mark.parametrize("part", ["acoustic", "vocoder"])
def test_training_is_deterministic(data_folder: Path, recipe: Path, tmp_path: Path, part: str) -> None:
    for run in ("a", "b"):
        train(data_folder, tmp_path / run, recipe=str(recipe), parts=[part], threads=1, accelerator="cpu")
    assert _rows(tmp_path / "a", part) == _rows(tmp_path / "b", part)
    _same_weights(tmp_path / "a", tmp_path / "b", part)


@pytest.mark.parametrize("stop", [3, 4, 6])
def test_resume_is_the_unbroken_run(
    data_folder: Path, recipe: Path, tmp_path: Path, stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped inside the first stage, between both, and inside the second."""
    monkeypatch.setattr("tiedtts.training.trainer.SAVE_SECONDS", 0.0)
    monkeypatch.setattr("tiedtts.training.trainer.REPORT_STEPS", 1)
    arguments = {"recipe": str(recipe), "parts": ["acoustic"], "threads": 1, "accelerator": "cpu"}
    train(data_folder, tmp_path / "whole", **arguments)

    def kill(progress: Progress) -> None:
        if progress.step == stop + 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data_folder, tmp_path / "broken", progress=kill, **arguments)
    train(data_folder, tmp_path / "broken", resume=True, **arguments)
    assert _rows(tmp_path / "broken", "acoustic") == _rows(tmp_path / "whole", "acoustic")
    _same_weights(tmp_path / "broken", tmp_path / "whole", "acoustic")
    # Finished already: going on changes nothing.
    train(data_folder, tmp_path / "broken", resume=True, **arguments)
    _same_weights(tmp_path / "broken", tmp_path / "whole", "acoustic")


def _start(data: Path, run: Path, recipe: Path, part: str, *flags: str) -> subprocess.Popen[str]:
    script = run.parent / "train_script.py"
    script.write_text(SCRIPT)
    models = Path(checkpoint.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(models), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), str(data), str(run), str(recipe), part, *flags]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_killed_run_goes_on(data_folder: Path, recipe: Path, tmp_path: Path) -> None:
    long = recipe.with_name("long.toml")
    long.write_text(recipe.read_text().replace("steps = 4", "steps = 4000", 1))
    run = tmp_path / "run"
    process = _start(data_folder, run, long, "aligner")
    deadline = time.monotonic() + 600
    while not (run / "aligner" / "step_8.safetensors").is_file():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.communicate()
    before = [int(row["step"]) for row in _rows(run, "aligner")]
    short = recipe.read_text()
    (run / "recipe.toml").write_text(short)
    # No state was written in the seconds it ran: it starts again and the log has no step twice.
    train(data_folder, run, recipe="ignored", parts=["aligner"], resume=True, threads=1, accelerator="cpu")
    assert before[-1] >= 8
    assert [int(row["step"]) for row in _rows(run, "aligner")] == [2, 4]


def test_init_from_starts_from_the_weights(data_folder: Path, recipe: Path, tmp_path: Path) -> None:
    arguments = {"recipe": str(recipe), "parts": ["vocoder"], "threads": 1, "accelerator": "cpu"}
    first = train(data_folder, tmp_path / "a", **arguments)["vocoder"]
    train(data_folder, tmp_path / "b", init_from=first, **arguments)
    losses = [float(_rows(tmp_path / run, "vocoder")[0]["log1024"]) for run in "ab"]
    assert losses[1] < losses[0]
    with pytest.raises(ConfigError, match="none of the parts"):
        train(data_folder, tmp_path / "c", init_from=first, recipe=str(recipe), parts=["acoustic"])


def test_vocoder_on_predicted_mels(data_folder: Path, recipe: Path, tmp_path: Path) -> None:
    text = recipe.read_text().replace("segment_frames = 16", "segment_frames = 16\npredicted_mels = 1.0", 1)
    recipe.write_text(text)
    run = tmp_path / "run"
    with pytest.raises(ConfigError, match="`predicted_mels` needs"):
        train(data_folder, run, recipe=str(recipe), parts=["vocoder"], accelerator="cpu")
    made = train(data_folder, run, recipe=str(recipe), parts=["acoustic", "vocoder"], accelerator="cpu")
    assert checkpoint.load(made["voice"]).part("vocoder")


def test_another_recipe_in_the_same_folder(data_folder: Path, recipe: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(data_folder, run, recipe=str(recipe), parts=["aligner"], accelerator="cpu")
    other = recipe.with_name("other.toml")
    other.write_text(recipe.read_text().replace("batch_size = 4", "batch_size = 2"))
    with pytest.raises(ConfigError, match="another recipe"):
        train(data_folder, run, recipe=str(other), parts=["acoustic"], accelerator="cpu")


def test_state_of_another_recipe_is_refused(data_folder: Path, recipe: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(data_folder, run, recipe=str(recipe), parts=["aligner"], accelerator="cpu")
    (run / "recipe.toml").write_text(recipe.read_text().replace("batch_size = 4", "batch_size = 2"))
    with pytest.raises(CheckpointError, match="another recipe or another corpus"):
        train(data_folder, run, resume=True, parts=["aligner"], accelerator="cpu")


def test_divergence_is_an_error(
    data_folder: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Ratio(torch.tensor(float("nan")), torch.tensor(1.0))
    monkeypatch.setattr("tiedtts.training.losses.complex_spectral", lambda *arguments: nothing)
    with pytest.raises(TrainingDiverged, match="vocoder: losses complex are not numbers at step 2"):
        train(data_folder, tmp_path / "run", recipe=str(recipe), parts=["vocoder"], accelerator="cpu")


def test_wrong_arguments(data_folder: Path, recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown part `singer`"):
        train(data_folder, tmp_path / "r", parts=["singer"])
    with pytest.raises(ConfigError, match="`precision` must be"):
        train(data_folder, tmp_path / "r", recipe=str(recipe), precision="fp8")
    with pytest.raises(ConfigError, match="`threads` must be"):
        train(data_folder, tmp_path / "r", recipe=str(recipe), threads=0)
    with pytest.raises(CorpusError, match="not a data folder"):
        train(tmp_path, tmp_path / "r", recipe=str(recipe))
    with pytest.raises(CheckpointError, match="no such checkpoint"):
        train(data_folder, tmp_path / "r", recipe=str(recipe), init_from=tmp_path / "none.safetensors")
    assert not (tmp_path / "r").exists()


def test_learning_rate_rises_and_falls() -> None:
    stage = Stage(steps=100, learning_rate=0.1, warmup=10, final=0.1)
    rates = [learning_rate(stage, step) for step in range(100)]
    assert rates[0] == pytest.approx(0.01)
    assert max(rates) == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.01, rel=0.05)

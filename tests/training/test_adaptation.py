"""Adaptation: only a small difference from the net to start from is trained, and a run that stops goes on."""

import shutil
from pathlib import Path

import pytest
import torch

from tiedtts.checkpoints import checkpoint
from tiedtts.errors import ConfigError
from tiedtts.export import voice as voices
from tiedtts.speech import voice_nets
from tiedtts.training.progress import Progress
from tiedtts.training.train import train

RANK = 2


@pytest.fixture(scope="module")
def base(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A voice of 8 bits, hardly trained."""
    folder = tmp_path_factory.mktemp("base")
    text = "evaluate_every = 9\n"
    for part in ("acoustic", "vocoder"):
        text += f"[{part}]\nbatch_size = 4\n"
        text += "segment_frames = 16\n" if part == "vocoder" else ""
        text += f"[[{part}.stages]]\nsteps = 1\nlearning_rate = 1e-3\n[{part}.net]\nwidth = 32\n"
        text += (
            "blocks = 1\n"
            if part == "vocoder"
            else "decoder_blocks = 1\nencoder_blocks = 1\nvariance_width = 32\n"
        )
    (folder / "base.toml").write_text(text)
    options = {"recipe": str(folder / "base.toml"), "threads": 1, "accelerator": "cpu"}
    made = train(data_folder, folder / "run", parts=("acoustic", "vocoder"), **options)
    voices.export([made["voice"]], folder / "base.onnx", precision="int8")
    return folder / "base.onnx"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of a few steps with adapters."""
    text = 'parts = ["acoustic", "vocoder"]\nevaluate_every = 2\nillustrate_every = 9\nkeep_every = 2\n'
    for part in ("acoustic", "vocoder"):
        text += f"[{part}]\nbatch_size = 4\nadapter_rank = {RANK}\n"
        text += "segment_frames = 16\npredicted_mels = 0.5\n" if part == "vocoder" else ""
        text += f"[[{part}.stages]]\nsteps = 2\nlearning_rate = 1e-2\nwarmup = 1\n"
        text += 'only = ["variance.*"]\n' if part == "acoustic" else ""
        text += f"[[{part}.stages]]\nsteps = 2\nlearning_rate = 1e-2\nwarmup = 1\n"
    (tmp_path / "adapt.toml").write_text(text)
    return tmp_path / "adapt.toml"


def test_trains_the_difference_only(data_folder: Path, base: Path, recipe: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    made = train(data_folder, run, recipe=str(recipe), init_from=base, threads=1, accelerator="cpu")
    assert set(made) == {"acoustic", "vocoder", "voice"}
    shared, adapted = voice_nets.load(base), checkpoint.load(made["voice"])
    for part, net in adapted.parts.items():
        old = shared.parts[part].state_dict()
        changed = 0
        for name, value in net.state_dict().items():
            change = value - old[name]
            if change.dim() > 1 and RANK * (change.shape[0] + change[0].numel()) < change.numel():
                assert int(torch.linalg.matrix_rank(change.flatten(1).double(), rtol=1e-3)) <= RANK, name
            changed += bool(change.abs().max() > 0)
        assert changed > 0.8 * len(old), part
    # Pitch is told around the mean of the recordings.
    own, before = (loaded.part("acoustic").config for loaded in (adapted, shared))
    assert own.log_f0_mean != 0  # type: ignore[union-attr]
    assert own.mel_mean == before.mel_mean  # type: ignore[union-attr]


def test_begins_again_from_what_the_run_keeps(
    data_folder: Path, base: Path, recipe: Path, tmp_path: Path
) -> None:
    options = {"threads": 1, "accelerator": "cpu", "parts": ("acoustic",)}
    whole = train(data_folder, tmp_path / "whole", recipe=str(recipe), init_from=base, **options)
    run = tmp_path / "run"
    train(data_folder, run, recipe=str(recipe), init_from=base, **options)
    # Without its state a run begins again, from the weights that it keeps for this.
    (run / "acoustic" / "last.safetensors").unlink()
    again = train(data_folder, run, resume=True, **options)
    for one, two in zip(
        *(checkpoint.load(m["acoustic"]).part("acoustic").parameters() for m in (whole, again)), strict=True
    ):
        torch.testing.assert_close(one, two)


def test_needs_a_voice(data_folder: Path, recipe: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="weights to start from"):
        train(data_folder, tmp_path / "run", recipe=str(recipe), threads=1, accelerator="cpu")


def test_a_killed_run_goes_on_from_the_voice_it_began_from(
    data_folder: Path, base: Path, recipe: Path, tmp_path: Path
) -> None:
    """The turn of the vocoder had not come: its weights were fresh after `--resume`."""
    options = {"threads": 1, "accelerator": "cpu"}
    whole = train(data_folder, tmp_path / "whole", recipe=str(recipe), init_from=base, **options)

    def kill(progress: Progress) -> None:
        if progress.part == "vocoder":
            raise KeyboardInterrupt

    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(data_folder, run, recipe=str(recipe), init_from=base, progress=kill, **options)
    (run / "vocoder" / "start.safetensors").unlink()
    again = train(data_folder, run, resume=True, **options)
    one, two = (checkpoint.load(made["voice"]) for made in (whole, again))
    for part in ("acoustic", "vocoder"):
        for first, second in zip(one.part(part).parameters(), two.part(part).parameters(), strict=True):
            torch.testing.assert_close(first, second)
    assert one.provenance == two.provenance


def test_tells_the_data_of_the_voice_it_began_from(
    data_folder: Path, base: Path, recipe: Path, tmp_path: Path
) -> None:
    made = train(
        data_folder, tmp_path / "run", recipe=str(recipe), init_from=base, threads=1, accelerator="cpu"
    )
    told = checkpoint.load(made["voice"]).provenance
    for part, steps in (("acoustic", 4), ("vocoder", 4)):
        assert told[part]["steps"] == steps
        assert told[part]["base"]["name"] == "base"
        assert told[part]["base"]["licence"] == "CC0-1.0"
        assert told[part]["base"]["steps"] == 1
        assert "recipe" not in told[part]["base"]
    exported = voices.export([made["voice"]], tmp_path / "mine.onnx", precision="int8")
    assert exported["provenance"]["vocoder"]["base"]["name"] == "base"
    # A voice of that voice knows both.
    run = tmp_path / "second"
    second = train(
        data_folder,
        run,
        recipe=str(recipe),
        init_from=tmp_path / "mine.onnx",
        parts=["acoustic"],
        threads=1,
        accelerator="cpu",
    )
    chain = checkpoint.load(second["acoustic"]).provenance["acoustic"]
    assert chain["base"]["name"] == "mine"
    assert chain["base"]["base"]["name"] == "base"


def test_other_spectrograms_are_refused(data_folder: Path, base: Path, recipe: Path, tmp_path: Path) -> None:
    other = tmp_path / "data"
    shutil.copytree(data_folder, other)
    text = (other / "corpus.json").read_text().replace('"f_max": 12000.0', '"f_max": 8000.0')
    (other / "corpus.json").write_text(text)
    with pytest.raises(ConfigError, match="other spectrograms") as error:
        train(other, tmp_path / "run", recipe=str(recipe), init_from=base, accelerator="cpu")
    assert error.value.hint is not None
    assert not (tmp_path / "run").exists()

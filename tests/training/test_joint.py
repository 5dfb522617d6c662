"""Joint training in a run: what it begins from, what it leaves, going on, and taking it back."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.data_folder import AUDIO
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import ConfigError
from tiedtts.export import card
from tiedtts.export import voice as voices
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.training.progress import Progress
from tiedtts.training.train import train
from tiedtts.tying import TiePlan, count_parameters
from tiedtts.tying.parts import tie_parts

PLAN = """
[[tie]]
layers = "acoustic.decoder.*.expand"
scheme = "share"

[[tie]]
layers = "vocoder.*.expand"
scheme = "cluster"
options = { ratio = 0.5, into = "project" }
"""
STAGE = """
[[joint.stages]]
steps = 3
learning_rate = 5e-3
warmup = 1
repulsion = 0.5
adversarial = 1.0
"""
RANK = 2
NETS = ("acoustic", "vocoder")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nets that can speak as well as fresh ones do, tied."""
    torch.manual_seed(3)
    acoustic = AcousticConfig(
        width=24, encoder_blocks=1, variance_blocks=1, variance_width=8, decoder_blocks=2
    )
    parts = {"acoustic": AcousticNet(acoustic), "vocoder": HarmonicVocoder(VocoderConfig(width=24, blocks=1))}
    tied, plans, _ = tie_parts(parts, TiePlan.from_toml(PLAN))
    path = tmp_path_factory.mktemp("base") / "base.safetensors"
    told = {part: {"corpus": "some", "licence": "CC0-1.0", "recipe": {}, "steps": 7} for part in NETS}
    checkpoint.save(path, Checkpoint(tied, AUDIO, told, plans))
    return path


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of a few steps, in two stages, with discriminators from the first step on."""
    text = 'parts = ["acoustic", "joint"]\nevaluate_every = 2\nillustrate_every = 9\nkeep_every = 2\n'
    text += "[acoustic]\nbatch_size = 4\n[[acoustic.stages]]\nsteps = 2\nlearning_rate = 1e-2\n"
    text += 'only = ["variance.*"]\n[joint]\nbatch_size = 4\nsegment_frames = 16\nchannels = 2\n'
    text += "windows = [512, 1024]\n" + 2 * (STAGE + "discriminator_lead = 1\n")
    (tmp_path / "joint.toml").write_text(text)
    return tmp_path / "joint.toml"


@pytest.fixture
def options(recipe: Path) -> dict[str, Any]:
    return {"recipe": str(recipe), "threads": 1, "accelerator": "cpu"}


def weights(path: Path, part: str) -> dict[str, torch.Tensor]:
    return checkpoint.load(path).part(part).state_dict()


def same(first: Path, second: Path) -> bool:
    """Compare all nets of two files."""
    one, two = checkpoint.load(first).parts, checkpoint.load(second).parts
    states = [(one[part].state_dict(), two[part].state_dict()) for part in one]
    return all(torch.equal(value, other[name]) for own, other in states for name, value in own.items())


@pytest.mark.usefixtures("pictures")
def test_a_voice_alone(data_folder: Path, base: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    """Both nets learn and stay tied; durations, pitch and energy of phones stay as they are."""
    run = tmp_path / "run"
    made = train(data_folder, run, parts=["joint"], init_from=base, **options)
    assert made == {name: run / f"{name}.safetensors" for name in (*NETS, "voice")}
    before, voice = checkpoint.load(base), checkpoint.load(made["voice"])
    for part in NETS:
        alone = checkpoint.load(made[part])
        assert list(alone.parts) == [part]
        assert alone.plans == {part: before.plans[part]} == {part: voice.plans[part]}
        assert count_parameters(voice.part(part)) == count_parameters(before.part(part))
        old = before.part(part).state_dict()
        for name, value in voice.part(part).state_dict().items():
            assert torch.equal(value, alone.part(part).state_dict()[name])
            # Buffers and what fills padding do not learn.
            if value.is_floating_point() and name in dict(voice.part(part).named_parameters()):
                assert torch.equal(value, old[name]) is name.startswith("variance."), name
        told = voice.provenance[part]
        assert (told["corpus"], told["joint_steps"]) == ("synthetic", 6)
        # It has had no training of its own on these recordings.
        assert "steps" not in told
        assert "recipe" not in told
        assert (told["base"]["name"], told["base"]["steps"]) == (base.parent.name, 7) or told["base"][
            "name"
        ] == "base"
    shown = {path.name for path in (run / "joint" / "step_6").iterdir()}
    assert {"mel0.png", "copy0.png", "copy0.wav", "recorded0.wav", "spoken0.wav"} <= shown
    page = (run / "report.html").read_text()
    assert "Acoustic net and vocoder together" in page
    assert "how far harmonics are from the recording" in page
    kept = checkpoint.load(run / "joint" / "step_4.safetensors")
    assert kept.provenance["vocoder"]["joint_steps"] == 4
    assert set(kept.parts) == set(NETS)
    about = voices.export([made["voice"]], tmp_path / "mine.onnx", precision="int8")
    assert "6 steps together with the" in card.text(about)


def test_its_losses_fall(
    data_folder: Path, base: Path, tmp_path: Path, recipe: Path, options: dict[str, Any]
) -> None:
    recipe.write_text(
        recipe.read_text()
        .replace("steps = 3", "steps = 15")
        .replace("evaluate_every = 2", "evaluate_every = 5")
    )
    seen: list[Progress] = []
    train(data_folder, tmp_path / "run", parts=["joint"], init_from=base, progress=seen.append, **options)
    rows = (tmp_path / "run" / "joint" / "log.csv").read_text().splitlines()
    columns = rows[0].split(",")
    for name in ("heldout_mel", "heldout_spectral"):
        first, last = (float(row.split(",")[columns.index(name)]) for row in (rows[1], rows[-1]))
        assert last < 0.97 * first, name
    # The discriminators take turns.
    assert {"judge0", "judge1", "fooled0", "fooled1"} <= set(columns)
    assert seen[-1].share == pytest.approx(1.0)


def stop_at(part: str, step: int) -> Any:
    def stop(progress: Progress) -> None:
        if (progress.part, progress.step) == (part, step):
            raise KeyboardInterrupt

    return stop


def test_resume_is_the_unbroken_run(
    data_folder: Path,
    base: Path,
    tmp_path: Path,
    recipe: Path,
    options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stopped inside the first stage, between both, where the discriminators go on, and inside the second."""
    monkeypatch.setattr("tiedtts.training.trainer.SAVE_SECONDS", 0.0)
    monkeypatch.setattr("tiedtts.training.trainer.REPORT_STEPS", 1)
    recipe.write_text(
        recipe.read_text().replace("[joint]\n", f"[joint]\nadapter_rank = {RANK}\nnoise = [0.5, 2.0]\n")
    )
    whole = train(data_folder, tmp_path / "whole", init_from=base, **options)
    for stop in (2, 4, 6):
        run = tmp_path / f"broken at {stop}"
        with pytest.raises(KeyboardInterrupt):
            train(data_folder, run, init_from=base, progress=stop_at("joint", stop), **options)
        broken = train(data_folder, run, resume=True, **options)
        assert same(whole["voice"], broken["voice"]), stop
        first, second = (checkpoint.load(made["voice"]) for made in (whole, broken))
        assert first.provenance == second.provenance
        logs = [(of / "joint" / "log.csv").read_text() for of in (tmp_path / "whole", run)]
        assert logs[0] == logs[1], stop


def test_after_a_part_of_its_own(
    data_folder: Path, base: Path, tmp_path: Path, recipe: Path, options: dict[str, Any]
) -> None:
    """The acoustic net is the run's, with its scale of pitch and its prosody; the vocoder the voice's."""
    recipe.write_text(
        recipe.read_text()
        .replace("[joint]\n", f"[joint]\nadapter_rank = {RANK}\n")
        .replace("[acoustic]\n", f"[acoustic]\nadapter_rank = {RANK}\n")
    )
    run = tmp_path / "run"
    made = train(data_folder, run, init_from=base, **options)
    start = checkpoint.load(run / "joint" / "start.safetensors")
    alone = train(data_folder, tmp_path / "alone", parts=["acoustic"], init_from=base, **options)["acoustic"]
    assert all(
        torch.equal(v, start.part("acoustic").state_dict()[n]) for n, v in weights(alone, "acoustic").items()
    )
    assert all(
        torch.equal(v, start.part("vocoder").state_dict()[n]) for n, v in weights(base, "vocoder").items()
    )
    voice = checkpoint.load(made["voice"])
    assert voice.provenance["acoustic"]["steps"] == 2
    assert voice.provenance["acoustic"]["joint_steps"] == 6
    for part in NETS:
        old = start.part(part).state_dict()
        for name, value in voice.part(part).named_parameters():
            change = value.detach() - old[name]
            if change.dim() > 1 and RANK * (change.shape[0] + change[0].numel()) < change.numel():
                assert int(torch.linalg.matrix_rank(change.flatten(1).double(), rtol=1e-3)) <= RANK, name
    # The recognised scale of pitch is that of the recordings.
    assert (
        voice.part("acoustic").config.log_f0_mean
        == checkpoint.load(alone).part("acoustic").config.log_f0_mean
    )
    # Going on with what is finished changes nothing, of one part neither.
    before = {name: path.read_bytes() for name, path in made.items()}
    train(data_folder, run, resume=True, **options)
    train(data_folder, run, resume=True, parts=["acoustic"], **options)
    assert {name: path.read_bytes() for name, path in made.items()} == before
    # The acoustic net begins anew: what was made of it and the vocoder together is taken back.
    after = train(data_folder, run, parts=["acoustic"], init_from=base, overwrite=True, **options)
    assert same(alone, after["acoustic"])
    assert not (run / "vocoder.safetensors").exists()
    assert not (run / "voice.safetensors").exists()
    assert not list((run / "joint").glob("*.safetensors"))


def test_begun_anew_it_begins_from_the_same_nets(
    data_folder: Path, base: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    run = tmp_path / "run"
    made = train(data_folder, run, init_from=base, **options)
    first = {name: path.read_bytes() for name, path in made.items()}
    with pytest.raises(ConfigError, match="no vocoder"):
        train(data_folder, run, parts=["joint"], overwrite=True, **options)
    assert made["voice"].read_bytes() == first["voice"]
    again = train(data_folder, run, parts=["joint"], init_from=base, overwrite=True, **options)
    assert {name: path.read_bytes() for name, path in again.items()} == first


def test_needs_nets_that_can_speak(
    data_folder: Path,
    base: Path,
    tmp_path: Path,
    recipe: Path,
    options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = tmp_path / "run"
    with pytest.raises(ConfigError, match="no acoustic net") as error:
        train(data_folder, run, parts=["joint"], **options)
    assert error.value.hint is not None
    assert "--init-from" in error.value.hint
    # Not only when the acoustic net has been trained for an hour.
    with pytest.raises(ConfigError, match="no vocoder"):
        train(data_folder, run, **options)
    assert not run.exists()
    recipe.write_text(recipe.read_text().replace("steps = 2\n", "steps = 4\n"))
    monkeypatch.setattr("tiedtts.training.trainer.SAVE_SECONDS", 0.0)
    monkeypatch.setattr("tiedtts.training.trainer.REPORT_STEPS", 1)
    with pytest.raises(KeyboardInterrupt):
        train(data_folder, run, init_from=base, progress=stop_at("acoustic", 3), **options)
    with pytest.raises(ConfigError, match="acoustic net is not finished"):
        train(data_folder, run, parts=["joint"], init_from=base, **options)


def test_other_architectures_are_told(data_folder: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    recipe = tmp_path / "other.toml"
    recipe.write_text(
        'parts = ["vocoder", "joint"]\n[vocoder]\narchitecture = "wavenet"\n[[vocoder.stages]]\nsteps = 1\nlearning_rate = 1e-3\n'
    )
    with pytest.raises(ConfigError, match="joint training is for the architectures acoustic and harmonic"):
        train(data_folder, tmp_path / "run", **{**options, "recipe": str(recipe)})
    recipe.write_text(recipe.read_text().replace('"joint"]', '"acoustic"]'))
    with pytest.raises(ConfigError, match="is of `wavenet`"):
        train(
            data_folder,
            tmp_path / "run",
            parts=["acoustic", "vocoder", "joint"],
            **{**options, "recipe": str(recipe)},
        )
    assert not (tmp_path / "run").exists()


def test_fewer_recordings_than_there_are(
    data_folder: Path, base: Path, tmp_path: Path, recipe: Path, options: dict[str, Any]
) -> None:
    recipe.write_text("recordings = 3\n" + recipe.read_text())
    heard: list[str] = []
    made = train(
        data_folder,
        tmp_path / "run",
        parts=["joint"],
        init_from=base,
        advise=lambda a: heard.append(a.text),
        **options,
    )
    assert "(3 recordings)" in heard[0]
    assert checkpoint.load(made["voice"]).provenance["vocoder"]["recordings_used"] == 3

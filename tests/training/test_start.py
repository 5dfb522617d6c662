"""Starting weights: tied nets stay tied through training, going on and starting again."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import ConfigError
from tiedtts.training.progress import Progress
from tiedtts.training.train import train
from tiedtts.tying import TiePlan, count_parameters, tie_map
from tiedtts.tying.parts import tie_parts

PLAN = """
[[tie]]
layers = "acoustic.[ed]*coder.*.expand"
scheme = "lowrank"
options = { rank = 2, shared = true, by = "shape" }

[[tie]]
layers = "vocoder.*.expand"
scheme = "cluster"
options = { ratio = 0.5, into = "project" }
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


@pytest.fixture
def options(recipe: Path) -> dict[str, Any]:
    return {"recipe": str(recipe), "threads": 1, "accelerator": "cpu"}


def test_tied_from_the_start(data_folder: Path, tmp_path: Path, plan: Path, options: dict[str, Any]) -> None:
    made = train(data_folder, tmp_path / "run", parts=["acoustic", "vocoder"], tie=plan, **options)
    voice = checkpoint.load(made["voice"])
    plain = train(data_folder, tmp_path / "plain", parts=["acoustic", "vocoder"], **options)
    for part, net in checkpoint.load(plain["voice"]).parts.items():
        assert count_parameters(voice.part(part)) < count_parameters(net)
    assert list(tie_map(voice.part("acoustic")))
    assert [rule.scheme for rule in voice.plans["vocoder"].rules] == ["cluster"]
    assert (tmp_path / "run" / "tie.toml").read_text() == PLAN
    assert not (tmp_path / "plain" / "tie.toml").exists()


def test_a_plan_for_the_whole_voice_does_for_one_part(
    data_folder: Path, tmp_path: Path, plan: Path, options: dict[str, Any]
) -> None:
    made = train(data_folder, tmp_path / "run", parts=["vocoder"], tie=plan, **options)
    assert [rule.scheme for rule in checkpoint.load(made["vocoder"]).plans["vocoder"].rules] == ["cluster"]
    with pytest.raises(ConfigError, match="ties nothing in aligner, only in acoustic, vocoder"):
        train(data_folder, tmp_path / "other", parts=["aligner"], tie=plan, **options)


def stop_at(step: int) -> Any:
    def stop(progress: Progress) -> None:
        if progress.step == step:
            raise KeyboardInterrupt

    return stop


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("part", ["acoustic", "vocoder"])
def test_a_tied_run_goes_on(
    data_folder: Path,
    tmp_path: Path,
    plan: Path,
    options: dict[str, Any],
    part: str,
    again: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tiedtts.training.trainer.SAVE_SECONDS", 0.0)
    monkeypatch.setattr("tiedtts.training.trainer.REPORT_STEPS", 1)
    if part == "acoustic":
        plan.write_text(PLAN.split('[[tie]]\nlayers = "vocoder')[0])
    else:
        plan.write_text("[[tie]]" + PLAN.split("[[tie]]")[2])
    whole = train(data_folder, tmp_path / "whole", parts=[part], tie=plan, **options)
    with pytest.raises(KeyboardInterrupt):
        train(data_folder, tmp_path / "broken", parts=[part], tie=plan, progress=stop_at(3), **options)
    broken = train(
        data_folder, tmp_path / "broken", parts=[part], tie=plan if again else None, resume=True, **options
    )
    first, second = (checkpoint.load(made[part]).part(part).state_dict() for made in (whole, broken))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_that_was_tied_otherwise(
    data_folder: Path, tmp_path: Path, plan: Path, options: dict[str, Any]
) -> None:
    train(data_folder, tmp_path / "plain", parts=["vocoder"], **options)
    with pytest.raises(ConfigError, match="was not tied when it began"):
        train(data_folder, tmp_path / "plain", parts=["vocoder"], tie=plan, resume=True, **options)


def test_a_tied_checkpoint_is_trained_further(
    data_folder: Path, tmp_path: Path, plan: Path, options: dict[str, Any]
) -> None:
    made = train(data_folder, tmp_path / "run", parts=["vocoder"], **options)
    loaded = checkpoint.load(made["vocoder"])
    rules = TiePlan.from_toml("[[tie]]" + PLAN.split("[[tie]]")[2])
    parts, plans, _ = tie_parts(loaded.parts, rules)
    tied = tmp_path / "tied.safetensors"
    checkpoint.save(tied, Checkpoint(parts, loaded.audio, loaded.provenance, plans))
    after = train(data_folder, tmp_path / "tuned", parts=["vocoder"], init_from=tied, **options)
    tuned = checkpoint.load(after["vocoder"])
    assert tuned.plans == plans
    assert count_parameters(tuned.part("vocoder")) == count_parameters(parts["vocoder"])
    assert not torch.equal(
        tuned.part("vocoder").state_dict()["head.weight"], parts["vocoder"].state_dict()["head.weight"]
    )


def refused(data: Path, run: Path, plan: Path, text: str, message: str, **options: Any) -> None:
    """Check that a plan is refused with a message, before there is a run."""
    plan.write_text(text)
    with pytest.raises(ConfigError, match=message):
        train(data, run, tie=plan, **options)
    assert not run.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[tie]]\nlayers = "*.nothing"\nscheme = "share"', "no layer matches"),
        ('[[tie]]\nlayers = "vocoder.head"\nscheme = "identity"', "cannot be tied by `identity`"),
        ("tie = 3", "must be a list of tables"),
        ("[[tie]", "is not TOML"),
    ],
)
def test_a_plan_that_does_not_fit_is_told_at_once(
    data_folder: Path, tmp_path: Path, plan: Path, options: dict[str, Any], text: str, message: str
) -> None:
    refused(data_folder, tmp_path / "run", plan, text, message, **options)


def test_no_plan(data_folder: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"^cannot read tie plan `.*none\.toml`: no such file") as error:
        train(data_folder, tmp_path / "run", tie=tmp_path / "none.toml", **options)
    assert error.value.hint

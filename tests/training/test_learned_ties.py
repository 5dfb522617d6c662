"""Ties that are learnt in training: they merge on their schedule, go on after a stop, and end as real ones."""

import csv
import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from lightning_fabric import Fabric

from tests.training.data_folder import AUDIO
from tests.training.test_start import refused, stop_at
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import ConfigError
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.training import architectures
from tiedtts.training.advice import Advice
from tiedtts.training.part_recipe import Stage
from tiedtts.training.recipe import load
from tiedtts.training.tie_phases import TiePhases, alone
from tiedtts.training.train import train
from tiedtts.tying import TiedLayer, TiePlan, count_parameters, untie

CLUSTER = """
[[tie]]
layers = "vocoder.*.expand"
scheme = "cluster"
options = { ratio = 0.5, into = "project" }
learn = { begin = 1, steps = 5, regroup = 2, pull = 0.01, soft = 0.3 }
"""
SHARE = """
[[tie]]
layers = "acoustic.*.expand"
scheme = "share"
options = { by = "shape", rank = 2 }
learn = { steps = 5, regroup = 2 }

[[tie]]
layers = "acoustic.*.project"
scheme = "share"
options = { by = "shape" }
learn = { begin = 2, steps = 4 }

[[tie]]
layers = "acoustic.*"
scheme = "codebook"
options = { k = 8 }
"""
PLANS = {"vocoder": CLUSTER, "acoustic": SHARE}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(CLUSTER + SHARE)
    return path


@pytest.fixture
def options(recipe: Path) -> dict[str, Any]:
    return {"recipe": str(recipe), "threads": 1, "accelerator": "cpu"}


def tied(net: torch.nn.Module) -> dict[str, str]:
    return {name: layer.scheme for name, layer in net.named_modules() if isinstance(layer, TiedLayer)}


def test_ties_are_learnt_and_merge(
    data_folder: Path, tmp_path: Path, plan: Path, options: dict[str, Any]
) -> None:
    told: list[Advice] = []
    made = train(
        data_folder,
        tmp_path / "run",
        parts=["acoustic", "vocoder"],
        tie=plan,
        advise=told.append,
        **options,
    )
    assert any("learnt from step 1 to 6" in advice.text for advice in told)
    plain = train(data_folder, tmp_path / "plain", parts=["acoustic", "vocoder"], **options)
    voice = checkpoint.load(made["voice"])
    for part, net in checkpoint.load(plain["voice"]).parts.items():
        assert count_parameters(voice.part(part)) < count_parameters(net)
    schemes = tied(voice.part("vocoder"))
    assert schemes == {"body.blocks.0.expand": "cluster", "body.blocks.0.project": "cluster"}
    schemes = tied(voice.part("acoustic"))
    assert schemes["encoder.blocks.0.expand"] == schemes["decoder.blocks.0.project"] == "share"
    assert "codebook" in schemes.values()
    # In a checkpoint it is a tie like others.
    assert all(rule.learn is None for of in voice.plans.values() for rule in of.rules)
    assert [rule.scheme for rule in voice.plans["acoustic"].rules] == ["codebook", "share", "share"]
    assert [each["end"] for each in voice.provenance["acoustic"]["learned_ties"]] == [5, 6]
    # On the way, too, with how far it is.
    way = checkpoint.load(tmp_path / "run" / "vocoder" / "step_4.safetensors")
    assert not tied(way.part("vocoder"))
    assert "vocoder" not in way.plans
    (told_of,) = way.provenance["vocoder"]["learned_ties"]
    assert told_of["step"] == 4
    assert 0 < told_of["distance"] < 1
    with (tmp_path / "run" / "vocoder" / "log.csv").open(newline="") as file:
        rows = {int(row["step"]): row["tie_distance"] for row in csv.DictReader(file)}
    assert float(rows[2]) > float(rows[6]) > 0
    assert rows[8] == ""


def test_what_is_merged_computes_what_the_plain_net_did(
    data_folder: Path, tmp_path: Path, plan: Path, options: dict[str, Any]
) -> None:
    plan.write_text(CLUSTER.replace("steps = 5", "steps = 7"))
    made = train(data_folder, tmp_path / "run", parts=["vocoder"], tie=plan, **options)
    net = checkpoint.load(made["vocoder"]).part("vocoder").eval()
    plain = untie(net).eval()
    assert tied(net)
    torch.manual_seed(0)
    inputs = (torch.randn(1, 6, net.config.n_mels), torch.randn(1, 6), torch.ones(1, 6))
    with torch.no_grad():
        for ours, theirs in zip(net.filters(*inputs), plain.filters(*inputs), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


# One phase ends at the step of the first; the second is within a phase, at the end of a stage.
@pytest.mark.parametrize(("part", "step"), [("acoustic", 5), ("vocoder", 4)])
def test_a_run_goes_on_to_the_same_bytes(
    data_folder: Path,
    tmp_path: Path,
    plan: Path,
    options: dict[str, Any],
    part: str,
    step: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tiedtts.training.trainer.SAVE_SECONDS", 0.0)
    monkeypatch.setattr("tiedtts.training.trainer.REPORT_STEPS", 1)
    plan.write_text(PLANS[part])
    whole = train(data_folder, tmp_path / "whole", parts=[part], tie=plan, **options)
    with pytest.raises(KeyboardInterrupt):
        train(data_folder, tmp_path / "broken", parts=[part], tie=plan, progress=stop_at(step + 1), **options)
    broken = train(data_folder, tmp_path / "broken", parts=[part], resume=True, **options)
    assert whole[part].read_bytes() == broken[part].read_bytes()


def test_it_begins_from_a_voice(
    data_folder: Path, tmp_path: Path, plan: Path, options: dict[str, Any]
) -> None:
    plan.write_text(CLUSTER)
    nets = {
        part: architectures.fresh(getattr(load(options["recipe"]), part)) for part in ("acoustic", "vocoder")
    }
    voice = tmp_path / "voice.safetensors"
    checkpoint.save(voice, Checkpoint(nets, AUDIO))
    begun = {**options, "init_from": voice, "tie": plan}
    alone = train(data_folder, tmp_path / "run", parts=["vocoder"], **begun)
    learned = checkpoint.load(alone["vocoder"])
    assert len(tied(learned.part("vocoder"))) == 2
    # Joint training leaves it at what the net has learnt in a turn of its own; else it learns as well.
    after = train(data_folder, tmp_path / "run", parts=["joint"], **begun)
    assert checkpoint.load(after["vocoder"]).plans == learned.plans
    joint = train(data_folder, tmp_path / "joint", parts=["joint"], **begun)
    assert tied(checkpoint.load(joint["voice"]).part("vocoder")) == tied(learned.part("vocoder"))


def test_groups_are_those_of_the_first_process() -> None:
    net = HarmonicVocoder(VocoderConfig(width=8, blocks=1))
    recipe = dataclasses.replace(load("default").vocoder, stages=(Stage(steps=8, learning_rate=0.1),))
    phases = TiePhases({"vocoder": TiePlan.from_toml(CLUSTER)}, alone("vocoder"), recipe)
    theirs = SimpleNamespace(world_size=2, broadcast=torch.zeros_like)
    phases.prepare(net, 1, cast(Fabric, theirs))
    found = phases.learning(2)["ties0"].state_dict()
    groups = [value for name, value in found.items() if name.endswith("assignment")]
    assert len(groups) == 2
    assert not any(bool(value.any()) for value in groups)
    # What is saved says where a resumed run goes on; before and after, there is nothing to say.
    assert not phases.learning(1)
    assert not phases.learning(6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CLUSTER.replace("steps = 5", "steps = 500"), "learnt until step 501, and there are 8 steps"),
        (CLUSTER.replace("begin = 1, steps = 5", "begin = 9"), "there are 8 steps"),
        (CLUSTER.replace("cluster", "lowrank").replace("ratio = 0.5, into", "output"), "unknown keys|cannot"),
        ('[[tie]]\nlayers = "*expand"\nscheme = "lowrank"\nlearn = true', "by `lowrank` cannot be learnt"),
        ('[[tie]]\nlayers = "*"\nscheme = "cluster"\nlearn = 3', "true, false or a table"),
        ('[[tie]]\nlayers = "*"\nscheme = "cluster"\nlearn = {step = 3}', "unknown keys"),
        ('[[tie]]\nlayers = "*"\nscheme = "cluster"\nlearn = {steps = 0}', "at least 1"),
        ('[[tie]]\nlayers = "*"\nscheme = "cluster"\nlearn = {pull = 0}', "above 0 and at most 1"),
        ('[[tie]]\nlayers = "*"\nscheme = "cluster"\nlearn = {begin = -1}', "0 or more"),
        ('[[tie]]\nlayers = "*"\nscheme = "share"\nlearn = {soft = 0.1}', "`soft` in `cluster` only"),
    ],
)
def test_a_plan_that_cannot_be_learnt_is_told_at_once(
    data_folder: Path, tmp_path: Path, plan: Path, options: dict[str, Any], text: str, message: str
) -> None:
    refused(data_folder, tmp_path / "run", plan, text, message, parts=["vocoder"], **options)


def test_weights_that_a_stage_keeps_are_not_pulled(
    data_folder: Path, tmp_path: Path, plan: Path, options: dict[str, Any], recipe: Path
) -> None:
    plan.write_text(CLUSTER)
    text = recipe.read_text().replace(
        "[[vocoder.stages]]\nsteps = 4", '[[vocoder.stages]]\nfrozen = ["*expand*"]\nsteps = 4', 1
    )
    recipe.write_text(text)
    with pytest.raises(ConfigError, match="to be learnt while a stage keeps it"):
        train(data_folder, tmp_path / "run", tie=plan, **options)
    assert not (tmp_path / "run").exists()


def test_adapters_learn_no_ties(
    data_folder: Path, tmp_path: Path, plan: Path, options: dict[str, Any], recipe: Path
) -> None:
    plan.write_text(CLUSTER)
    recipe.write_text(recipe.read_text().replace("[vocoder]\n", "[vocoder]\nadapter_rank = 2\n"))
    with pytest.raises(ConfigError, match="ties cannot be learnt while adapters are"):
        train(data_folder, tmp_path / "run", tie=plan, **options)

"""The turn of joint training: which nets it goes on from, and how it is taken back.

It changes nets that have had a turn of their own, or a voice's: `acoustic.safetensors` and
`vocoder.safetensors` of the run hold its outcome. What it began from stays in its own folder.
"""

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.architectures import architecture
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import ConfigError
from tiedtts.nets.acoustic import AcousticNet
from tiedtts.nets.discriminator import MultiDiscriminator
from tiedtts.nets.joint import JointNet
from tiedtts.nets.vocoder import HarmonicVocoder
from tiedtts.training import adaptation, runs, state
from tiedtts.training.recipe import JOINED, Recipe
from tiedtts.training.start import SPOKEN, Start, Starts, check_audio
from tiedtts.training.tasks.joint import JointTask, fresh_judges
from tiedtts.training.trainer import STATE
from tiedtts.training.turn import Run, Turn
from tiedtts.tying import TiePlan

PART = "joint"
"""Name of the part."""
NAMES = {"acoustic": "acoustic net", "vocoder": "vocoder"}
"""Names of the nets, in words."""
_CLASSES: Mapping[str, type[nn.Module]] = {"acoustic": AcousticNet, "vocoder": HarmonicVocoder}


def has_begun(run: Path) -> bool:
    """Return whether joint training has begun in a run: the turns of both nets alone are over then."""
    return _start(run).is_file()


def check(run: Path, parts: Sequence[str], starts: Starts, plan: Recipe, *, resume: bool) -> None:
    """Refuse to begin without two nets that can speak, before other parts are trained for an hour.

    Raises:
        ConfigError: A net is missing, not finished, or of another architecture.
        CheckpointError: A net cannot be read, or the discriminators that the recipe names.
    """
    if resume and has_begun(run):
        return
    for part, wanted in zip(SPOKEN, JOINED, strict=True):
        if part in parts:
            found = getattr(plan, part).architecture
        else:
            own = _own(run, part)
            net = starts.parts.get(part) if own is None else checkpoint.load(own).part(part)
            # A net of the run that is half trained is not passed over for one to start from.
            if net is None or (own is None and (run / part / STATE).is_file()):
                raise _missing(run, part)
            found = architecture(net)
        if found != wanted:
            raise ConfigError(
                f"joint training is for the architectures {' and '.join(JOINED)}; the {NAMES[part]} to go on "
                f"from is of `{found}`",
                hint="leave out the part `joint`",
            )
    if plan.joint.discriminators:
        state.read_discriminators(Path(plan.joint.discriminators), fresh_judges(plan.joint))


def begin(run: Run) -> Turn:
    """Return the turn, from the nets of the run or of the voice to start from.

    Raises:
        ConfigError: A net is missing, or `noise` cannot be set in it.
        CheckpointError: The file of a net cannot be read.
    """
    torch.manual_seed(run.plan.seed)
    recipe, corpus = run.plan.joint, run.corpus
    kept = run.starts.file(PART)
    start = checkpoint.load(kept) if run.resume and kept.is_file() else _gathered(run)
    # What it begins from is kept as it is, without adapters.
    nets = {part: copy.deepcopy(start.part(part)) for part in SPOKEN}
    if recipe.adapter_rank:
        nets = {
            part: adaptation.begin(part, net, corpus, recipe.adapter_rank, run.plan.seed)
            for part, net in nets.items()
        }
    acoustic, vocoder = (nets[part] for part in SPOKEN)
    assert isinstance(acoustic, AcousticNet)
    assert isinstance(vocoder, HarmonicVocoder)
    task = JointTask(corpus, recipe, JointNet(acoustic, vocoder), _judges(run))

    def told(step: int) -> dict[str, Any]:
        own = {"joint_recipe": dataclasses.asdict(recipe), "joint_steps": step}
        return {part: {**start.provenance[part], **own} for part in SPOKEN}

    learned = {name: plan for part in SPOKEN for name, plan in run.starts.to_learn(part, start.plans).items()}
    return Turn(task, _nets, told, start.plans, start, learned)


def undo(run: Path, parts: Sequence[str]) -> None:
    """Take joint training back where it, or a net that it went on from, begins anew.

    Args:
        run: Folder of the run.
        parts: Parts that begin anew.
    """
    if not has_begun(run) or not {*SPOKEN, PART} & set(parts):
        return
    before = checkpoint.load(_start(run))
    for part in SPOKEN:
        path = run / f"{part}.safetensors"
        if _own(run, part) is None:
            path.unlink(missing_ok=True)
            continue
        plans = {name: plan for name, plan in before.plans.items() if name == part}
        told = {part: before.provenance[part]}
        checkpoint.save(path, Checkpoint({part: before.part(part)}, before.audio, told, plans))
    (run / "voice.safetensors").unlink(missing_ok=True)
    runs.clear(run, [PART])


def _start(run: Path) -> Path:
    return run / PART / "start.safetensors"


def _own(run: Path, part: str) -> Path | None:
    """Return the checkpoint of a net that the run has trained by itself, not only jointly."""
    path = run / f"{part}.safetensors"
    return path if path.is_file() and (not has_begun(run) or (run / part / STATE).is_file()) else None


def _missing(run: Path, part: str) -> ConfigError:
    if (run / part / STATE).is_file():
        return ConfigError(
            f"joint training goes on from nets that can speak, and the {NAMES[part]} is not finished",
            hint=f"go on with `--part {part} --resume`",
        )
    return ConfigError(
        f"joint training goes on from nets that can speak, and there is no {NAMES[part]}",
        hint=f"name a voice with `--init-from`, or train it first with `--part {part}`",
    )


def _gathered(run: Run) -> Checkpoint:
    """Return the nets to go on from, with what is told of them, and how they are tied."""
    parts: dict[str, nn.Module] = {}
    provenance: dict[str, Any] = {}
    plans: dict[str, TiePlan] = {}
    for part in SPOKEN:
        start, provenance[part] = _begun(run, part)
        assert start.net is not None
        # What has been tied in its own turn is not tied again.
        net, tied = (start.net, start.plans) if start.plans else run.starts.tie(part, start, start.net)
        assert isinstance(net, _CLASSES[part])
        parts[part] = net
        plans |= tied
    return Checkpoint(parts, run.corpus.audio, provenance, plans)


def _begun(run: Run, part: str) -> tuple[Start, dict[str, Any]]:
    """Return a net to go on from, and what is told of it: that of the run goes before one to start from."""
    own = _own(run.folder, part)
    if own is not None:
        loaded = checkpoint.load(own)
        check_audio(loaded.audio, run.corpus.audio)
        told = loaded.provenance.get(part, {})
        source = run.source
        if any(told.get(key) != value for key, value in source.items() if key in ("corpus", "recordings")):
            # Trained on other recordings: these are told as those of the net that it began from.
            told = {**source, "base": {"name": run.folder.resolve().name, **told}}
        return Start(loaded.part(part), loaded.plans), told
    start = run.starts.read(part)
    if start.net is None:
        raise _missing(run.folder, part)
    return start, {**run.source, "base": start.base}


def _judges(run: Run) -> MultiDiscriminator | None:
    """Return the discriminators that the recipe names, unless a state has what became of them."""
    named = run.plan.joint.discriminators
    if not named or (run.resume and (run.folder / PART / STATE).is_file()):
        return None
    judges = fresh_judges(run.plan.joint)
    state.read_discriminators(Path(named), judges)
    return judges


def _nets(net: nn.Module) -> Mapping[str, nn.Module]:
    assert isinstance(net, JointNet)
    return {"acoustic": net.acoustic, "vocoder": net.vocoder}

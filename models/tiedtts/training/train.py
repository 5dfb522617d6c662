"""`train`: a data folder and a recipe become checkpoints, one part after the other."""

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from torch import nn

from tiedtts import __version__, documents, locking, storage
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.choices import PARTS
from tiedtts.corpus.manifest import read_manifest, read_provenance
from tiedtts.errors import ConfigError
from tiedtts.paths import StrPath, optional
from tiedtts.training import advice as advising
from tiedtts.training import architectures, joint_turn, restarts, runs, single_turn, start, tie_phases, turn
from tiedtts.training import corpus as corpora
from tiedtts.training import recipe as recipes
from tiedtts.training.advice import Advice, Speech, choose_recipe
from tiedtts.training.corpus import Corpus
from tiedtts.training.devices import launch
from tiedtts.training.page import Page
from tiedtts.training.progress import Progress, RunClock
from tiedtts.training.recipe import Recipe
from tiedtts.training.start import SPOKEN, Starts
from tiedtts.training.tie_phases import TiePhase, TiePhases
from tiedtts.training.turn import Run

VOICE = "voice.safetensors"
"""The checkpoint with all parts of a voice."""


def train(
    data: StrPath,
    run: StrPath,
    *,
    recipe: StrPath | None = None,
    parts: Sequence[str] | None = None,
    resume: bool = False,
    init_from: StrPath | None = None,
    tie: StrPath | None = None,
    tensorboard: bool = False,
    precision: str = "auto",
    devices: int | str = "auto",
    accelerator: str = "auto",
    threads: int | None = None,
    overwrite: bool = False,
    progress: Callable[[Progress], None] | None = None,
    advise: Callable[[Advice], None] | None = None,
) -> dict[str, Path]:
    """Train parts of a voice.

    Under `torchrun` the processes share the work: each takes a batch of the recipe's size, so
    that two processes do what one would with the doubled batch. When it starts them again, because one was
    lost, the run goes on from its last state.

    Args:
        data: Folder made by `prepare`.
        run: Folder for checkpoints, states, logs and pictures.
        recipe: Name of a recipe in the package, or a TOML file. If None, `default` for fresh weights, and
            `adapt` or `tune` for a voice to start from, by how much speech there is. A resumed run keeps the
            one it has.
        parts: Members of `PARTS`; those that the recipe names if None, without an aligner that would begin
            from nothing beside a voice to start from.
        resume: Go on from the last state in `run`.
        init_from: Checkpoint or voice whose weights to start from; a tied one stays tied.
        tie: Tie plan, to tie the parts by before training. A resumed run keeps the one it has.
        tensorboard: Also write TensorBoard events.
        precision: `auto`, `32` or `bf16`; auto is bf16 on a GPU that has it, else 32.
        devices: Number of devices of this machine, or `auto`.
        accelerator: `auto`, `cpu` or `cuda`.
        threads: CPU threads of a process.
        overwrite: Replace what `run` has of these parts.
        progress: Told how far the whole run has come.
        advise: Told, before a training begins, whether there is enough speech for it and what to expect.

    Returns:
        Checkpoint of each part, and under `voice` that of acoustic net and vocoder together, if
        both are there.

    Raises:
        ConfigError: An argument or the recipe does not fit.
        CorpusError: The data folder cannot be used.
        CheckpointError: A checkpoint to start from cannot be used.
        FolderError: `run` holds what would be lost, or another run writes to it.
    """
    data = Path(data)
    run = Path(run)
    tie = optional(tie)
    if not resume and restarts.is_restart(run):
        # The same command, after a node was lost. What it began from is in the folder of the run.
        resume = restarts.has_state(run, PARTS)
        overwrite = not resume
        init_from = None if resume else init_from
    if unknown := sorted(set(parts or ()) - set(PARTS)):
        raise ConfigError(f"unknown part `{unknown[0]}`", hint=f"parts are {', '.join(PARTS)}")
    loaded = start.begun_from(run) if resume and init_from is None else start.load(init_from)
    entries = read_manifest(data)
    speech, chosen = Speech.count(entries), None
    if recipe is None and loaded is not None and tuple(parts or ("joint",)) == ("joint",) and not resume:
        chosen = choose_recipe(speech, loaded.parts)
    recipe = recipe or chosen or recipes.DEFAULT
    text = _recipe_text(run, recipe, resume, overwrite)
    plan = recipes.parse(text, os.fspath(recipe))
    speech = Speech.count(corpora.chosen(entries, plan.recordings, plan.seed))
    parts = _parts(plan, text, loaded) if parts is None else parts
    runs.check(run, parts, resume=resume, overwrite=overwrite)
    fresh = {part: architectures.fresh(getattr(plan, part)) for part in recipes.SEPARATE}
    starts = Starts(run, loaded, tie, fresh, parts, resume=resume)
    if "joint" in parts:
        joint_turn.check(run, parts, starts, plan, resume=resume)
    learned = _learned(starts, plan, fresh, parts)
    if advise is not None and not resume:
        for advice in advising.advise(speech, plan, parts, starts.parts, chosen):
            advise(advice)
        for phase in learned:
            advise(Advice(phase.in_words))
    corpus = corpora.load(data, most=plan.recordings, seed=plan.seed)
    starts.check_audio(corpus.audio)
    fabric = launch(accelerator, devices, precision, threads)
    made: dict[str, Path] = {}
    # One process speaks for all: the others are of the same run.
    with contextlib.ExitStack() as held:
        if fabric.is_global_zero:
            held.enter_context(locking.hold(run, deep=True))
            runs.check(run, parts, resume=resume, overwrite=overwrite)
            if not resume:
                joint_turn.undo(run, parts)
                runs.clear(run, parts)
            storage.write_bytes(run / runs.RECIPE, text.encode())
            starts.keep()
            restarts.begin(run)
        # Joint training reads what the run has of both nets.
        fabric.barrier()
        recipes_of = {part: getattr(plan, part) for part in PARTS if part in parts}
        clock = RunClock(recipes_of, progress if fabric.is_global_zero else None)
        page = Page(run, recipes_of, [u.text for u in corpus.illustrated], _about(data, corpus, starts))
        ours = Run(run, data, corpus, plan, fabric, starts, clock, page, resume, tensorboard)
        if fabric.is_global_zero:
            page.write()
        for part in recipes_of:
            made |= {name: run / f"{name}.safetensors" for name in start.nets_of([part])}
            if part == "joint":
                turn.train(joint_turn.begin(ours), ours)
            elif not (part in SPOKEN and resume and joint_turn.has_begun(run)):
                turn.train(single_turn.begin(part, ours), ours)
        if all((run / f"{part}.safetensors").is_file() for part in SPOKEN):
            made["voice"] = run / VOICE
            if fabric.is_global_zero:
                _combine(run)
        if fabric.is_global_zero:
            page.write()
        fabric.barrier()
        if fabric.is_global_zero:
            restarts.end(run)
    return made


def _learned(
    starts: Starts, plan: Recipe, fresh: Mapping[str, nn.Module], parts: Sequence[str]
) -> list[TiePhase]:
    """Return what single parts learn of ties; an error now saves the hours of the parts before."""
    found: list[TiePhase] = []
    for part in parts:
        learned = starts.to_learn(part, {})
        phases = TiePhases(learned, tie_phases.alone(part), getattr(plan, part))
        phases.check(starts.parts.get(part, fresh.get(part, nn.Module())))
        found += phases.phases
    return found


def _about(data: Path, corpus: Corpus, starts: Starts) -> dict[str, str]:
    """Return facts on a run in words, for its page."""
    minutes = sum(u.features.frames for u in corpus.train) / corpus.audio.frame_rate / 60
    told = read_provenance(data)
    names = dict.fromkeys(str(base["name"]) for base in starts.bases.values() if "name" in base)
    return {
        "Corpus": str(told.get("corpus", "not told")),
        "Learns from": f"{len(corpus.train):,} recordings, {minutes:.1f} minutes",
        "Held out": f"{len(corpus.heldout):,} recordings",
        **({"Begins from": ", ".join(names)} if names else {}),
        "Made with": f"TiedTTS {__version__}",
    }


def _parts(plan: Recipe, text: str, loaded: Checkpoint | None) -> Sequence[str]:
    """Return the parts to train where none is named: no aligner from nothing beside a voice to start from."""
    if loaded is None or "parts" in documents.from_toml(text, "the recipe"):
        return plan.parts
    return tuple(part for part in plan.parts if part != "aligner" or part in loaded.parts)


def _recipe_text(run: Path, recipe: StrPath, resume: bool, overwrite: bool) -> str:
    """Return the recipe's text: that of the run where one goes on."""
    kept = run / runs.RECIPE
    if not resume and not overwrite and any((run / part).is_dir() for part in PARTS) and kept.is_file():
        wanted = recipes.read_text(recipe)
        if kept.read_text(encoding="utf-8") != wanted:
            raise ConfigError(
                f"{run} holds a run with another recipe",
                hint="choose a new folder, go on with `--resume`, or replace it with `--overwrite`",
            )
        return wanted
    if resume and kept.is_file():
        return recipes.read_text(str(kept))
    return recipes.read_text(recipe)


def _combine(run: Path) -> None:
    """Write the parts of a voice to one checkpoint."""
    loaded = [checkpoint.load(run / f"{part}.safetensors") for part in SPOKEN]
    parts = {name: net for each in loaded for name, net in each.parts.items()}
    provenance = {name: value for each in loaded for name, value in each.provenance.items()}
    plans = {name: plan for each in loaded for name, plan in each.plans.items()}
    checkpoint.save(run / VOICE, Checkpoint(parts, loaded[0].audio, provenance, plans))

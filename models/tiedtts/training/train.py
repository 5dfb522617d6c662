"""`train`: a data folder and a recipe become checkpoints, one part after the other."""

import contextlib
import copy
import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import nn

from tiedtts import __version__, documents, locking, storage
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.architectures import architecture
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.choices import PARTS, TRAINING_PRECISIONS
from tiedtts.corpus.manifest import read_manifest, read_provenance
from tiedtts.errors import ConfigError
from tiedtts.paths import StrPath, optional
from tiedtts.training import adaptation, architectures, runs, start
from tiedtts.training import advice as advising
from tiedtts.training import corpus as corpora
from tiedtts.training import recipe as recipes
from tiedtts.training.advice import Advice, Speech, choose_recipe
from tiedtts.training.corpus import Corpus
from tiedtts.training.page import Page
from tiedtts.training.progress import Progress, RunClock
from tiedtts.training.recipe import AcousticRecipe, Recipe, VocoderRecipe
from tiedtts.training.speaker import Speaker, find_other
from tiedtts.training.start import Starts
from tiedtts.training.tasks.acoustic import AcousticTask
from tiedtts.training.tasks.task import Task
from tiedtts.training.trainer import Trainer
from tiedtts.tying import adapters

SPOKEN = ("acoustic", "vocoder")
"""Parts that a voice consists of."""
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
    that two processes do what one would with the doubled batch.

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
    if unknown := sorted(set(parts or ()) - set(PARTS)):
        raise ConfigError(f"unknown part `{unknown[0]}`", hint=f"parts are {', '.join(PARTS)}")
    loaded = start.begun_from(run) if resume and init_from is None else start.load(init_from)
    speech = Speech.count(read_manifest(data))
    chosen = None
    if recipe is None and loaded is not None and parts is None and not resume:
        chosen = choose_recipe(speech, loaded.parts)
    recipe = recipe or chosen or recipes.DEFAULT
    text = _recipe_text(run, recipe, resume, overwrite)
    plan = recipes.parse(text, os.fspath(recipe))
    parts = _parts(plan, text, loaded) if parts is None else parts
    runs.check(run, parts, resume=resume, overwrite=overwrite)
    fresh = {part: architectures.fresh(getattr(plan, part)) for part in PARTS}
    starts = Starts(run, loaded, tie, fresh, parts, resume=resume)
    if advise is not None and not resume:
        for advice in advising.advise(speech, plan, parts, starts.parts, chosen):
            advise(advice)
    corpus = corpora.load(data)
    starts.check_audio(corpus.audio)
    fabric = _fabric(accelerator, devices, precision, threads)
    made: dict[str, Path] = {}
    # One process speaks for all: the others are of the same run.
    with contextlib.ExitStack() as held:
        if fabric.is_global_zero:
            held.enter_context(locking.hold(run, deep=True))
            runs.check(run, parts, resume=resume, overwrite=overwrite)
            if not resume:
                runs.clear(run, parts)
            storage.write_bytes(run / runs.RECIPE, text.encode())
            starts.keep()
        recipes_of = {part: getattr(plan, part) for part in PARTS if part in parts}
        clock = RunClock(recipes_of, progress if fabric.is_global_zero else None)
        page = Page(run, recipes_of, [u.text for u in corpus.illustrated], _about(data, corpus, starts))
        ours = _Run(run, data, corpus, plan, fabric, starts, clock, page, resume, tensorboard)
        if fabric.is_global_zero:
            page.write()
        for part in recipes_of:
            made[part] = run / f"{part}.safetensors"
            _train_part(part, ours)
        if all((run / f"{part}.safetensors").is_file() for part in SPOKEN):
            made["voice"] = run / VOICE
            if fabric.is_global_zero:
                _combine(run)
        if fabric.is_global_zero:
            page.write()
        fabric.barrier()
    return made


@dataclasses.dataclass(frozen=True)
class _Run:
    """All that the parts of a run have in common."""

    folder: Path
    data: Path
    corpus: Corpus
    plan: Recipe
    fabric: Fabric
    starts: Starts
    clock: RunClock
    page: Page
    resume: bool
    tensorboard: bool


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


def _train_part(part: str, ours: _Run) -> None:
    """Train one part and write its checkpoint."""
    corpus, plan, fabric, run, starts = ours.corpus, ours.plan, ours.fabric, ours.folder, ours.starts
    torch.manual_seed(plan.seed)
    begun = starts.read(part)
    rank = getattr(plan, part).adapter_rank
    if rank:
        begun = dataclasses.replace(begun, net=adaptation.begin(part, begun.net, corpus, rank, plan.seed))
    task = _task(part, corpus, plan, run, begun.net)
    task.net, plans = starts.tie(part, begun, task.net)
    source = {
        **read_provenance(ours.data),
        "recipe": dataclasses.asdict(task.recipe),
        "seed": plan.seed,
        "processes": fabric.world_size,
        "version": __version__,
        **({"base": begun.base} if begun.base else {}),
    }

    def keep(net: nn.Module, step: int, path: Path) -> None:
        provenance = {part: {**source, "steps": step}}
        plain = adapters.merge(copy.deepcopy(net)) if rank else net
        checkpoint.save(path, Checkpoint({part: plain}, corpus.audio, provenance, plans))

    if fabric.is_global_zero and (begun.net is not None or plans):
        # A run that goes on must know how its net is made.
        starts.file(part).parent.mkdir(parents=True, exist_ok=True)
        keep(task.net, 0, starts.file(part))
    speaker = Speaker(part, corpus, find_other(part, run, corpus, starts.parts))
    trainer = Trainer(task, plan, fabric, run / part, keep, ours.clock, speaker, ours.page)
    net = trainer.run(resume=ours.resume, tensorboard=ours.tensorboard)
    if fabric.is_global_zero:
        task.finish(net)
        keep(net, task.recipe.steps, run / f"{part}.safetensors")
    fabric.barrier()


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


def _task(part: str, corpus: Corpus, plan: Recipe, run: Path, start: nn.Module | None) -> Task:
    """Set up a part's data, losses and net."""
    recipe = getattr(plan, part)
    kind = architectures.ARCHITECTURES[type(recipe)]
    if start is not None and not isinstance(start, kind.net):
        raise ConfigError(
            f"the recipe trains the architecture `{recipe.architecture}`, and the {part} part to start "
            f"from is of `{architecture(start)}`",
            hint="name the recipe it was trained by, with `--recipe`",
        )
    if not isinstance(recipe, VocoderRecipe) or not recipe.predicted_mels:
        return kind.task(corpus, recipe, start)
    path = run / "acoustic.safetensors"
    if not path.is_file() or not isinstance(plan.acoustic, AcousticRecipe):
        raise ConfigError(
            "`predicted_mels` needs the acoustic net of the same run",
            hint="train it first with `--part acoustic`",
        )
    acoustic = checkpoint.load(path).part("acoustic")
    return kind.task(corpus, recipe, start, AcousticTask(corpus, plan.acoustic, acoustic).predict)  # type: ignore[arg-type]


def _combine(run: Path) -> None:
    """Write the parts of a voice to one checkpoint."""
    loaded = [checkpoint.load(run / f"{part}.safetensors") for part in SPOKEN]
    parts = {name: net for each in loaded for name, net in each.parts.items()}
    provenance = {name: value for each in loaded for name, value in each.provenance.items()}
    plans = {name: plan for each in loaded for name, plan in each.plans.items()}
    checkpoint.save(run / VOICE, Checkpoint(parts, loaded[0].audio, provenance, plans))


def _fabric(accelerator: str, devices: int | str, precision: str, threads: int | None) -> Fabric:
    """Find devices and other processes."""
    if threads is not None:
        if threads < 1:
            raise ConfigError(f"`threads` must be at least 1, got: {threads}")
        torch.set_num_threads(threads)
    gpus = torch.cuda.is_available() and accelerator in ("auto", "cuda", "gpu")
    if accelerator in ("cuda", "gpu") and not gpus:
        raise ConfigError("no CUDA device is at hand", hint="use `--accelerator cpu`")
    if precision not in TRAINING_PRECISIONS:
        raise ConfigError(f"`precision` must be one of {', '.join(TRAINING_PRECISIONS)}, got: {precision}")
    half = precision == "bf16" or (precision == "auto" and gpus and torch.cuda.is_bf16_supported())
    local = int(os.environ.get("LOCAL_WORLD_SIZE", "0"))
    nodes = int(os.environ.get("WORLD_SIZE", "1")) // local if local else 1
    count: int | str = local or devices
    if not gpus and not local and devices == "auto":
        count = 1  # one process with all threads, rather than a process a core
    several = local > 1 or nodes > 1 or (isinstance(count, int) and count > 1)
    fabric = Fabric(
        accelerator="cuda" if gpus else "cpu",
        devices=count,
        num_nodes=nodes,
        strategy="ddp" if several else "auto",
        precision="bf16-mixed" if half else "32-true",
    )
    fabric.launch()
    if not gpus:
        torch.use_deterministic_algorithms(True)
    return fabric

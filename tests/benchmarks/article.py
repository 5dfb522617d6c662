"""The article's ties on the article's nets: Tacotron, WaveNet and DeepSpeech.

    python -m tests.benchmarks.article DATA --recipe tacotron [--from CKPT] [--results FILE]
    python -m tests.benchmarks.article --report [--results FILE]

DATA is a folder made by `prepare`. Each tie that the package ships for a recipe is measured next to the untied
net: trained from nothing for a short while (`scratch`), and put on the trained net of CKPT (`trained`), at once
and after a short fine-tune. Finished rows are kept in the results file, and a run that was stopped goes on.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from tests.benchmarks import spectral_distortion
from tests.benchmarks.places import existing, writable
from tests.benchmarks.tying import train
from tiedtts.audio import lpc
from tiedtts.audio.frames import Frames
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.corpus.features import extract
from tiedtts.measure import counting, listener, macs, quality, recognition
from tiedtts.measure.listener import Listener
from tiedtts.nets.deepspeech import DeepSpeech
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.nets.tacotron.synthesis import speak
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.speech import vocoders
from tiedtts.training import architectures
from tiedtts.training import corpus as corpora
from tiedtts.training import recipe as recipes
from tiedtts.training.corpus import Corpus, Utterance
from tiedtts.tying import TiePlan
from tiedtts.tying.parts import tie_parts
from tiedtts_cli import boundary

PARTS = {
    "tacotron": "acoustic",
    "tacotron-fine": "acoustic",
    "tacotron-mel": "acoustic",
    "wavenet": "vocoder",
    "deepspeech": "aligner",
}
TIES = {
    "tacotron": ("identity", "diagonal", "separable", "cluster"),
    "tacotron-fine": ("identity", "diagonal", "separable", "cluster"),
    "tacotron-mel": ("io",),
    "wavenet": ("share", "lowrank"),
    "deepspeech": ("share", "lowrank"),
}
"""Shipped plans, without the family's name before them."""
STEPS = {"scratch": 600, "trained": 150}
RATES = {"scratch": 1.5e-3, "trained": 3e-4}
SPOKEN = 20
"""Held-out texts that are spoken."""
SHARE = 3
"""One in so many of these recordings is made again by a WaveNet, which takes its time."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=existing, nargs="?")
    parser.add_argument("--recipe", choices=list(TIES))
    parser.add_argument("--from", dest="trained", type=existing)
    parser.add_argument("--results", type=writable, default=Path("article.jsonl"))
    parser.add_argument("--study", choices=list(STEPS), nargs="*", default=list(STEPS))
    parser.add_argument("--steps", type=int, help="instead of the usual number, to try it out")
    parser.add_argument("--report", action="store_true", help="print tables of what is done")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = (
        [json.loads(line) for line in arguments.results.read_text().splitlines()]
        if arguments.results.is_file()
        else []
    )
    if arguments.report:
        print(report(rows))
    elif arguments.data is None or arguments.recipe is None:
        parser.error("DATA and --recipe are needed, or --report")
    else:
        run(arguments, {(row["recipe"], row["study"], row["name"]) for row in rows})


def run(arguments: argparse.Namespace, done: set[tuple[str, str, str]]) -> None:
    """Measure what is not measured yet."""
    name, part = arguments.recipe, PARTS[arguments.recipe]
    corpus = corpora.load(arguments.data)
    recipe: Any = getattr(recipes.load(name), part)
    trained = None if arguments.trained is None else checkpoint.load(arguments.trained).part(part)
    kind = architectures.ARCHITECTURES[type(recipe)]
    torch.manual_seed(1)
    task: Any = kind.task(corpus, recipe, trained)
    for study in arguments.study:
        if study == "trained" and trained is None:
            continue
        task.begin(recipe.stages[-1 if study == "trained" else 0])
        for tie in ("untied", *TIES[name]):
            if (name, study, tie) in done:
                continue
            torch.manual_seed(1)
            net = trained if study == "trained" else kind.net(task.net.config)
            assert net is not None
            for key, value in task.net.named_buffers():
                # Scales that the task measured on the corpus.
                if key.startswith("lpc_"):
                    net.get_buffer(key).copy_(value)
            row = measure(task, net, tie, name, study, arguments.steps or STEPS[study], corpus)
            print(json.dumps(row), file=sys.stderr, flush=True)
            with arguments.results.open("a") as file:
                file.write(json.dumps(row) + "\n")


def measure(
    task: Any, net: nn.Module, tie: str, recipe: str, study: str, steps: int, corpus: Corpus
) -> dict[str, Any]:
    """Tie, train and measure one net."""
    part = PARTS[recipe]
    if tie != "untied":
        plan = TiePlan.read(Path(f"{recipe.split('-')[0]}-{tie}"))
        net = tie_parts({part: net}, plan, rescale=study == "scratch")[0][part]
    else:
        import copy

        net = copy.deepcopy(net)
    counted = macs.speech(net)
    row: dict[str, Any] = {
        "recipe": recipe,
        "study": study,
        "name": tie,
        "steps": steps,
        "parameters": counting.count(net).unique_parameters,
        "macs_per_second": None if counted is None else counted[0],
        "file_bytes": file_bytes(net, part, corpus.audio),
    }
    if study == "trained":
        row["before"] = score(task, net.eval(), corpus)
    train(task, net, steps, RATES[study], 1, {})
    row["after"] = score(task, net.eval(), corpus)
    return row


def file_bytes(net: nn.Module, part: str, audio: AudioSettings) -> int:
    """Return the size of the net's checkpoint."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.safetensors")
        checkpoint.save(path, Checkpoint({part: net}, audio))
        return path.stat().st_size


@torch.no_grad()
def score(task: Any, net: nn.Module, corpus: Corpus) -> dict[str, float]:
    """Return the task's own measures, and how a Tacotron sounds."""
    values: dict[str, float] = dict(task.evaluate(net))
    if isinstance(net, Tacotron):
        values |= heard(net, corpus)
    elif isinstance(net, WaveNet):
        values |= made_again(net, corpus)
    elif isinstance(net, DeepSpeech):
        values["real_time_factor"] = listening(net, corpus)
    return values


def chosen(corpus: Corpus) -> list[Utterance]:
    """Return some held-out recordings."""
    return list(corpus.heldout[:: max(1, len(corpus.heldout) // SPOKEN)])


@torch.no_grad()
def heard(net: Tacotron, corpus: Corpus) -> dict[str, float]:
    """Let a Tacotron speak held-out texts through generators that need no net, and listen."""
    ear = Listener.load(listener.SHIPPED)
    said = natural = seconds = computing = 0.0
    errors = dict.fromkeys(("griffinlim", "lpc") if net.config.lpc_order else ("griffinlim",), 0.0)
    make = {name: vocoders.choose(name, corpus.audio, None, "") for name in errors}
    distortions: list[float] = []
    for utterance in chosen(corpus):
        phones = listener.spoken(utterance.phones)
        start = time.process_time()
        speech = speak(net, torch.from_numpy(utterance.ids))
        computing += time.process_time() - start
        frames = speech.frames(net.config.log_f0_mean)
        seconds += len(frames.mel) / corpus.audio.frame_rate
        for name in errors:
            mel = extract(make[name](frames, [0]), corpus.audio).mel
            errors[name] += recognition.edits(ear.hear(mel), phones).total
        if net.config.lpc_order:
            distortions.append(distortion(net, utterance, corpus.audio))
        natural += recognition.edits(ear.hear(utterance.features.mel), phones).total
        said += len(phones)
    found = {f"{name}_error_rate": wrong / said for name, wrong in errors.items()}
    found |= {"natural_error_rate": natural / said, "real_time_factor": computing / seconds}
    return found | ({"lpc_distortion_db": float(np.mean(distortions))} if distortions else {})


def made_again(net: WaveNet, corpus: Corpus) -> dict[str, float]:
    """Make held-out recordings again from their features, and listen."""
    ear = Listener.load(listener.SHIPPED)
    make = vocoders.of_net(net, corpus.audio)
    said = wrong = natural = seconds = computing = 0.0
    comparisons = []
    for utterance in chosen(corpus)[::SHARE]:
        own, phones = utterance.features, listener.spoken(utterance.phones)
        start = time.process_time()
        samples = make(Frames(own.mel, own.log_f0, own.voiced.astype(np.float32)), [0])
        computing += time.process_time() - start
        seconds += len(samples) / corpus.audio.sample_rate
        made = extract(samples, corpus.audio)
        wrong += recognition.edits(ear.hear(made.mel), phones).total
        natural += recognition.edits(ear.hear(own.mel), phones).total
        said += len(phones)
        speech = np.array([phone.is_speech for phone in utterance.phones])
        comparisons.append(quality.compare(own, made, utterance.durations, speech))
    return {
        "phone_error_rate": wrong / said,
        "natural_error_rate": natural / said,
        "mcd_db": quality.summarise(comparisons).mel_cepstral_distortion_db,
        "real_time_factor": computing / seconds,
    }


def listening(net: DeepSpeech, corpus: Corpus) -> float:
    """Return seconds of computing a second of recording that is heard."""
    start = time.process_time()
    for utterance in chosen(corpus):
        net(torch.from_numpy(utterance.features.mel)[None])
    frames = sum(len(utterance.features.mel) for utterance in chosen(corpus))
    return (time.process_time() - start) / (frames / corpus.audio.frame_rate)


def distortion(net: Tacotron, utterance: Utterance, audio: AudioSettings) -> float:
    """Return how far all-pole filters are from the recording's where the frames are its own, dB."""
    config, features = net.config, utterance.features
    count = len(features.mel) // config.reduction * config.reduction
    mel = torch.from_numpy((features.mel[:count] - config.mel_mean) / config.mel_std)[None]
    out = net(torch.from_numpy(utterance.ids)[None], mel)
    values = (out.lpc[0] * net.lpc_std + net.lpc_mean).numpy()
    made = lpc.LpcFrames(values[:, :-1], values[:, -1])
    real = lpc.analyse(features.samples, audio, config.lpc_order)
    real = lpc.LpcFrames(real.lsf[:count], real.log_gain[:count])
    speech = np.repeat([p.is_speech for p in utterance.phones], utterance.durations)[:count]
    return spectral_distortion.compare(real, made, audio, mask=speech).distortion_db


COLUMNS: Mapping[str, Mapping[str, str]] = {
    "tacotron": {
        "mel": "mel loss",
        "lpc_distortion_db": "LPC distortion, dB",
        "griffinlim_error_rate": "phone errors, griffinlim",
        "lpc_error_rate": "lpc",
        "attention_diagonal": "diagonal",
        "real_time_factor": "RTF",
    },
    "tacotron-fine": {
        "mel": "mel loss",
        "lpc_distortion_db": "LPC distortion, dB",
        "griffinlim_error_rate": "phone errors, griffinlim",
        "lpc_error_rate": "lpc",
        "attention_diagonal": "diagonal",
        "real_time_factor": "RTF",
    },
    "tacotron-mel": {
        "mel": "mel loss",
        "griffinlim_error_rate": "phone errors, griffinlim",
        "attention_diagonal": "diagonal",
        "real_time_factor": "RTF",
    },
    "wavenet": {
        "bits": "bits a sample",
        "mcd_db": "MCD, dB",
        "phone_error_rate": "phone errors",
        "real_time_factor": "RTF",
    },
    "deepspeech": {"phone_error_rate": "phone errors", "ctc": "CTC loss", "real_time_factor": "RTF"},
}


def report(rows: list[dict[str, Any]]) -> str:
    """Return tables in Markdown."""
    parts = []
    for recipe, columns in COLUMNS.items():
        for study in STEPS:
            own = [row for row in rows if (row["recipe"], row["study"]) == (recipe, study)]
            if own:
                how = (
                    "from nothing" if study == "scratch" else "on the trained net: at once, after a fine-tune"
                )
                parts.append(f"**{recipe}, {how}, {own[0]['steps']} steps**\n\n{table(own, columns)}")
    return "\n\n".join(parts)


def table(rows: list[dict[str, Any]], columns: Mapping[str, str]) -> str:
    """Return one table; two figures in a cell are before and after."""
    lines = [
        f"| tie | unique parameters | MMACs/s | file, kB | {' | '.join(columns.values())} |",
        "|---|---:|---:|---:|" + "---:|" * len(columns),
    ]
    for row in rows:
        cells = []
        for key in columns:
            values = [of[key] for of in (row.get("before", {}), row["after"]) if key in of]
            cells.append(", ".join(f"{100 * v:.1f}%" if "error" in key else f"{v:.3g}" for v in values))
        work = "-" if row["macs_per_second"] is None else f"{row['macs_per_second'] / 1e6:.1f}"
        size = f"{row['file_bytes'] / 1e3:,.0f}"
        lines.append(f"| {row['name']} | {row['parameters']:,} | {work} | {size} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

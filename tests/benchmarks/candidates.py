"""Voices of several sizes beside each other: what each stores and computes, and how it sounds.

    python -m tests.benchmarks.candidates DATA --candidate NAME=ACOUSTIC,VOCODER[,PRECISION]... [-o candidates.jsonl]
    python -m tests.benchmarks.candidates --report --picture docs/candidates.png

DATA is a folder made by `prepare`; a candidate is two checkpoints and how `export` stores their weights (int8). Its
voice is compared with the held-out recordings, its vocoder also by copy-synthesis of them. Where Distill-MOS
is installed (see `outside`) it rates one recording of each held-out text, its copy, and the text as it is spoken.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch

from tests.benchmarks import rows_picture
from tests.benchmarks.outside import RATE, Rate, Samples, predictor
from tests.benchmarks.places import existing, writable
from tests.benchmarks.rows_picture import Panel, Table
from tiedtts.audio.frames import Frames
from tiedtts.corpus.features import Features, extract
from tiedtts.export.voice import export
from tiedtts.measure import quality
from tiedtts.measure.evaluation import evaluate
from tiedtts.measure.onnx_counting import count
from tiedtts.speech import vocoders
from tiedtts.speech.voice import Voice
from tiedtts.training import corpus as corpora
from tiedtts.training.corpus import Corpus, Utterance
from tiedtts_cli import boundary

Row = dict[str, Any]
RECORDINGS = "recordings"
"""The row that is no candidate."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=existing, nargs="?")
    parser.add_argument(
        "--candidate", action="append", default=[], metavar="NAME=ACOUSTIC,VOCODER[,PRECISION]"
    )
    parser.add_argument("-o", "--output", type=writable, default=Path("candidates.jsonl"))
    parser.add_argument("--chosen", default="", help="which one the picture marks")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--picture", type=writable)
    arguments = parser.parse_args()
    if arguments.candidate and arguments.data is None:
        parser.error("DATA is needed to measure a candidate")
    rows = (
        [json.loads(line) for line in arguments.output.read_text().splitlines()]
        if arguments.output.exists()
        else []
    )
    if arguments.candidate:
        torch.set_num_threads(1)
        corpus, rate = corpora.load(arguments.data), predictor()
        known = {row["name"] for row in rows}
        if rate is not None and RECORDINGS not in known:
            rows.append(
                {
                    "name": RECORDINGS,
                    "rated": _rated([u.features.samples for u in _takes(corpus)], corpus, rate),
                }
            )
        for text in arguments.candidate:
            name, _, files = text.partition("=")
            rows = [row for row in rows if row["name"] != name]
            rows.append({"name": name} | measure(files.split(","), arguments.data, corpus, rate))
            print(json.dumps(rows[-1]), flush=True)
            arguments.output.write_text("".join(json.dumps(row) + "\n" for row in rows))
    if arguments.report:
        print(report(rows))
    if arguments.picture is not None:
        picture(rows, arguments.picture, arguments.chosen)


def measure(files: Sequence[str], data: Path, corpus: Corpus, rate: Rate | None) -> Row:
    """Export a candidate and measure it."""
    acoustic, vocoder, precision = (*files, "int8")[:3]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "candidate.onnx"
        told = export([Path(acoustic), Path(vocoder)], path, precision=precision)
        size, work = path.stat().st_size, count(path)
        voice = Voice.load(path)
        found = evaluate(voice, data).to_dict()
        takes = _takes(corpus)
        make = vocoders.choose(vocoder, corpus.audio, None, "candidate")
        copies = [make(_frames(u.features), [0, n]) for n, u in enumerate(takes)]
        said = [] if rate is None else [voice.say(u.text).samples for u in takes]
    comparisons = []
    for u, copy in zip(takes, copies, strict=True):
        speech = np.array([phone.is_speech for phone in u.phones])
        comparisons.append(quality.compare(u.features, extract(copy, corpus.audio), u.durations, speech))
    row = {
        "parameters": sum(told["parameters"].values()),
        "bytes": size,
        "macs_per_second": work.macs_per_second,
        "copy_distortion_db": quality.summarise(comparisons).mel_cepstral_distortion_db,
        "phone_errors": found["phone_error_rate"]["ratio"],
    } | {key: found[key] for key in ("mel_cepstral_distortion_db", "mel_spread", "log_f0_spread")}
    if rate is not None:
        row |= {"rated_copy": _rated(copies, corpus, rate), "rated": _rated(said, corpus, rate)}
    return row


def _takes(corpus: Corpus) -> list[Utterance]:
    """Return one recording of each held-out text."""
    return list({u.text: u for u in corpus.heldout}.values())


def _frames(features: Features) -> Frames:
    return Frames(features.mel, features.log_f0, features.voiced.astype(np.float32))


def _rated(sounds: Sequence[Samples], corpus: Corpus, rate: Rate) -> float:
    return float(np.mean([rate(soxr.resample(x, corpus.audio.sample_rate, RATE)) for x in sounds]))


NOTE = (
    "A net's predictions, not listeners' ratings. Candidates differ in stages and steps, so that two rows alone do not tell "
    "what tying costs:\nof the tied ones, only `rate annealed to nothing` had the stages of the untied."
)


def report(rows: Sequence[Row]) -> str:
    """Return a Markdown table."""
    lines = [
        "| | candidate | parameters | kB | MMACs/s | copy MCD, dB | MCD, dB | spread of mel, log F0 | phone errors | copy rated | rated |",
        "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    number = 0
    for row in rows:
        if row["name"] == RECORDINGS:
            lines.append(f"| | the recordings | | | | | | | 1.00 x | | {row['rated']:.2f} |")
            continue
        number += 1
        rated = [f"{row[key]:.2f}" if key in row else "" for key in ("rated_copy", "rated")]
        lines.append(
            f"| {number} | {row['name']} | {row['parameters']:,} | {row['bytes'] / 1e3:,.0f} | {row['macs_per_second'] / 1e6:.0f} "
            f"| {row['copy_distortion_db']:.2f} | {row['mel_cepstral_distortion_db']:.2f} "
            f"| {row['mel_spread']:.2f}, {row['log_f0_spread']:.2f} | {row['phone_errors']:.2f} x | {' | '.join(rated)} |"
        )
    return "\n".join(lines)


def picture(rows: Sequence[Row], path: Path, chosen: str) -> None:
    """Draw how candidates are rated, their distortion, bytes and work: a row of bars each."""
    natural = next((row["rated"] for row in rows if row["name"] == RECORDINGS), None)
    made = [
        {
            "name": f"{row['name']} ({number})",
            "family": "chosen" if row["name"] == chosen else "tried",
            "rated": row.get("rated"),
            "distortion": row.get("mel_cepstral_distortion_db"),
            "kB": row["bytes"] / 1e3,
            "work": row["macs_per_second"] / 1e6,
        }
        for number, row in enumerate((row for row in rows if row["name"] != RECORDINGS), 1)
    ]
    if natural is not None:
        made.insert(0, {"name": RECORDINGS, "family": "recordings", "rated": natural})
    made = [{key: value for key, value in row.items() if value is not None} for row in made]
    panels = (
        Panel(key="rated", title="predicted rating\n(more is better)", form="{:.2f}", start=3.5),
        Panel(
            key="distortion", title="mel-cepstral distortion, dB\n(less is better)", form="{:.2f}", start=4.0
        ),
        Panel(key="kB", title="kB stored"),
        Panel(key="work", title="million multiply-\naccumulates a second"),
    )
    table = Table(title="", rows=made, panels=panels)
    colours = {"recordings": "0.55", "chosen": "C3", "tried": "C0"}
    rows_picture.draw([table], colours, path, NOTE)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

"""Quality over bytes: voices of this program and other engines say the same texts, and the same judges listen.

    python -m tests.benchmarks.size_and_quality TEXTS [--voice NAME|FILE]... [--engine 'NAME|BYTES|COMMAND']...
        [--json-lines 'NAME|BYTES|COMMAND']... [-o rows.jsonl]
    python -m tests.benchmarks.size_and_quality --picture docs/size-and-quality.png -o rows.jsonl

TEXTS has one a line. BYTES is what an engine needs on the disk besides its program: weights, dictionaries of a voice.
COMMAND is one as `tiedtts distil --command` and `--json-lines` take it. The judges are those of `outside`.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks import outside
from tests.benchmarks.outside import Samples
from tests.benchmarks.places import existing, writable
from tiedtts.audio import files
from tiedtts.corpus.teacher.command import CommandTeacher
from tiedtts.corpus.teacher.json_lines import JsonLinesTeacher
from tiedtts.errors import ConfigError
from tiedtts.speech import library
from tiedtts.speech.voice import Voice
from tiedtts_cli import boundary

Row = dict[str, Any]
OURS, OTHERS = "TiedTTS", "others"
_LINE = 0.055
"""Height of a name as a share of a panel."""
Said = Iterator[tuple[str, Samples, int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", type=existing, nargs="?")
    parser.add_argument("--voice", action="append", default=[])
    parser.add_argument("--engine", action="append", default=[], metavar="NAME|BYTES|COMMAND")
    parser.add_argument("--json-lines", action="append", default=[], metavar="NAME|BYTES|COMMAND")
    parser.add_argument("-o", "--output", type=writable, default=Path("size_and_quality.jsonl"))
    parser.add_argument("--picture", type=writable)
    arguments = parser.parse_args()
    rows: list[Row] = []
    if arguments.output.exists():
        rows = [json.loads(line) for line in arguments.output.read_text("utf-8").splitlines()]
    makers = {engine.name: engine for engine in _engines(arguments)}
    if makers and arguments.texts is None:
        parser.error("TEXTS are needed to measure a voice")
    if makers:
        texts = [line for line in arguments.texts.read_text("utf-8").splitlines() if line.strip()]
        torch.set_num_threads(1)
        hear, rate = outside.recogniser(), outside.predictor()
        for name, maker in makers.items():
            judgement = outside.judge(maker.say(texts), hear, rate)
            row = {
                "name": name,
                "family": maker.family,
                "bytes": maker.bytes,
                "texts": len(texts),
            } | judgement
            rows = [old for old in rows if old["name"] != name] + [row]
            print(json.dumps(row), flush=True)
            arguments.output.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    if arguments.picture is not None:
        picture(rows, arguments.picture)


class _Ours:
    family = OURS

    def __init__(self, voice: str) -> None:
        self.name, self._voice = library.plain_name(voice), voice
        self.bytes = sum(file.stat().st_size for file in library.files_of(voice))

    def say(self, texts: Sequence[str]) -> Said:
        voice = Voice.load(self._voice)
        for text in texts:
            yield text, voice.say(text).samples, voice.sample_rate


class _Other:
    family = OTHERS

    def __init__(self, told: str, kind: type[CommandTeacher] | type[JsonLinesTeacher]) -> None:
        self.name, size, command = (part.strip() for part in [*told.split("|", 2), "", ""][:3])
        if not size.isdecimal() or not command:
            raise ConfigError(f"an engine is told as `NAME|BYTES|COMMAND`, got: {told}")
        self.bytes = int(size)
        self._teacher = kind(command, timeout=120)

    def say(self, texts: Sequence[str]) -> Said:
        engine = self._teacher.open()
        try:
            with tempfile.TemporaryDirectory() as folder:
                for number, text in enumerate(texts):
                    path = Path(folder) / f"{number}.wav"
                    engine.say(text, number, path)
                    sound = files.read(path)
                    yield text, sound.mono, sound.rate
        finally:
            engine.close()


def _engines(arguments: argparse.Namespace) -> Iterator[_Ours | _Other]:
    yield from (_Ours(voice) for voice in arguments.voice)
    yield from (_Other(told, CommandTeacher) for told in arguments.engine)
    yield from (_Other(told, JsonLinesTeacher) for told in arguments.json_lines)


def picture(rows: Sequence[Row], path: Path) -> None:
    """Draw ratings over bytes, each with its standard error, and words wrong over bytes."""
    from matplotlib.figure import Figure

    panels = (
        ("rated", "Naturalness that Distill-MOS predicts, 1 to 5: higher is better"),
        ("words_wrong", "Words that PocketSphinx gets wrong, %: lower is better"),
    )
    figure = Figure(figsize=(12, 5.2), layout="constrained")
    for axes, (key, title) in zip(figure.subplots(1, 2), panels, strict=True):
        shown = sorted((row for row in rows if key in row), key=lambda row: float(row[key]))
        values = [row[key] * (100 if key == "words_wrong" else 1) for row in shown]
        apart = (max(values, default=1) - min(values, default=0)) * _LINE
        heights: list[float] = []
        for row, value in zip(shown, values, strict=True):
            # Names stand one above the other, whatever lies close.
            heights.append(max(value, heights[-1] + apart) if heights else value)
            colour = "#c2410c" if row["family"] == OURS else "0.45"
            axes.errorbar(
                row["bytes"] / 1e6,
                value,
                yerr=row.get(f"{key}_error"),
                fmt="o",
                color=colour,
                markersize=7,
                elinewidth=1,
            )
            axes.annotate(
                row["name"],
                (row["bytes"] / 1e6, value),
                (row["bytes"] / 1e6 * 1.2, heights[-1]),
                color=colour,
                va="center",
                arrowprops={"arrowstyle": "-", "color": "0.85", "lw": 0.7, "shrinkA": 0, "shrinkB": 4},
            )
        axes.set_xscale("log")
        axes.set_xlabel("what the voice needs on the disk, MB (logarithmic)")
        axes.set_title(title, fontsize=10, loc="left")
        axes.margins(0.1)
        left, right = axes.get_xlim()
        axes.set_xlim(left, right * 5)  # Room for the names.
        axes.grid(color="0.92")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    count = rows[0]["texts"] if rows else 0
    figure.suptitle(
        f"The same {count} texts and the same judges for all; bars are standard errors", fontsize=10
    )
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

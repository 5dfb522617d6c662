"""How fast a voice is beside hibari, on one core in turns: real-time factor and start of the command.

    python -m tests.benchmarks.speed_beside VENV [--voice VOICE] [--rounds N]

VENV is a virtual environment with `hibari-tts[fast]`. Machines and hours differ by a factor of two; the ratio of
two programs that take turns on one core differs less.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.places import existing
from tests.benchmarks.speed import GREETING, TWENTY, pin, run
from tiedtts_cli import boundary

TIMED = """
import sys, time
{load}
texts = open(sys.argv[1], encoding="utf-8").read().splitlines()
say(texts[0])
begin = time.process_time()
seconds = sum(say(text) for text in texts)
print((time.process_time() - begin) / seconds)
"""
"""Prints processor time over sound, of twenty sentences."""
HIBARI = (
    "from hibari import Hibari; voice = Hibari(); say = lambda text: len(voice(text)) / voice.sample_rate"
)
OURS = (
    "from tiedtts import Voice; voice = Voice.load(sys.argv[2]); say = lambda text: voice.say(text).seconds"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("venv", type=existing, help="virtual environment with hibari")
    parser.add_argument("--voice", default="clara")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    # Its path is not resolved: a virtual environment is known by the link.
    scripts = options.venv.absolute() / "bin"
    pin()
    programs = {
        options.voice: (sys.executable, OURS, [sys.executable, "-m", "tiedtts_cli", "synth"]),
        "hibari": (str(scripts / "python"), HIBARI, [str(scripts / "hibari")]),
    }
    factors: dict[str, list[float]] = {name: [] for name in programs}
    starts: dict[str, list[float]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for name, (python, load, command) in programs.items():
                timed = [python, "-c", TIMED.format(load=load), str(TWENTY), options.voice]
                factors[name].append(float(subprocess.check_output(timed, text=True)))
                chosen = ["--voice", options.voice] if name == options.voice else []
                starts[name].append(
                    run([*command, GREETING, "-o", str(Path(folder, "a.wav")), *chosen], folder)[0]
                )
    for title, rows, form in (("real-time factor", factors, ".4f"), ("cold start, s", starts, ".2f")):
        ours, theirs = (statistics.median(rows[name]) for name in programs)
        print(f"{title}: {options.voice} {ours:{form}}, hibari {theirs:{form}}, {ours / theirs:.2f} of it")


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

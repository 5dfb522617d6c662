"""How fast a voice is on one core: real-time factor, start of the command, memory.

    python tests/benchmarks/speed.py [--voice VOICE] [--json]

The process and its children are pinned to one core where the system allows it. The commands run
first, while this process is small: a child's peak memory counts what it was forked from.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tiedtts_cli import boundary

TWENTY = Path(__file__).with_name("twenty.txt")
GREETING = "Hello world."
OPENING = (
    "He said that the harbour, which had been closed since the spring, would open again in June, if the money "
    "for the new wall could be found, and that the ships would come back to the old town in summer."
)
"""A first sentence of 11 seconds."""
IMPORTS = "import numpy, onnxruntime, soundfile, typer, rich, tiedtts.speech.onnx_renderer, tiedtts_cli.main"
LOADING = "import sys; from tiedtts.speech.voice import Voice; Voice.load(sys.argv[1])"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voice", default="kathleen", help="name or file of a voice")
    parser.add_argument("--passes", type=int, default=5, help="over the twenty sentences")
    parser.add_argument("--runs", type=int, default=10, help="of each command")
    parser.add_argument("--json", action="store_true", help="print raw numbers")
    options = parser.parse_args()
    voice = str(Path(options.voice).resolve()) if Path(options.voice).is_file() else options.voice
    cores = pin()
    result = {
        "voice": options.voice,
        "cores": cores,
        "command": commands(voice, options.runs),
        "loaded": loaded(voice, options.passes),
    }
    print(json.dumps(result, indent=2) if options.json else table(result))


def pin() -> int | None:
    """Stay on one core; return how many this process may use, None if that is not known."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return len(os.sched_getaffinity(0))


def commands(voice: str, runs: int) -> dict[str, float]:
    """Time whole commands, from nothing to a file; seconds and MiB, medians."""
    tiedtts = [sys.executable, "-m", "tiedtts_cli", "synth", "--voice", voice]
    with tempfile.TemporaryDirectory() as folder:
        steps = {
            "interpreter": [sys.executable, "-c", "pass"],
            "imports": [sys.executable, "-c", IMPORTS],
            "loading": [sys.executable, "-c", LOADING, voice],
            "hello": [*tiedtts, GREETING, "-o", "hello.wav"],
            "twenty": [*tiedtts, "-i", str(TWENTY), "-d", "twenty"],
        }
        times: dict[str, list[float]] = {name: [] for name in steps}
        peaks: dict[str, float] = dict.fromkeys(steps, 0.0)
        for name, command in steps.items():
            run(command, folder)  # Fills the file cache.
            for _ in range(runs):
                seconds, peak = run(command, folder)
                times[name].append(seconds)
                peaks[name] = max(peaks[name], peak)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "interpreter_s": medians["interpreter"],
        "interpreter_and_imports_s": medians["imports"],
        "voice_loaded_s": medians["loading"],
        "hello_s": medians["hello"],
        "hello_best_s": min(times["hello"]),
        "hello_imports_share": medians["imports"] / medians["hello"],
        "hello_peak_mib": peaks["hello"],
        "twenty_s": medians["twenty"],
        "twenty_peak_mib": peaks["twenty"],
    }


def run(command: list[str], folder: str) -> tuple[float, float]:
    """Run a command; return its seconds and its peak resident memory in MiB."""
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            log.seek(0)
            sys.exit(f"{' '.join(command)}\n{log.read().decode(errors='replace')}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return seconds, usage.ru_maxrss / unit


def loaded(name: str, passes: int) -> dict[str, object]:
    """Time a voice that is already loaded, sentence by sentence."""
    from tiedtts.speech.voice import Voice

    voice = Voice.load(name)
    texts = TWENTY.read_text("utf-8").splitlines()
    audio = [voice.say(text).seconds for text in texts]
    times = []
    for _ in range(passes):
        times.append([])
        for text in texts:
            start = time.perf_counter()
            voice.say(text)
            times[-1].append(time.perf_counter() - start)
    waits = []
    for _ in range(passes):
        start = time.perf_counter()
        next(voice.stream(OPENING))
        waits.append(time.perf_counter() - start)
    factors = [sum(row) / sum(audio) for row in times]
    return {
        "sentences": len(texts),
        "audio_s": sum(audio),
        "real_time_factor_best": min(factors),
        "real_time_factor_median": statistics.median(factors),
        "first_audio_s": statistics.median(waits),
        "per_sentence": [
            {"words": len(text.split()), "audio_s": length, "best_s": min(column)}
            for text, length, column in zip(texts, audio, zip(*times, strict=True), strict=True)
        ],
    }


def table(result: dict[str, object]) -> str:
    """Lay the numbers out for reading."""
    lines = [f"voice {result['voice']}, cores {result['cores']}"]
    for part in ("command", "loaded"):
        values = result[part]
        assert isinstance(values, dict), values
        lines += [
            f"{part + ' ' + key:38}{value:10.4f}" for key, value in values.items() if key != "per_sentence"
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

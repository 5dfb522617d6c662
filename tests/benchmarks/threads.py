"""How much sound threads make that share a voice: more of them than cores must lose nothing.

    python -m tests.benchmarks.threads [--threads 1,2,4,8] [--rounds 5] [--voice VOICE] [--processes]

The numbers of threads take turns, so that what else a machine does falls on all of them alike; printed are medians. Beside
the speed stand processor time and switches between threads, which tell why, also on a machine that is not idle.
"""

import argparse
import hashlib
import multiprocessing
import queue
import resource
import statistics
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tiedtts import processes
from tiedtts.speech import turns
from tiedtts.speech.voice import Voice
from tiedtts_cli import boundary

SENTENCES = Path(__file__).with_name("sentences.txt")


@dataclass(frozen=True)
class Round:
    """The same sentences, once."""

    speed: float
    """Seconds of sound in a second."""
    processor_ms: float
    """Processor time, milliseconds for a second of sound."""
    switches: float
    """Times that a thread waited for another, for a sentence."""
    preempted: float
    """Times that the system stopped a thread, for a sentence."""
    digest: str
    """Digest of all samples, in the order of the sentences."""


def speak(voice: Voice, texts: list[str], threads: int) -> Round:
    """Let threads say all texts, each the next that nobody has begun."""
    work: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(len(texts)):
        work.put(number)
    sums = [b""] * len(texts)
    seconds = [0.0] * len(texts)

    def say() -> None:
        while True:
            try:
                number = work.get_nowait()
            except queue.Empty:
                return
            said = voice.say(texts[number])
            seconds[number] = said.seconds
            sums[number] = hashlib.sha256(said.samples.tobytes()).digest()

    crew = [threading.Thread(target=say) for _ in range(threads)]
    before, begin = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    spent, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_SELF)
    sound = sum(seconds)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Round(
        speed=sound / spent,
        processor_ms=1000 * processor / sound,
        switches=(after.ru_nvcsw - before.ru_nvcsw) / len(texts),
        preempted=(after.ru_nivcsw - before.ru_nivcsw) / len(texts),
        digest=hashlib.sha256(b"".join(sums)).hexdigest(),
    )


def apart(name: str | None, texts: list[str], count: int, rounds: int) -> list[float]:
    """Return the speed of so many processes, which share nothing: the most that threads can reach."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(name,)) as pool:
        # Each is ready before any is timed.
        list(pool.map(_say, [texts[:5]] * (4 * count)))
        speeds = []
        for _ in range(rounds):
            begin = time.perf_counter()
            seconds = sum(pool.map(_say, [texts[at : at + 4] for at in range(0, len(texts), 4)]))
            speeds.append(seconds / (time.perf_counter() - begin))
    return speeds


def _begin(name: str | None) -> None:
    global _voice
    _voice = Voice.load() if name is None else Voice.load(name)


def _say(texts: list[str]) -> float:
    return sum(_voice.say(text).seconds for text in texts)


def counts(text: str) -> list[int]:
    """Read numbers of threads, `1,2,4`."""
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 1:
        raise argparse.ArgumentTypeError(f"numbers such as 1,2,4 are needed, got: {text}")
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--threads", type=counts, default=[1, 2, 4, 8], help="numbers of threads, such as 1,2,4"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, default=100)
    parser.add_argument("--voice", default=None, help="name or file of a voice")
    parser.add_argument("--processes", action="store_true", help="also as many processes, for comparison")
    parser.add_argument(
        "--without-turns", action="store_true", help="let all threads go at once, for comparison"
    )
    parser.add_argument(
        "--switch-ms", type=float, help="let Python's lock change hands after so many milliseconds (5)"
    )
    given = parser.parse_args()
    if given.switch_ms is not None:
        sys.setswitchinterval(given.switch_ms / 1000)
    if min(given.rounds, given.sentences) < 1:
        parser.error("--rounds and --sentences must be at least 1")
    if given.without_turns:
        turns.TURNS.most = lambda: sys.maxsize
    voice = Voice.load() if given.voice is None else Voice.load(given.voice)
    texts = SENTENCES.read_text("utf-8").splitlines()[: given.sentences]
    for text in texts[:5]:
        voice.say(text)
    rounds: dict[int, list[Round]] = {count: [] for count in given.threads}
    for number in range(given.rounds):
        # Forwards, then backwards: what gets slower in the meantime falls on all alike.
        for count in given.threads if number % 2 == 0 else given.threads[::-1]:
            rounds[count].append(speak(voice, texts, count))
    first = rounds[given.threads[0]]
    print(
        f"{voice.name}, {len(texts)} sentences, {processes.cores()} cores, medians of {given.rounds} rounds\n"
    )
    print(
        "| threads | x real time | to the first | processor, ms a second | waits a sentence | stopped a sentence |"
    )
    print("|---:|---:|---:|---:|---:|---:|")
    for count, found in rounds.items():
        ratio = statistics.median(one.speed / base.speed for one, base in zip(found, first, strict=True))
        cells = (
            f"{statistics.median(one.speed for one in found):.0f}",
            f"{ratio:.2f}",
            f"{statistics.median(one.processor_ms for one in found):.2f}",
            f"{statistics.median(one.switches for one in found):.1f}",
            f"{statistics.median(one.preempted for one in found):.1f}",
        )
        print(f"| {count} | {' | '.join(cells)} |")
    for count in given.threads if given.processes else ():
        speed = statistics.median(apart(given.voice, texts, count, given.rounds))
        print(f"{count} process{'es' if count > 1 else ''}: {speed:.0f} x real time")
    same = len({one.digest for found in rounds.values() for one in found}) == 1
    print(f"\nthe same samples each time: {'yes' if same else 'NO'}")
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

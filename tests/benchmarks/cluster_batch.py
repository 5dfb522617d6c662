"""Batches on a Ray cluster of several nodes on this machine, beside the same batch in local processes.

    python -m tests.benchmarks.cluster_batch --lines 200 --accidents   a node, then the process that asked is killed
    python -m tests.benchmarks.cluster_batch --lines 10000 --overhead  the time of one node beside local processes
    python -m tests.benchmarks.cluster_batch --recordings 200          `prepare`: a node, then the process that asked

Needs the extra `ray`. Each node is a process of its own with a store and workers of its own. All files and the
manifest must be those of the local batch, byte by byte.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks import kill_batch
from tests.benchmarks.kill_batch import ROOT
from tests.corpus import corpora
from tiedtts_cli import boundary

STORE_BYTES = 100_000_000
FAST_DETECTION = {
    "health_check_initial_delay_ms": 5_000,
    "health_check_period_ms": 1_000,
    "health_check_timeout_ms": 10_000,
    "health_check_failure_threshold": 10,
}
"""A lost node is found lost in ten seconds, not in half a minute; one that is slow on a busy machine is not lost."""


STARTS = 2
"""Attempts to start a cluster."""


@contextlib.contextmanager
def nodes(count: int, cores: int) -> Iterator[Any]:
    """Start a cluster of so many nodes with so many cores each."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # On a busy machine the first steps of a node take longer than Ray waits for them.
    os.environ.setdefault("RAY_agent_register_timeout_ms", "240000")
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "240")
    # The nodes run the same code as the batches do.
    places = (str(ROOT), str(ROOT / "models"), os.environ.get("PYTHONPATH", ""))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, places))
    from ray.cluster_utils import Cluster

    common = {"num_cpus": cores, "object_store_memory": STORE_BYTES}
    head = {**common, "include_dashboard": False, "_system_config": FAST_DETECTION}
    for attempt in range(STARTS):
        try:
            cluster = Cluster(initialize_head=True, head_node_args=head)
            break
        # Ray names no class of its own for a node that does not start.
        except Exception:
            if attempt + 1 == STARTS:
                raise
    try:
        for _ in range(count - 1):
            cluster.add_node(**common)
        yield cluster
    finally:
        cluster.shutdown()


def made(folder: Path, pattern: str = "*.wav") -> int:
    """Return how many files of a kind a folder has."""
    return len(list(folder.glob(pattern)))


def wait_for(folder: Path, count: int, process: "subprocess.Popen[bytes]", pattern: str = "*.wav") -> None:
    """Wait until a batch has made so many files."""
    while made(folder, pattern) < count and process.poll() is None:
        time.sleep(0.02)


def accidents(lines: int, cores: int = 1) -> dict[str, Any]:
    """Kill a node, then the process that asked, and let another go on."""
    with tempfile.TemporaryDirectory() as name, nodes(2, cores) as cluster:
        source, whole, folder = (Path(name) / part for part in ("list.txt", "whole", "cluster"))
        kill_batch.write_list(source, lines)
        options = ("--timestamps", "json")
        assert kill_batch.start(source, whole, *options).wait() == 1, "one line is bad"
        engine = ("--engine", f"ray:{cluster.address}", *options)
        first = kill_batch.start(source, folder, *engine)
        wait_for(folder, 2, first)
        lost_at = made(folder)
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        # Sounds come in groups: with the next one, others are still to be made.
        wait_for(folder, lost_at + 1, first)
        killed_at = made(folder)
        first.send_signal(signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL, "it was still at work"
        for file, data in kill_batch.finished(folder).items():
            assert data == (whole / file).read_bytes(), f"{file} is half-written"
        cluster.add_node(num_cpus=cores, object_store_memory=STORE_BYTES)
        assert kill_batch.start(source, folder, *engine).wait() == 1
        compare(whole, folder)
        return {"lost_at": lost_at, "killed_at": killed_at, "files": len(kill_batch.contents(whole))}


def prepare(recordings: int, cores: int = 1) -> dict[str, Any]:
    """Compute features on a cluster; kill a node, then the process that asked, and let another go on."""
    with tempfile.TemporaryDirectory() as name, nodes(2, cores) as cluster:
        source, whole, data = (Path(name) / part for part in ("speaker", "whole", "data"))
        corpora.ljspeech(source, recordings)
        assert start_prepare(source, whole).wait() == 0
        engine = ("--engine", f"ray:{cluster.address}")
        first = start_prepare(source, data, *engine)
        features = data / "features"
        wait_for(features, 1, first, "*.npz")
        lost_at = made(features, "*.npz")
        cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
        wait_for(features, lost_at + 1, first, "*.npz")
        killed_at = made(features, "*.npz")
        first.send_signal(signal.SIGKILL)
        assert first.wait() == -signal.SIGKILL, "it was still at work"
        cluster.add_node(num_cpus=cores, object_store_memory=STORE_BYTES)
        assert start_prepare(source, data, *engine).wait() == 0
        compare(whole, data)
        return {"lost_at": lost_at, "killed_at": killed_at, "files": len(kill_batch.contents(whole))}


def start_prepare(source: Path, data: Path, *options: str) -> "subprocess.Popen[bytes]":
    """Start to prepare recordings, or go on."""
    command = [sys.executable, "-m", "tiedtts_cli", "prepare", source, "-o", data, "-q", "--no-listen"]
    return subprocess.Popen([*map(str, command), *options], start_new_session=True)


def compare(whole: Path, folder: Path) -> None:
    """Compare two folders byte by byte."""
    expected, found = kill_batch.contents(whole), kill_batch.contents(folder)
    assert found.keys() == expected.keys(), sorted(found.keys() ^ expected.keys())
    for file, data in found.items():
        assert data == expected[file], f"{file} differs"


def overhead(lines: int, cores: int, rounds: int) -> dict[str, Any]:
    """Return the seconds of a batch in local processes and on a cluster of one node, in turns."""
    seconds: dict[str, list[float]] = {"local": [], "ray": []}
    with tempfile.TemporaryDirectory() as name, nodes(1, cores) as cluster:
        source = Path(name) / "list.txt"
        kill_batch.write_list(source, lines)
        engines = {
            "local": ("--workers", str(cores)),
            "ray": ("--engine", f"ray:{cluster.address}"),
        }
        for _ in range(rounds):
            for engine, options in engines.items():
                shutil.rmtree(Path(name) / engine, ignore_errors=True)
                begin = time.monotonic()
                assert kill_batch.start(source, Path(name) / engine, *options).wait() == 1
                seconds[engine].append(time.monotonic() - begin)
        compare(Path(name) / "local", Path(name) / "ray")
    middle = {engine: statistics.median(values) for engine, values in seconds.items()}
    return {"lines": lines, "cores": cores, **middle, "overhead": middle["ray"] / middle["local"] - 1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument(
        "--cores", type=int, default=1, help="of each node; of local processes for --overhead"
    )
    parser.add_argument("--rounds", type=int, default=1, help="for --overhead")
    parser.add_argument("--accidents", action="store_true")
    parser.add_argument("--overhead", action="store_true")
    parser.add_argument("--recordings", type=int, default=0, help="prepare so many")
    options = parser.parse_args()
    if options.recordings:
        print(json.dumps(prepare(options.recordings, options.cores)))
    if options.accidents:
        print(json.dumps(accidents(options.lines, options.cores)))
    if options.overhead:
        print(json.dumps(overhead(options.lines, options.cores, options.rounds)))


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

"""A batch that is killed at random moments ends with the bytes of one that was left alone."""

import sys

import pytest

from tests.benchmarks import kill_batch, throughput


@pytest.mark.skipif(sys.platform == "win32", reason="no process groups there")
def test_kills_cost_nothing() -> None:
    counts = kill_batch.run(kills=3, lines=8, options=("--workers", "2", "--timestamps", "json"))
    assert counts["kills"] == 3
    assert counts["ends"] >= 1


def test_throughput_is_told() -> None:
    told = throughput.run(4, ["--workers", "1"])
    assert told["sound"] > 4
    assert told["spent"] > 0

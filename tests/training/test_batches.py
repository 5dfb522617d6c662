"""Which recordings make up which step."""

from collections import Counter

import numpy as np
import pytest

from tiedtts.training.batches import SPREAD, Batches

LENGTHS = [int(n) for n in np.random.default_rng(0).integers(50, 500, 43)]


def test_a_step_is_a_function_of_seed_and_number() -> None:
    straight = Batches(LENGTHS, 8, 3)
    wanted = [straight.at(step) for step in range(25)]
    assert Batches(LENGTHS, 8, 3).at(17) == wanted[17]
    backwards = Batches(LENGTHS, 8, 3)
    assert [backwards.at(step) for step in reversed(range(25))] == wanted[::-1]
    assert [Batches(LENGTHS, 8, 4).at(step) for step in range(25)] != wanted


@pytest.mark.parametrize("draw", [False, True])
def test_batches_are_full_and_of_plain_numbers(draw: bool) -> None:
    batches = Batches(LENGTHS, 8, 0, draw)
    for step in range(30):
        indices = batches.at(step)
        assert len(indices) == 8
        assert all(type(i) is int and 0 <= i < 43 for i in indices)


def test_an_epoch_takes_each_recording_at_most_once() -> None:
    batches = Batches(LENGTHS, 8, 0)
    for epoch in range(10):
        seen = Counter(i for step in range(5) for i in batches.at(5 * epoch + step))
        assert set(seen.values()) == {1}
        assert sum(seen.values()) == 40


def test_every_recording_has_its_turn() -> None:
    """Three of 43 are left out of an epoch, the longest and the shortest no more often than others."""
    batches = Batches([10, *range(100, 141), 1000], 8, 0)
    seen = Counter(i for step in range(5 * 60) for i in batches.at(step))
    assert len(seen) == 43
    # 55.8 of 60 are expected, with a standard deviation of 2.
    assert 48 <= min(seen.values()) < max(seen.values()) <= 60


def test_lengths_in_a_batch_are_alike() -> None:
    batches = Batches(LENGTHS, 8, 0)
    ratios = []
    for step in range(20):
        lengths = [LENGTHS[i] for i in batches.at(step)]
        ratios.append(max(lengths) / min(lengths))
    random = np.random.default_rng(1)
    unsorted = [max(x) / min(x) for x in (random.choice(LENGTHS, 8, replace=False) for _ in range(20))]
    assert np.mean(ratios) < 0.5 * np.mean(unsorted)
    assert np.mean(ratios) > 1 + SPREAD


def test_order_of_batches_is_shuffled() -> None:
    batches = Batches(LENGTHS, 8, 0)
    means = [np.mean([LENGTHS[i] for i in batches.at(step)]) for step in range(5)]
    assert means != sorted(means)
    assert batches.at(0) != batches.at(5)


def test_fewer_recordings_than_a_batch() -> None:
    batches = Batches([9, 5, 7], 8, 0)
    assert all(sorted(batches.at(step)) == [0, 1, 2] for step in range(5))


def test_drawn_by_length() -> None:
    batches = Batches([100, 300, 600], 10, 5, draw=True)
    counts = Counter(i for step in range(1000) for i in batches.at(step))
    # Standard deviation of a share is below 0.005.
    np.testing.assert_allclose([counts[i] / 10_000 for i in range(3)], [0.1, 0.3, 0.6], atol=0.02)
    assert batches.at(7) == Batches([100, 300, 600], 10, 5, draw=True).at(7)

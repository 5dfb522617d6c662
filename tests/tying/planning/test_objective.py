"""Objectives: what counts as harm."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tiedtts.errors import ConfigError
from tiedtts.tying.planning import objective

NETS: dict[str, nn.Module] = {"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)}


def harm(first: Any, after: Any) -> float:
    return objective.by_outputs(lambda tied: after, first).harm(NETS)


def test_outputs_of_any_kind() -> None:
    x = torch.tensor([1.0, -1.0, 1.0, -1.0])
    assert harm(x, x) == 0
    assert harm(x, 0.9 * x) == pytest.approx(0.01)
    assert harm([1, -1, {"a": 1.0, "b": -1}], [0.9, -0.9, {"a": 0.9, "b": -0.9}]) == pytest.approx(0.01)
    assert harm((x, np.ones(3)), (x, 0.8 * np.ones(3))) == pytest.approx(0.02)
    # A constant is no news: what counts is how outputs differ from each other.
    assert harm(x + 100, 0.9 * x + 100) == pytest.approx(0.01, rel=1e-3)
    made = objective.by_outputs(lambda tied: 0.9 * x, x)
    assert made.share(made.harm(NETS)) == pytest.approx(0.1)
    assert made.bound(0.1) == pytest.approx(0.01)


def test_a_single_number_is_a_loss() -> None:
    assert harm(2.0, 2.2) == pytest.approx(0.1)
    assert harm(-2.0, -1.8) == pytest.approx(0.1)
    assert harm(0.0, 0.02) == pytest.approx(0.02)
    assert objective.by_outputs(lambda tied: 1.0, [3.0]).kind == "loss"


@pytest.mark.parametrize("after", [[1.0], [1.0, 2.0, 3.0], [1.0, math.nan], "nothing", [1.0, 1e300]])
def test_what_cannot_be_compared_is_as_bad_as_anything(after: Any) -> None:
    assert harm([1.0, 2.0], after) == objective.WORST


def test_a_loss_that_is_no_number() -> None:
    assert harm(1.0, math.nan) == objective.WORST
    assert harm(1.0, [1.0, 2.0]) == objective.WORST


@pytest.mark.parametrize("first", [None, "text", [], [math.nan, 1.0]])
def test_no_outputs(first: Any) -> None:
    with pytest.raises(ConfigError, match=r"nothing to compare|not finite"):
        objective.by_outputs(lambda tied: 1.0, first)


def test_losses_of_parts_that_were_tied() -> None:
    asked = []

    def losses(parts: Any) -> dict[str, float]:
        asked.append(sorted(parts))
        return {
            f"{part}.{name}": 1.0 if parts[part] is NETS[part] else 1.2
            for part in parts
            for name in ("x", "y")
        }

    made = objective.by_losses(losses, NETS)
    assert made.harm({**NETS, "b": nn.Linear(2, 2)}) == pytest.approx(0.1)
    assert asked == [["a", "b"], ["b"]]


def test_stretches_are_of_different_data() -> None:
    x = torch.arange(16.0)
    changed = x.clone()
    changed[3] += 1
    found = objective.differences(objective.leaves(changed), objective.leaves(x))
    assert [of > 0 for of in found] == [False, True, *[False] * 6]
    assert objective.mean(found) == pytest.approx(harm(x, changed))
    # What is too short has none.
    found = objective.differences(objective.leaves([1.0, 2.5]), objective.leaves([1.0, 2.0]))
    assert set(found) == {objective.mean(found)}
    assert objective.by_outputs(lambda tied: 2.0, 1.0).harms(NETS) == (1.0,)


def test_one_part_of_the_data_does_not_decide() -> None:
    often, once = [1.0] * 8, [0.1] * 7 + [7.5]
    assert objective.mean(often) < objective.mean(once)
    assert objective.score(often) > objective.score(once)
    assert objective.score(often) == pytest.approx(1.0)
    assert objective.score([2.0 * of for of in once]) == pytest.approx(2 * objective.score(once))
    assert objective.score([0.0] * 8) == 0.0
    assert objective.score([-0.5]) == -0.5

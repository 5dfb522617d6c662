"""Damaged voices, checkpoints, recipes, plans and data folders: one clear error each, and never a hang."""

import random
from itertools import islice

import pytest

from tests import damage
from tests.damage import Whole

CASES = 72
"""Six of each kind; `python -m tests.benchmarks.fuzz_files` tries thousands."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return Whole(tmp_path_factory.mktemp("whole"))


def test_whole_files_are_read(whole: Whole) -> None:
    for read in (damage.speaks(whole.voice), damage.heard(whole.checkpoint)):
        read()
    assert damage.problem(damage.heard(whole.checkpoint)) is None


def test_what_is_no_error_of_ours_is_found() -> None:
    assert damage.problem(lambda: [][1]) is not None
    assert damage.problem(lambda: {}["x"]) is not None


@pytest.mark.parametrize("seed", range(2))
def test_damaged_files_are_refused(whole: Whole, seed: int) -> None:
    tried = list(islice(damage.cases(whole, random.Random(seed)), CASES // 2))
    found = {what: damage.problem(read) for what, read in tried}
    assert not {what: problem for what, problem in found.items() if problem}
    # Most of them are damaged so that it is noticed.
    assert len(found) > CASES // 3

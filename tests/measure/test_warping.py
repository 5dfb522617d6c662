import numpy as np
import pytest
from scipy.spatial.distance import cdist

from tiedtts.measure import warping


def simple_cost(first: np.ndarray, second: np.ndarray) -> float:
    """The least sum of distances, cell by cell."""
    distance = cdist(first, second)
    total = np.full((len(first) + 1, len(second) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(first)):
        for j in range(len(second)):
            total[i + 1, j + 1] = distance[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    return float(total[-1, -1])


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 5), (5, 1), (7, 7), (9, 4), (4, 11)])
def test_path_has_the_cost_of_the_simple_way(rows: int, columns: int) -> None:
    rng = np.random.default_rng(rows * 100 + columns)
    first, second = rng.normal(size=(rows, 3)), rng.normal(size=(columns, 3))
    path = warping.align(first, second)
    cost = np.linalg.norm(first[path.rows] - second[path.columns], axis=1).sum()
    assert cost == pytest.approx(simple_cost(first, second))
    assert (path.rows[0], path.columns[0]) == (0, 0)
    assert (path.rows[-1], path.columns[-1]) == (rows - 1, columns - 1)
    steps = np.stack([np.diff(path.rows), np.diff(path.columns)])
    assert ((steps >= 0) & (steps <= 1)).all()
    assert (steps.sum(0) >= 1).all()


def test_equal_sequences_go_side_by_side() -> None:
    sequence = np.repeat(np.arange(4.0), 3)[:, None]
    path = warping.align(sequence, sequence)
    assert path.rows.tolist() == path.columns.tolist() == list(range(12))


def test_a_delay_costs_nothing() -> None:
    sequence = np.random.default_rng(0).normal(size=(20, 4))
    late = np.concatenate([np.repeat(sequence[:1], 6, axis=0), sequence])
    path = warping.align(sequence, late)
    assert np.array_equal(sequence[path.rows], late[path.columns])
    assert path.columns.tolist() == list(range(26))

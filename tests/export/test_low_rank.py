"""Which terms of a difference are kept."""

import numpy as np
import pytest
import torch

from tiedtts.export.inputs import Inputs
from tiedtts.export.low_rank import low_rank
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.moments import Moments


def test_a_rank_leaves_out_as_little_as_can_be() -> None:
    rng = np.random.default_rng(0)
    strong = rng.standard_normal((60, 4)) @ rng.standard_normal((4, 50))
    weak = 0.01 * rng.standard_normal((60, 50))
    found = low_rank(strong + weak, 4)
    assert found is not None
    assert found.factors.size == 4
    left = np.linalg.norm(strong + weak - found.product) / np.linalg.norm(strong)
    assert left < 0.05
    assert low_rank(strong + weak) is None


def moments(spec: LayerSpec, weight: torch.Tensor, inputs: torch.Tensor) -> Moments:
    made = Moments(spec, weight)
    made.add_entries(inputs) if spec.is_embedding else made.add_inputs(inputs)
    return made


def test_no_other_difference_of_that_rank_changes_outputs_less() -> None:
    torch.manual_seed(0)
    inputs = torch.randn(4000, 12) @ torch.randn(12, 50) + 0.1 * torch.randn(4000, 50)
    whole = torch.randn(60, 50)
    seen = Inputs.of(moments(LayerSpec.linear(50, 60), whole, inputs), (60, 50))
    x = inputs.double().numpy()
    wanted = whole.double().numpy()
    kept = seen.nearest(wanted, 8)
    assert np.linalg.matrix_rank(kept) == 8

    def lost(of: np.ndarray) -> float:  # type: ignore[type-arg]
        return float(np.linalg.norm(x @ (wanted - of).T) / np.linalg.norm(x @ wanted.T))

    up, sizes, down = np.linalg.svd(wanted, full_matrices=False)
    plain = (up[:, :8] * sizes[:8]) @ down[:8]
    # What the best 8 directions of the outputs themselves leave is the bound of any matrix of rank 8.
    left = np.linalg.svd(x @ wanted.T, compute_uv=False)
    bound = float(np.linalg.norm(left[8:]) / np.linalg.norm(left))
    assert bound <= lost(kept) < 1.02 * bound
    assert lost(kept) < 0.7 * lost(plain)
    assert seen.energy(wanted - kept) < seen.energy(wanted - plain)


def test_rows_of_a_table_count_as_often_as_they_are_read() -> None:
    torch.manual_seed(0)
    often = torch.arange(45).repeat_interleave(torch.tensor([1000] * 5 + [1] * 40))
    whole = torch.randn(45, 50)
    spec = LayerSpec.of(torch.nn.Embedding(45, 50))
    kept = Inputs.of(moments(spec, whole, often), (45, 50)).nearest(whole.numpy(), 10)
    lost = np.linalg.norm(kept - whole.numpy(), axis=1) / np.linalg.norm(whole.numpy(), axis=1)
    assert lost[:5].max() < 0.3 < lost[5:].mean()


@pytest.mark.parametrize(
    ("known", "shape"),
    [
        (None, (60, 50)),
        (moments(LayerSpec.linear(40, 60), torch.randn(60, 40), torch.randn(99, 40)), (60, 50)),
        (moments(LayerSpec.linear(20, 60), torch.randn(60, 20), torch.randn(99, 20)), (60, 20)),
    ],
    ids=["unknown", "others", "small"],
)
def test_what_is_not_known_or_small_stays(known: Moments | None, shape: tuple[int, int]) -> None:
    whole = np.random.default_rng(0).standard_normal(shape)
    found = Inputs.of(known, shape)
    assert np.array_equal(found.nearest(whole, 4), whole)
    assert found.energy(whole) > 0

"""The judges of spectrograms."""

import math

import pytest
import torch

from tiedtts.nets.discriminator import MultiDiscriminator, PatchDiscriminator


@pytest.mark.parametrize(("frames", "bands"), [(80, 80), (80, 20), (11, 513), (24, 257), (1, 5)])
def test_scores_of_patches(frames: int, bands: int) -> None:
    scores, inner = PatchDiscriminator(4)(torch.randn(3, frames, bands))
    half = [math.ceil(bands / 2**n) for n in range(1, 5)]
    quarter = [math.ceil(frames / 2**n) for n in range(3)]
    assert scores.shape == (3, 1, quarter[2], half[3])
    assert [tuple(x.shape) for x in inner] == [
        (3, 4, quarter[0], half[0]),
        (3, 8, quarter[1], half[1]),
        (3, 12, quarter[2], half[2]),
        (3, 12, quarter[2], half[3]),
    ]


def test_a_patch_is_small() -> None:
    """A score depends on 14 frames each way, not on the whole picture."""
    torch.manual_seed(0)
    judge = PatchDiscriminator(4)
    picture = torch.randn(1, 80, 40)
    other = picture.clone()
    other[:, 60:] = 0
    with torch.no_grad():
        first, second = judge(picture)[0], judge(other)[0]
    changed = (first - second).abs().amax((0, 1, 3)) > 0
    assert changed.tolist() == [False] * 12 + [True] * 8


def test_each_view_has_its_judge() -> None:
    torch.manual_seed(0)
    judges = MultiDiscriminator(2, 4)
    views = [torch.randn(2, 16, 20), torch.randn(2, 8, 40)]
    verdicts = judges(views)
    for judge, view, (score, inner) in zip(judges.judges, views, verdicts, strict=True):
        alone, own = judge(view)
        assert torch.equal(score, alone)
        assert all(torch.equal(a, b) for a, b in zip(inner, own, strict=True))
    verdicts[0][0].sum().backward()
    assert all(p.grad is not None for p in judges.judges[0].parameters())
    assert all(p.grad is None for p in judges.judges[1].parameters())


def test_as_many_views_as_judges() -> None:
    with pytest.raises(ValueError, match="shorter"):
        MultiDiscriminator(2, 4)([torch.randn(2, 16, 20)])

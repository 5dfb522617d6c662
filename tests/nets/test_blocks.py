"""The ConvNeXt block and stacks of it."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tiedtts.nets.blocks import ConvNeXtBlock, ConvNeXtStack


@pytest.fixture
def x() -> Tensor:
    torch.manual_seed(1)
    return torch.randn(2, 6, 11)


def test_block_step_by_step(x: Tensor) -> None:
    block = ConvNeXtBlock(6, 5, 3, 0.25)
    torch.nn.init.normal_(block.norm.weight)
    padded = F.pad(x, (2, 2))
    y = torch.stack(
        [
            (padded[:, :, i : i + 5] * block.depthwise.weight[:, 0]).sum(-1) + block.depthwise.bias
            for i in range(11)
        ],
        dim=-1,
    )
    centred = y - y.mean(1, keepdim=True)
    y = centred / torch.sqrt(centred.pow(2).mean(1, keepdim=True) + 1e-5)
    y = y * block.norm.weight[:, None] + block.norm.bias[:, None]
    y = torch.einsum("oi,bif->bof", block.expand.weight, y) + block.expand.bias[:, None]
    y = 0.5 * y * (1 + torch.erf(y / 2**0.5))
    y = torch.einsum("oi,bif->bof", block.project.weight, y) + block.project.bias[:, None]
    assert block.expand.weight.shape == (18, 6)
    torch.testing.assert_close(block(x), x + 0.25 * y)


def test_stack_is_its_blocks_in_turn(x: Tensor) -> None:
    stack = ConvNeXtStack(3, 6, 3, 2).eval()
    y = x
    for block in stack.blocks:
        y = block(y)
    assert torch.equal(stack(x), y)


def test_fresh_branches_add_up_to_about_one() -> None:
    stack = ConvNeXtStack(4, 6, 3, 2)
    assert [block.scale.tolist() for block in stack.blocks] == [[0.25] * 6] * 4


def test_mask_is_the_end_of_the_signal(x: Tensor) -> None:
    stack = ConvNeXtStack(3, 6, 5, 2).eval()
    mask = torch.ones(2, 1, 11)
    mask[1, :, 7:] = 0
    masked = stack(x * mask, mask)
    torch.testing.assert_close(masked[0], stack(x[:1])[0])
    torch.testing.assert_close(masked[1, :, :7], stack(x[1:, :, :7])[0])
    assert not masked[1, :, 7:].any()


def test_dropout_is_for_training(x: Tensor) -> None:
    stack = ConvNeXtStack(1, 6, 3, 2, dropout=0.5)
    plain = stack.blocks[0](x)
    assert torch.equal(stack.eval()(x), plain)
    torch.manual_seed(0)
    dropped = stack.train()(x)
    added = dropped - x
    kept = added.abs() > 1e-7
    assert 0.3 < kept.float().mean() < 0.7
    torch.testing.assert_close(added[kept], 2 * (plain - x)[kept], atol=1e-5, rtol=1e-4)

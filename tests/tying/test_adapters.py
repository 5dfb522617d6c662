"""Adapters: what is shared stays, what is merged computes the same."""

import copy

import pytest
import torch
from torch import nn

from tiedtts.errors import ConfigError
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.tying import adapters, tie
from tiedtts.tying.plan import TiePlan

SHARE = TiePlan.from_dict({"tie": [{"layers": "decoder.blocks.*", "scheme": "share"}]}, "plan")


@pytest.fixture
def net() -> nn.Module:
    torch.manual_seed(0)
    plain = AcousticNet(AcousticConfig(width=24, encoder_blocks=1, variance_blocks=1, decoder_blocks=3))
    return tie(plain, SHARE)[0].eval()


def frames(net: nn.Module) -> torch.Tensor:
    torch.manual_seed(1)
    states, values = torch.randn(1, 24, 5), torch.randn(1, 5)
    index, position = torch.arange(8)[None] // 2, torch.randn(1, 8, 5)
    with torch.no_grad():
        mel: torch.Tensor = net.decode(states, values, values, index, position).mel  # type: ignore[operator]
    return mel


def moved(net: nn.Module) -> nn.Module:
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.requires_grad:
                parameter.add_(0.1 * torch.randn_like(parameter))
    return net


def test_begins_as_the_shared_net(net: nn.Module) -> None:
    before = frames(net)
    assert torch.equal(frames(adapters.attach(net, 2)), before)


def test_only_differences_learn(net: nn.Module) -> None:
    shared = {name: value.clone() for name, value in net.state_dict().items()}
    adapters.attach(net, 2)
    learning = [p for p in net.parameters() if p.requires_grad]
    assert {id(p) for p in learning} == {
        id(p) for of in adapters.differences(net).values() for p in of.parameters()
    }
    frames_before = frames(net)
    optimizer = torch.optim.SGD(learning, 0.1)
    torch.manual_seed(1)
    for _ in range(2):
        states, values = torch.randn(1, 24, 5), torch.randn(1, 5)
        index, position = torch.arange(8)[None] // 2, torch.randn(1, 8, 5)
        loss = net.decode(states, values, values, index, position).mel.square().mean()  # type: ignore[operator]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert not torch.allclose(frames(net), frames_before)
    for name, value in net.state_dict().items():
        if name.endswith(".original"):
            plain = name.replace("parametrizations.", "").removesuffix(".original")
            assert torch.equal(value, shared[plain]), name


def test_merged_computes_the_same(net: nn.Module) -> None:
    names = list(net.state_dict())
    moved(adapters.attach(net, 3))
    before = frames(net)
    copied = copy.deepcopy(net)
    merged = adapters.merge(net)
    torch.testing.assert_close(frames(merged), before, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(frames(copied), before)
    assert list(merged.state_dict()) == names
    assert all(p.requires_grad for p in merged.parameters())
    assert not adapters.differences(merged)


def test_a_shared_weight_has_one_difference_of_low_rank(net: nn.Module) -> None:
    old = {name: value.clone() for name, value in net.named_parameters()}
    rank = 2
    found = adapters.differences(adapters.attach(net, rank))
    assert set(found) == set(old)
    moved(net)
    for name, value in adapters.merge(net).named_parameters():
        change = (value - old[name]).detach()
        if change.dim() > 1:
            matrix = change.flatten(1).double()
            full = rank * sum(matrix.shape) >= matrix.numel()
            wanted = min(matrix.shape) if full else rank
            assert int(torch.linalg.matrix_rank(matrix, rtol=1e-4)) == wanted, name
        assert change.abs().max() > 0, name


@pytest.mark.parametrize("rank", [0, -1, 257])
def test_impossible_ranks(net: nn.Module, rank: int) -> None:
    with pytest.raises(ConfigError, match="rank"):
        adapters.attach(net, rank)

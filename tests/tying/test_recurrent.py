"""Recurrent layers, tied."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from tests.tying.cases import assert_alike, plan
from tiedtts.errors import ConfigError
from tiedtts.tying import tie, untie

SCHEMES: list[tuple[str, dict[str, Any]]] = [("lowrank", {"rank": 2}), ("codebook", {"k": 4}), ("share", {})]


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize(("scheme", "options"), SCHEMES)
@pytest.mark.parametrize("arguments", [{}, {"batch_first": True, "num_layers": 2, "bidirectional": True}])
def test_states_batches_and_packed_sequences(
    kind: type[nn.Module], scheme: str, options: dict[str, Any], arguments: dict[str, Any]
) -> None:
    torch.manual_seed(0)
    model = nn.ModuleList(kind(3, 4, **arguments) for _ in range(2))
    tied = tie(model, plan(scheme, **options))[0]
    layer, plain = tied[1], untie(tied)[1]  # type: ignore[index]
    batch_first = bool(arguments)
    x = torch.randn(2, 5, 3) if batch_first else torch.randn(5, 2, 3)
    depth = 4 if arguments else 1
    state: Any = torch.randn(depth, 2, 4)
    one: Any = torch.randn(depth, 4)
    if kind is nn.LSTM:
        state, one = (state, torch.randn(depth, 2, 4)), (one, torch.randn(depth, 4))
    assert_alike(layer(x), plain(x))
    assert_alike(layer(x, state), plain(x, state))
    assert_alike(layer(torch.ones(5, 3)), plain(torch.ones(5, 3)))
    assert_alike(layer(torch.ones(5, 3), one), plain(torch.ones(5, 3), one))
    packed = pack_padded_sequence(x, torch.tensor([4, 2]), batch_first=batch_first, enforce_sorted=False)
    results, expected = layer(packed), plain(packed)
    assert_alike(results[0].data, expected[0].data)
    assert_alike(results[1], expected[1])


def test_dropout_between_layers_is_for_training() -> None:
    torch.manual_seed(0)
    tied, _ = tie(nn.LSTM(3, 4, 2, dropout=0.5), plan("lowrank", rank=2))
    x = torch.randn(6, 1, 3)
    assert not torch.equal(tied(x)[0], tied(x)[0])
    tied.eval()
    assert torch.equal(tied(x)[0], tied(x)[0])


@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_a_projection_is_not_narrowed() -> None:
    with pytest.raises(ConfigError, match="it has a projection, `proj_size`"):
        tie(nn.LSTM(3, 4, proj_size=2), plan("lowrank"))
    layer, _ = tie(nn.LSTM(3, 4, proj_size=2), plan("codebook", k=9))
    x = torch.randn(5, 1, 3)
    assert_alike(layer(x), untie(layer)(x))


@pytest.mark.parametrize("scheme", ["identity", "diagonal", "separable", "cluster"])
def test_schemes_of_channels_do_not_fit(scheme: str) -> None:
    with pytest.raises(ConfigError) as caught:
        tie(nn.GRU(4, 4), plan(scheme))
    assert caught.value.hint == "schemes that fit are lowrank, share, codebook"


def test_a_rank_is_that_of_every_matrix() -> None:
    with pytest.raises(ConfigError, match="a rank of 3 is above its own, 2"):
        tie(nn.LSTM(2, 8), plan("lowrank", rank=3))

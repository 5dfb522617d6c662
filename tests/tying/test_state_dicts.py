"""State dicts between tied and plain models."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tiedtts.errors import ConfigError, TiedTTSError
from tiedtts.tying import (
    TiedLayer,
    TiePlan,
    TieRule,
    load_plain_state_dict,
    load_tied_state_dict,
    plain_state_dict,
    tie,
    tied_state_dict,
)


def net(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv1d(8, 8, 3, padding=1),
        nn.Conv1d(8, 8, 3, padding=1),
        nn.BatchNorm1d(8),
        nn.Flatten(),
        nn.Linear(48, 48),
        nn.Linear(48, 48),
        nn.LSTM(48, 8),
    ).eval()


WAYS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("*", "codebook", "keep", {"k": 16}),
    ("*", "codebook", "share", {"k": 16, "group": 8}),
    ("*", "lowrank", "keep", {"ratio": 0.5}),
    ("[45]", "lowrank", "keep", {"rank": 3, "shared": True}),
    ("*", "share", "share", {"by": "shape"}),
    ("[01]", "share", "keep", {"rank": 2, "scales": "rows", "by": "shape"}),
    ("[0145]", "cluster", "zero", {"ratio": 0.5}),
    ("[01]", "separable", "keep", {}),
    ("[01]", "identity", "keep", {}),
]
X = torch.randn(2, 8, 6, generator=torch.Generator().manual_seed(0))


def plan(layers: str, scheme: str, bias: Any, options: dict[str, Any]) -> TiePlan:
    return TiePlan((TieRule(layers, scheme, bias, options),))


@pytest.mark.parametrize("way", WAYS)
def test_tied_into_plain_and_back(way: Any, tmp_path: Path) -> None:
    tied, _ = tie(net(), plan(*way))
    torch.save(tied_state_dict(tied), tmp_path / "tied.pt")
    state = torch.load(tmp_path / "tied.pt", weights_only=True)
    plain = net(1)
    assert load_tied_state_dict(plain, state) is plain
    assert not any(isinstance(layer, TiedLayer) for layer in plain.modules())
    torch.testing.assert_close(plain(X)[0], tied(X)[0])
    again = load_tied_state_dict(net(2), state, keep_ties=True)
    assert torch.equal(again(X)[0], tied(X)[0])
    # Back: what the ties stand for already leaves them as they are.
    before = copy.deepcopy(tied.state_dict())
    load_plain_state_dict(tied, plain_state_dict(tied))
    load_plain_state_dict(again, plain.state_dict())
    for model in (tied, again):
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("way", WAYS)
def test_other_weights_are_tied_as_if_anew(way: Any) -> None:
    tied, _ = tie(net(), plan(*way))
    others = net(3)
    parameters = list(tied.parameters())
    load_plain_state_dict(tied, others.state_dict())
    wanted, _ = tie(others, plan(*way))
    for (key, value), (_, of) in zip(tied.state_dict().items(), wanted.state_dict().items(), strict=True):
        torch.testing.assert_close(value, of, msg=key)
    # An optimizer goes on with the same parameters.
    assert all(a is b for a, b in zip(parameters, tied.parameters(), strict=True))


def test_one_weight_of_two_layers() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 20, bias=False))
    model[1].weight = model[0].weight
    tied, _ = tie(model, plan("*", "codebook", "keep", {}))
    given = copy.deepcopy(model)
    with torch.no_grad():
        given[0].weight += 1.0  # type: ignore[operator]
    load_plain_state_dict(tied, given.state_dict())
    assert torch.equal(tied[0].weight.clone(), tied[1].weight.clone())  # type: ignore[index]
    assert (tied[0].weight - given[0].weight).norm() < 0.3 * given[0].weight.norm()  # type: ignore[index, operator]


def test_what_does_not_fit() -> None:
    tied, _ = tie(net(), plan("*", "codebook", "keep", {}))
    with pytest.raises(ConfigError, match="does not say how its model was tied"):
        load_tied_state_dict(net(), tied.state_dict())
    with pytest.raises(ConfigError, match="cannot be a tied layer: it is a ReLU"):
        load_tied_state_dict(nn.Sequential(nn.ReLU()), tied_state_dict(tied))
    with pytest.raises(ConfigError, match="does not fit the model"):
        load_plain_state_dict(tied, {})
    folded, _ = tie(
        nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8)),
        plan("0", "cluster", "keep", {"into": "2"}),
    )
    load_plain_state_dict(folded, plain_state_dict(folded))
    other = {key: value + 1 for key, value in plain_state_dict(folded).items()}
    with pytest.raises(TiedTTSError, match="other weights only as a whole"):
        load_plain_state_dict(folded, other)

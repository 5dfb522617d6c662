"""A net of tensor names: every tensor back as it was, and layers where they can be."""

import json
from dataclasses import asdict
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.nets.state_dict import StateDictConfig, StateDictNet
from tiedtts.tying import TiePlan, TieRule, tie, untie


def tensors() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return {
        "table.weight": torch.randn(5, 4),
        "rnn.weight_ih": torch.randn(8, 4),
        "rnn.bias_ih": torch.randn(8),
        "norm.bias": torch.randn(3),
        "norm.weight": torch.randn(3),
        "norm.running_mean": torch.randn(3),
        "norm.num_batches_tracked": torch.tensor(7),
        "conv.bias": torch.randn(6, dtype=torch.float16),
        "conv.weight": torch.randn(6, 4, 3).half(),
        "image.weight": torch.randn(2, 3, 3, 3),
        "up.weight": torch.randn(4, 2, 4),
        "up.bias": torch.randn(2),
        "odd.weight": torch.randn(3, 4),
        "odd.bias": torch.randn(7),
        "mask": torch.ones(3, 3, dtype=torch.bool),
        "scale": torch.tensor(2.0, dtype=torch.float64),
        "empty": torch.zeros(0, 4),
    }


AWKWARD = [
    "type.weight",
    "a",
    "a.b",
    "a_",
    "a.forward",
    "weight",
    "..x",
    "config",
    "places.x",
    "x.weight",
    "x.weight.y",
    "_",
    "type_.weight",
]
"""Keys that are names of methods, of other keys' beginnings, or nothing."""


def assert_same(given: dict[str, Tensor], wanted: dict[str, Tensor]) -> None:
    assert list(given) == list(wanted)
    for key, value in wanted.items():
        assert given[key].dtype == value.dtype, key
        assert torch.equal(given[key], value), key


def test_every_tensor_comes_back_and_none_is_copied() -> None:
    given = tensors()
    net = StateDictNet.of(given)
    assert_same(net.tensors(), given)
    assert all(of.data_ptr() == given[key].data_ptr() for key, of in net.tensors().items())


@pytest.mark.parametrize("shape", [(2, 2), (2,)])
def test_any_names_will_do(shape: tuple[int, ...]) -> None:
    given = {key: torch.full(shape, float(at)) for at, key in enumerate(AWKWARD)}
    assert_same(StateDictNet.of(given).tensors(), given)


def test_layers_are_where_tensors_look_like_them() -> None:
    net = StateDictNet.of(tensors())
    kinds = {name: type(layer) for name, layer in net.named_modules() if list(layer.parameters(False))}
    assert kinds == {
        "table": nn.Linear,
        "rnn": nn.Module,
        "rnn.weight_ih": nn.Linear,
        "norm": nn.Module,
        "conv": nn.Conv1d,
        "image": nn.Conv2d,
        "up": nn.ConvTranspose1d,
        "odd": nn.Module,
        "odd.weight": nn.Linear,
        "": StateDictNet,
    }
    assert {name for name, _ in net.named_buffers()} == {
        "norm.running_mean",
        "norm.num_batches_tracked",
        "mask",
    }


def test_config_goes_through_json() -> None:
    given = tensors()
    net = StateDictNet.of(given)
    config = StateDictConfig(**json.loads(json.dumps(asdict(net.config))))
    assert config == net.config
    again = StateDictNet(config)
    again.load_state_dict(net.state_dict())
    assert_same(again.tensors(), given)


@pytest.mark.parametrize(
    ("scheme", "layers", "options"),
    [
        ("codebook", "*", {"k": 256}),
        ("lowrank", "rnn.*", {"ratio": 1.0}),
        ("cluster", "*.weight_ih", {"ratio": 1.0}),
        ("share", "twin.*", {}),
    ],
)
def test_tied_and_untied_is_as_before(scheme: str, layers: str, options: dict[str, Any]) -> None:
    """Ties that lose nothing."""
    given = tensors() | {f"twin.{at}.weight": torch.ones(3, 3) for at in range(2)}
    tied, report = tie(StateDictNet.of(given), TiePlan((TieRule(layers, scheme, options=options),)))
    assert report.layers
    with pytest.raises(CheckpointError, match=r"^the net has no plain tensor `.*weight`$"):
        tied.tensors()
    plain = untie(tied).tensors()
    assert list(plain) == list(given)
    for key, value in given.items():
        assert plain[key].dtype == value.dtype
        torch.testing.assert_close(plain[key], value, atol=1e-5, rtol=0)


def test_cannot_run() -> None:
    with pytest.raises(ConfigError, match=r"^a net known by the names of its tensors alone cannot run$"):
        StateDictNet.of(tensors())(torch.zeros(1))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "`tensors` is empty"),
        ([["a", "float32"]], "`tensors` must be a list of key, type and shape"),
        (3, "`tensors` must be a list of key, type and shape"),
        ([["a", "float32", [1]], ["a", "float32", [1]]], "`tensors` must have keys of their own, got: 'a'"),
        ([["a", "nn", [1]]], "`a` has a type that torch does not know: 'nn'"),
        ([["a", "float32", [-1]]], "`a` has a shape that cannot be: (-1,)"),
    ],
)
def test_descriptions_that_cannot_be(rows: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        StateDictConfig(tensors=rows)
    assert str(caught.value) == message

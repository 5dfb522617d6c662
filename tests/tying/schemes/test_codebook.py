"""`codebook`: scales of rows, indices in as few bits as they need, and everything that they must outlive."""

import copy
import io
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.tying.cases import plan
from tiedtts.errors import ConfigError
from tiedtts.tying import TiedLayer, packing, tie, untie
from tiedtts.tying.description import describe, rebuild
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.scaling import Scaling
from tiedtts.tying.schemes.codebook import Codebook, CodebookOptions


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.integers(1, 8), st.integers(1, 70), st.integers(0, 99))
def test_packed_numbers_come_back(width: int, count: int, seed: int) -> None:
    torch.manual_seed(seed)
    numbers = torch.randint(1 << width, (count,))
    packed = packing.pack(numbers, width)
    assert packed.dtype == torch.uint8
    assert len(packed) == packing.size(count, width) <= math.ceil(count * width / 8) + 2
    assert torch.equal(packing.unpack(packed, width, count).long(), numbers)


def test_bits_of_a_codebook() -> None:
    assert [packing.bits(k) for k in (1, 2, 3, 4, 5, 16, 17, 128, 129, 256)] == [1, 1, 2, 2, 3, 4, 5, 7, 8, 8]


def uneven(layer: nn.Module) -> nn.Module:
    """Give a layer rows of very different sizes, as trained nets have."""
    spec = LayerSpec.of(layer)
    torch.manual_seed(1)
    weight: Any = layer.weight
    with torch.no_grad():
        canonical = spec.canonical(torch.randn(spec.weight_shape))
        sizes = torch.exp(2 * torch.randn(*canonical.shape[:2], 1, 1))
        weight.copy_(spec.native(canonical * sizes))
    return layer


LAYERS: list[Callable[[], nn.Module]] = [
    lambda: nn.Linear(80, 24),
    lambda: nn.Conv1d(16, 24, 9),
    lambda: nn.Conv2d(16, 8, 3, groups=2),
    lambda: nn.ConvTranspose1d(24, 16, 4, groups=2),
    lambda: nn.Embedding(20, 70),
]


@pytest.mark.parametrize("at", range(len(LAYERS)))
def test_rows_of_different_sizes_are_equally_exact(at: int) -> None:
    net = nn.Sequential(uneven(LAYERS[at]()))
    errors = {}
    for scales in ("rows", "none"):
        tied, report = tie(net, plan("codebook", k=16, scales=scales))
        assert ("scales" in dict(tied[0].named_parameters())) == (scales == "rows")  # type: ignore[index]
        spec = LayerSpec.of(net[0])
        change = spec.canonical(net[0].weight) - spec.canonical(tied[0].weight)  # type: ignore[arg-type, index]
        rows = change.flatten(2).norm(dim=2) / spec.canonical(net[0].weight).flatten(2).norm(dim=2)  # type: ignore[arg-type]
        errors[scales] = rows.max().item()
        assert report.layers[0].error < 0.2
    assert errors["rows"] < 0.2 < errors["none"]


def test_scales_are_those_that_fit_best() -> None:
    tied, _ = tie(nn.Sequential(uneven(nn.Linear(80, 24))), plan("codebook", k=4))
    layer: Any = tied[0]
    weight = uneven(nn.Linear(80, 24)).weight
    values = (layer.weight / layer.scales[:, None]).detach()
    best = (weight * values).sum(1) / values.square().sum(1)  # type: ignore[operator]
    torch.testing.assert_close(layer.scales, best)


@pytest.mark.parametrize(
    ("layer", "group", "count", "together"),
    [
        (nn.Linear(80, 24), None, 24, 1),
        (nn.Linear(80, 24), 32, 72, 1),
        (nn.Linear(80, 24), 200, 12, 2),
        (nn.Conv1d(24, 24, 7, groups=24), None, 3, 9),
        (nn.ConvTranspose1d(6, 4, 5, groups=2), 4, 4 * 4, 1),
        (nn.Embedding(20, 3), None, 1, 20),
    ],
)
def test_groups(layer: nn.Module, group: int | None, count: int, together: int) -> None:
    spec = LayerSpec.of(layer)
    scaling = Scaling.of(spec, group)
    assert (scaling.count, scaling.rows_together) == (count, together)
    weight = torch.randn(spec.weight_shape)
    grouped = scaling.grouped(weight)
    assert grouped.shape[0] == count
    torch.testing.assert_close(grouped.square().sum(), weight.square().sum())
    ones = scaling.grouped(torch.ones(spec.weight_shape))
    assert torch.equal(ones.sum(1), scaling.sizes())
    scales = torch.rand(count) + 1
    torch.testing.assert_close(scaling.grouped(scaling.times(weight, scales)), grouped * scales[:, None])


def test_few_values_are_exact_without_scales() -> None:
    net = nn.Sequential(nn.Linear(100, 4))
    with torch.no_grad():
        net[0].weight.copy_(torch.randint(7, (4, 100)).float())  # type: ignore[operator]
    tied, report = tie(net, plan("codebook", k=16))
    assert report.layers[0].error == 0.0
    assert sorted(tied.state_dict()) == ["0.bias_values", "0.codebook", "0.packed"]


@pytest.mark.parametrize("k", [2, 3, 16, 40, 128, 256, 300])
def test_bytes_are_what_indices_need(k: int) -> None:
    torch.manual_seed(0)
    tied, report = tie(nn.Sequential(nn.Linear(100, 80, bias=False)), plan("codebook", k=k))
    width = {2: 1, 3: 2, 16: 4, 40: 6, 128: 7, 256: 8, 300: 16}[k]
    assert report.layers[0].bytes_after == 8000 * width // 8 + 4 * k + 4 * 80
    assert sum(value.nbytes for value in tied.state_dict().values()) == report.layers[0].bytes_after


def test_it_outlives_what_ties_must(tmp_path: Path) -> None:
    def net() -> nn.Sequential:
        return nn.Sequential(uneven(nn.Conv1d(16, 24, 9)), nn.GRU(4, 30), uneven(nn.Linear(80, 24)))

    plain = net()
    tied, _ = tie(plain, plan("codebook", k=11))
    x = torch.randn(2, 16, 12)
    wanted = tied[0](x)
    for other in (copy.deepcopy(tied), rebuild(net(), describe(tied), tied.state_dict())):
        other.load_state_dict(tied.state_dict())
        assert torch.equal(other[0](x), wanted)  # type: ignore[operator, index]
    file = io.BytesIO()
    torch.save(tied.state_dict(), file)
    file.seek(0)
    copied = copy.deepcopy(tied)
    copied.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(copied[0](x), wanted)
    half = copy.deepcopy(tied).half()[0]  # type: ignore[index]
    assert half.packed.dtype == torch.uint8
    torch.testing.assert_close(half(x.half()).float(), wanted, rtol=0.02, atol=0.05 * wanted.std().item())
    back = untie(tied)
    torch.testing.assert_close(back[0](x), wanted)  # type: ignore[index]
    exported = torch.export.export(copy.deepcopy(tied[0]), (x,)).module()
    torch.testing.assert_close(exported(x), wanted)


@pytest.mark.parametrize("k", [2, 5, 16, 23, 60, 128, 256])
def test_onnx_runs_it_as_plain_weights(k: int, tmp_path: Path) -> None:
    """Packed indices are unpacked when a file is loaded: nothing of that is left in the graph that runs."""
    torch.manual_seed(0)
    layers = [uneven(nn.Linear(70, 24)), nn.ReLU(), uneven(nn.Linear(24, 9)), nn.Unflatten(1, (9, 1))]
    net = nn.Sequential(*layers, nn.Conv1d(9, 9, 1, groups=9)).eval()
    tied, _ = tie(net, plan("codebook", k=k))
    x = torch.randn(3, 70)
    operators, sizes = {}, {}
    for name, model in (("plain", net), ("tied", tied)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = io.BytesIO()
            torch.onnx.export(
                model,
                (x,),
                file,
                input_names=["x"],
                opset_version=17,
                do_constant_folding=False,
                dynamo=False,
            )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.optimized_model_filepath = str(tmp_path / f"{name}.onnx")
        session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
        with torch.no_grad():
            (found,) = session.run(None, {"x": x.numpy()})
            assert np.allclose(found, model(x), rtol=1e-4, atol=1e-4 * float(model(x).abs().max()))
        import onnx

        graph = onnx.load(options.optimized_model_filepath).graph
        operators[name] = [node.op_type for node in graph.node]
        stored = onnx.load_from_string(file.getvalue()).graph.initializer
        sizes[name] = sum(len(tensor.raw_data) for tensor in stored)
    assert operators["tied"] == operators["plain"]
    # Numbers of a bit to eight in place of 32, with a scale for each of the 33 rows, and both codebooks.
    weights = 70 * 24 + 24 * 9
    assert sizes["plain"] - sizes["tied"] > weights * (4 - packing.bits(k) / 8) - 4 * 50 - 8 * k


def test_files_of_before_are_still_read() -> None:
    spec = LayerSpec.of(nn.Linear(4, 3))
    values = {"codebook": torch.tensor([[0.5], [2.0]]), "indices": torch.arange(12, dtype=torch.uint8) % 2}
    layer = Codebook(spec, CodebookOptions(k=2), {"weight": values}, {"bias": torch.zeros(3)})
    assert torch.equal(layer.weight, torch.tensor([[0.5, 2.0, 0.5, 2.0]] * 3))


def test_scales_learn() -> None:
    tied, _ = tie(nn.Sequential(uneven(nn.Linear(80, 24))), plan("codebook", k=4))
    layer = tied[0]  # type: ignore[index]
    assert isinstance(layer, TiedLayer)
    x, wanted = torch.randn(64, 80), torch.randn(64, 24)

    def loss() -> Tensor:
        return nn.functional.mse_loss(tied(x), wanted)

    optimizer = torch.optim.SGD(tied.parameters(), lr=1e-3)
    before = loss().item()
    for _ in range(5):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    assert loss().item() < before
    assert layer.scales.grad.abs().sum() > 0  # type: ignore[union-attr, operator]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scales": "columns"}, "`scales` must be one of rows, none, got: columns"),
        ({"scales": "none", "group": 3}, "`group` is of use only with scales"),
        ({"group": 0}, "`group` must be at least 1, got: 0"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan("codebook", **options)
    assert message in str(caught.value)

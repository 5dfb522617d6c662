"""Refitting: tied layers take the values for other weights, while what is tied to what stays as it is."""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.schemes.cluster import Cluster
from tiedtts.tying.schemes.folded_cluster import FoldedCluster, FoldedInput
from tiedtts.tying.schemes.share import Share
from tiedtts.tying.soft_groups import softened
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, precise, stored_name, tied_biases

ROUNDS = 10
"""Most rounds of k-means in which channels may go over to other rows."""


@torch.no_grad()
def refit(
    layers: Mapping[str, TiedLayer],
    plain: nn.Module,
    readers: Mapping[str, str],
    *,
    regroup: bool = False,
) -> None:
    """Give tied layers the values that come closest to the weights of plain ones.

    Which rows are one, and the ways into low-rank differences, stay as they are, so that this is quick.

    Args:
        layers: Tied by `cluster` or `share`, under their names; they are changed.
        plain: Model with the plain layers.
        readers: Name of each layer that reads a folded one, to the name of that one.
        regroup: Find rows and ways in again, from where they were.
    """
    groups: dict[int, list[str]] = {}
    for name, layer in layers.items():
        owner = layer if layer.shared_with is None else layer.shared_with.layer
        groups.setdefault(id(owner), []).append(name)
    for names in groups.values():
        # The one that stores comes first.
        names.sort(key=lambda name: layers[name].shared_with is not None)
        first = layers[names[0]]
        modules = [plain.get_submodule(name) for name in names]
        if isinstance(first, Cluster):
            _rows(first, modules[0], regroup)
        elif isinstance(first, Share):
            _layers([cast(Share, layers[name]) for name in names], modules, regroup)
        if not isinstance(first, (FoldedCluster, FoldedInput)):
            _biases([layers[name] for name in names], modules)
    for name, other in readers.items():
        _columns(layers[name], plain.get_submodule(name), layers[other])


def _rows(layer: Cluster, plain: nn.Module, regroup: bool) -> None:
    """Fit the rows of one layer, and what is added to them if the next layer reads each once."""
    spec, before = layer.spec, layer.values()["assignment"]
    is_folded = isinstance(layer, FoldedCluster)
    bias = _of(plain, "bias") if is_folded and spec.has_bias else None
    points = bias if layer.bias_mode == "keep" else None
    rounds = ROUNDS if regroup else 0
    found = Cluster.fitted(spec, _of(plain, "weight"), layer.options, before, points, rounds)
    _store(layer, "weight", found)
    if bias is not None:
        of = folded_bias(bias, found["assignment"][0], found["rows"].shape[1])
        stored = tied_biases([{"bias": of if layer.bias_mode == "keep" else bias}], layer.bias_mode, False)
        _store_biases(layer, stored[0])


@torch.no_grad()
def soften(layer: Cluster, plain: nn.Module, softness: float) -> Values:
    """Return where soft groups have the parameters of a plain layer; what is nearest to what may change.

    Args:
        layer: Tied layer that knows the groups; it is changed.
        plain: The plain layer.
        softness: Temperature, in mean distances.
    """
    values, assignment = layer.values(), layer.values()["assignment"]
    together = isinstance(layer, FoldedCluster) and layer.bias_mode == "keep" and layer.spec.has_bias
    bias = _of(plain, "bias") if together else None
    k = values["rows"].shape[1]
    weight, added, nearest = softened(layer.spec, _of(plain, "weight"), assignment, k, softness, bias)
    assignment.copy_(nearest)
    return {"weight": weight, **({} if added is None else {"bias": added})}


def folded_bias(bias: Tensor, assignment: Tensor, k: int) -> Tensor:
    """Return the bias of each row, (k,): the mean of those of the channels, (O,), that it stands for."""
    counts = torch.bincount(assignment.int(), minlength=k).clamp(min=1)
    return precise(bias).new_zeros(k).index_add_(0, assignment.int(), precise(bias)) / counts


def _columns(layer: TiedLayer, plain: nn.Module, folded: TiedLayer) -> None:
    """Sum the columns that read channels which are one."""
    values = folded.values()
    k, index = values["rows"].shape[1], values["assignment"][0]
    _store(layer, "weight", FoldedInput.fold(layer.spec, _of(plain, "weight"), index, k))
    _store_biases(layer, {name: _of(plain, name) for name in layer.bias_names})


def _layers(layers: Sequence[Share], modules: Sequence[nn.Module], regroup: bool) -> None:
    """Fit the common weight of several layers, and their differences from it."""
    for key in layers[0].weight_values:
        weights = [_of(module, key) for module in modules]
        rows, columns = weights[0].shape[:2]
        spec = layers[0].spec if key == "weight" else LayerSpec.linear(columns, rows)
        before = None if regroup else [layer.values(key) for layer in layers]
        for layer, found in zip(layers, Share.fitted(spec, weights, layers[0].options, before), strict=True):
            _store(layer, key, found)


def _biases(layers: Sequence[TiedLayer], modules: Sequence[nn.Module]) -> None:
    first = layers[0]
    own = [{key: _of(module, key) for key in first.bias_names} for module in modules]
    for layer, of in zip(
        layers, tied_biases(own, first.bias_mode, first.shares_bias and len(layers) > 1), strict=True
    ):
        _store_biases(layer, of)


def _of(plain: nn.Module, key: str) -> Tensor:
    found: Tensor = getattr(plain, key)
    return found.detach()


def _store(layer: TiedLayer, weight: str, values: Values) -> None:
    """Put free values of a weight in the place of those before, where this layer stores them."""
    for name, value in values.items():
        key = stored_name(weight, name)
        own = layer._parameters.get(key, layer._buffers.get(key))
        if own is not None:
            own.copy_(value)


def _store_biases(layer: TiedLayer, biases: Values) -> None:
    for name, value in biases.items():
        own = layer._parameters.get(stored_name(name, "values"))
        if own is not None:
            own.copy_(value)

"""State dicts of tied models and of plain ones, there and back.

A tied model has other tensors than the plain one, so that `load_state_dict` takes neither for the other.
"""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from tiedtts.errors import ConfigError, TiedTTSError
from tiedtts.tying.apply import untie
from tiedtts.tying.description import describe, rebuild
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.schemes.folded_cluster import FoldedCluster, FoldedInput
from tiedtts.tying.schemes.folded_norm import FoldedNorm
from tiedtts.tying.schemes.io import Io
from tiedtts.tying.structure import places
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, of_type, stored_name, tied_biases

_DESCRIPTION = "_tied"
"""Name of the attribute of a state dict that says how its model is tied."""


def plain_state_dict(model: nn.Module) -> dict[str, Tensor]:
    """Return the state dict that a tied model has when it is untied; the model stays as it is."""
    return dict(untie(model).state_dict())


def tied_state_dict(model: nn.Module) -> dict[str, Any]:
    """Return the state dict of a tied model with one entry more, `_tied`, that says how it is tied.

    `torch.save` and `torch.load(weights_only=True)` keep it.
    """
    return {**model.state_dict(), _DESCRIPTION: describe(model)}


def load_tied_state_dict(model: nn.Module, state: Mapping[str, Any], *, keep_ties: bool = False) -> nn.Module:
    """Load the state dict of a tied model into a plain one.

    Args:
        model: Untied, with the layers that the other had before tying; it is changed.
        state: Result of `tied_state_dict`.
        keep_ties: Tie the layers as those of the other are; they get plain weights otherwise.

    Returns:
        The model, or the tied layer if the model was a layer itself.

    Raises:
        ConfigError: The state dict does not say how its model was tied, or does not fit.
    """
    described = state.get(_DESCRIPTION)
    if described is None:
        raise ConfigError(
            f"the state dict does not say how its model was tied: it has no `{_DESCRIPTION}`",
            hint="take it with `tiedtts.tying.tied_state_dict(model)`",
        )
    tensors = {name: value for name, value in state.items() if name != _DESCRIPTION}
    tied = rebuild(model if keep_ties else copy.deepcopy(model), described, tensors)
    try:
        tied.load_state_dict(tensors)
        if not keep_ties:
            model.load_state_dict(plain_state_dict(tied))
    except RuntimeError as error:
        raise ConfigError(f"the state dict does not fit the model: {error}") from error
    return tied if keep_ties else model


@torch.no_grad()
def load_plain_state_dict(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Load the state dict of a plain model into a tied one: each tie gets the values that come closest.

    Weights that the ties stand for already leave values as they are, so that there and back is exact.

    Args:
        model: Tied; it is changed.
        state: Of the plain model.

    Raises:
        ConfigError: The state dict does not fit the model.
        TiedTTSError: Weights differ of layers that are folded into others, or tied by `io`.
    """
    plain = untie(model)
    before = {name: value.clone() for name, value in plain.state_dict().items()}
    try:
        plain.load_state_dict(state)
    except RuntimeError as error:
        raise ConfigError(f"the state dict does not fit the model: {error}") from error
    found = list(places(model))
    groups: dict[int, list[tuple[str, TiedLayer]]] = {}
    for names, layer in found:
        if isinstance(layer, TiedLayer):
            owner = layer if layer.shared_with is None else layer.shared_with.layer
            groups.setdefault(id(owner), []).append((names[0], layer))
    new = plain.state_dict()
    for group in groups.values():
        # The one that stores comes first.
        group.sort(key=lambda each: each[1].shared_with is not None)
        starts = tuple(f"{name}." if name else "" for name, _ in group)
        if any(not torch.equal(new[key], before[key]) for key in new if key.startswith(starts)):
            _fit(group, plain)
    tied = tuple(f"{names[0]}." if names[0] else "" for names, layer in found if isinstance(layer, TiedLayer))
    rest = {key: value for key, value in new.items() if not tied or not key.startswith(tied)}
    model.load_state_dict(rest, strict=False)


def _fit(group: list[tuple[str, TiedLayer]], plain: nn.Module) -> None:
    """Give the layers of a tie the values that come closest to plain weights."""
    name, first = group[0]
    if isinstance(first, (FoldedCluster, FoldedInput, FoldedNorm, Io)):
        raise TiedTTSError(
            f"`{name}` is tied to another layer by `{first.scheme}`, and takes other weights only as a whole",
            hint="load them into the plain model, and tie that",
        )
    for key in first.weight_values:
        weights = [_value(plain, name, key) for name, _ in group]
        rows, columns = weights[0].shape[:2]
        spec = first.spec if key == "weight" else LayerSpec.linear(columns, rows)
        # Layers that hold one weight are one layer to a scheme that ties no layers to each other.
        together = first.ties_layers(first.options)
        found = first.project_group(spec, weights if together else weights[:1], first.options)
        for (name, layer), free in zip(group, found if together else found * len(group), strict=True):
            _store(name, layer, key, of_type(free, weights[0]))
    biases = [{key: _value(plain, name, key) for key in first.bias_names} for name, _ in group]
    stored = tied_biases(biases, first.bias_mode, first.shares_bias and len(group) > 1)
    for (_, layer), of in zip(group, stored, strict=True):
        for key, value in of.items():
            own = layer._parameters.get(stored_name(key, "values"))
            if own is not None:
                own.copy_(value)


def _value(plain: nn.Module, name: str, key: str) -> Tensor:
    found: Tensor = getattr(plain.get_submodule(name), key)
    return found.detach()


def _store(name: str, layer: TiedLayer, weight: str, values: Values) -> None:
    """Put free values of a weight in the place of those before.

    Raises:
        TiedTTSError: They are of other sizes, such as a codebook of fewer values.
    """
    for of in layer.weight_values[weight]:
        key = stored_name(weight, of)
        own = layer._parameters.get(key, layer._buffers.get(key))
        if own is None:
            # Another layer of the group stores it.
            continue
        # Weights of few different values need no scales.
        value = torch.ones_like(own) if of == "scales" and of not in values else values.get(of)
        if value is None or value.shape != own.shape:
            raise TiedTTSError(
                f"`{name}` would be tied by values of other sizes: `{of}`",
                hint="load the weights into the plain model, and tie that",
            )
        own.copy_(value)

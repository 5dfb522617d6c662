"""The structure of a model: its modules by all their names, its ties, and copies of it."""

import copy
from collections.abc import Container, Iterator, Sequence
from typing import Any

from torch import nn

from tiedtts.errors import TiedTTSError
from tiedtts.tying import layers
from tiedtts.tying.plan import TieRule
from tiedtts.tying.tied_layer import TiedLayer

UNDO_HINT = "undo weight norm or pruning first: `remove_weight_norm`, `remove_spectral_norm`, `prune.remove`"


def places(model: nn.Module) -> Iterator[tuple[list[str], nn.Module]]:
    """Yield every module once, with all its names."""
    names: dict[int, list[str]] = {}
    modules = {}
    for name, module in model.named_modules(remove_duplicate=False):
        names.setdefault(id(module), []).append(name)
        modules[id(module)] = module
    for key, module in modules.items():
        yield names[key], module


def put(model: nn.Module, names: Sequence[str], layer: nn.Module) -> nn.Module:
    """Put a layer where these names lead; return the model, which is the layer itself for an empty name."""
    for name in names:
        if not name:
            return layer
        parent, _, last = name.rpartition(".")
        # A parent with two names is found at both, and has the layer already at the second.
        setattr(model.get_submodule(parent), last, layer)
    return model


def tie_map(model: nn.Module) -> dict[str, list[str]]:
    """Return the names of layers that store values for others, and the names of those others."""
    check_sharing(model)
    found = list(places(model))
    name_of = {id(layer): names[0] for names, layer in found}
    owned: dict[str, list[str]] = {}
    for names, layer in found:
        if isinstance(layer, TiedLayer) and layer.shared_with is not None:
            owned.setdefault(name_of[id(layer.shared_with.layer)], []).append(names[0])
    return owned


def tie_groups(model: nn.Module) -> dict[str, tuple[str, ...]]:
    """Return the ties between whole parameters that hold now: first name to the other names."""
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    return {first: tuple(others) for first, *others in names.values() if others}


def check_sharing(model: nn.Module) -> None:
    """Raise if a layer's values are stored in a layer that is no longer part of the model.

    Raises:
        TiedTTSError: Names the layer.
    """
    here = {id(module) for module in model.modules()}
    for name, layer in model.named_modules():
        if (
            isinstance(layer, TiedLayer)
            and layer.shared_with is not None
            and id(layer.shared_with.layer) not in here
        ):
            raise TiedTTSError(
                f"`{name}` shares weights with a layer that is not in the model any more",
                hint="untie the model before layers are replaced or taken out",
            )


def copied(model: nn.Module, rules: Sequence[TieRule] = ()) -> nn.Module:
    """Return a copy, in which layers that rules will replace hold the first model's parameters."""
    for name, value in model.named_parameters():
        if nn.parameter.is_lazy(value):
            raise TiedTTSError(
                f"`{name}` has no size yet, and no values",
                hint="run the model once, on any input that fits it",
            )
    memo: dict[int, Any] = {}
    for names, layer in places(model):
        if layers.plain_type(layer) is type(layer) and any(r.matches(n) for r in rules for n in names):
            memo.update((id(value), value) for value in layer.parameters())
    try:
        return copy.deepcopy(model, memo)
    except RuntimeError as error:
        raise TiedTTSError(
            f"the model cannot be copied: {str(error).splitlines()[0]}",
            hint=UNDO_HINT,
        ) from error


def own_parameters(model: nn.Module, others: Container[int]) -> None:
    """Give a model copies of parameters that it shares with another one.

    Args:
        model: It is changed.
        others: Identities of the other's parameters.
    """
    memo: dict[int, Any] = {}
    for module in model.modules():
        for name, value in module.named_parameters(recurse=False):
            if id(value) in others:
                setattr(module, name, copy.deepcopy(value, memo))


def count_parameters(model: nn.Module) -> int:
    """Return the number of parameters that a model stores, shared ones once."""
    return sum(value.numel() for value in model.parameters())

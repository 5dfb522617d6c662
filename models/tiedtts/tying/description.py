"""Descriptions of tied layers in files: a reader makes the layers again without the original weights."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from tiedtts import schema
from tiedtts.choices import BIASES
from tiedtts.errors import ConfigError
from tiedtts.quoting import named
from tiedtts.tying import eligibility, stand_ins
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.schemes import SCHEMES
from tiedtts.tying.schemes.folded_cluster import FoldedCluster, FoldedInput
from tiedtts.tying.schemes.folded_norm import NORMS, FoldedNorm, norm_spec
from tiedtts.tying.schemes.io import TurnedIo
from tiedtts.tying.structure import check_sharing, places, put
from tiedtts.tying.tied_layer import TiedLayer, normed_along
from tiedtts.tying.values import Bias, Values, stored_name

KINDS: dict[str, type[TiedLayer]] = {
    **SCHEMES,
    "cluster-output": FoldedCluster,
    "cluster-input": FoldedInput,
    "cluster-norm": FoldedNorm,
    "io-output": TurnedIo,
}
"""Every class of tied layer by the name it has in files."""


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """One tied layer, as files describe it."""

    kind: str
    options: dict[str, Any]
    bias: str
    weights: dict[str, tuple[str, ...]]
    biases: tuple[str, ...]
    owner: str | None
    twins: tuple[str, ...] = ()


def describe(model: nn.Module) -> dict[str, dict[str, Any]]:
    """Return what must be known of each tied layer beside its tensors and the plain model, as plain values.

    Raises:
        TiedTTSError: A layer's values are stored outside the model.
    """
    check_sharing(model)
    found = list(places(model))
    name_of = {id(layer): names[0] for names, layer in found}
    kind_of = {kind: name for name, kind in KINDS.items()}
    return {
        names[0]: {
            "kind": kind_of[type(layer)],
            "options": _changed(layer.options),
            "bias": layer.bias_mode,
            "weights": {weight: list(of) for weight, of in layer.weight_values.items()},
            "biases": list(layer.bias_names),
            "owner": None if layer.shared_with is None else name_of[id(layer.shared_with.layer)],
            **({"twins": sorted(layer.twins)} if layer.twins else {}),
        }
        for names, layer in found
        if isinstance(layer, TiedLayer)
    }


def rebuild(model: nn.Module, described: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> nn.Module:
    """Put tied layers in the places of plain ones.

    Args:
        model: With plain layers; it is changed.
        described: Description that `describe` returned.
        tensors: Tensors of the tied model, by their names in it; those of plain layers are not read.

    Returns:
        The model, or the tied layer if the model was a layer itself.

    Raises:
        ConfigError: The description or a tensor does not fit the model; names the layer.
    """
    if not isinstance(described, Mapping):
        raise ConfigError("the description of tied layers is not a table")
    model = stand_ins.put_in(model, described)
    names_of = {names[0]: names for names, _ in places(model)}
    made: dict[str, TiedLayer] = {}
    entries = {name: _entry(described, name) for name in described}
    # Layers that store come before those that borrow from them.
    for name in sorted(entries, key=lambda name: entries[name].owner is not None):
        if name not in names_of:
            raise ConfigError(f"there is no layer `{named(name)}` to be tied")
        plain = model.get_submodule(name)
        is_norm = entries[name].kind == "cluster-norm" and type(plain) in NORMS
        if not is_norm and eligibility.refusal(plain) is not None:
            raise ConfigError(f"`{name}` cannot be a tied layer: it is a {type(plain).__name__}")
        made[name] = _layer(name, plain, entries[name], made, tensors)
        model = put(model, names_of[name], made[name])
    stand_ins.keep_out_fused(model)
    return model


def _entry(described: Mapping[str, Any], name: str) -> _Entry:
    entry = schema.build(_Entry, described[name], f"the description of tied layer `{named(name)}`")
    if entry.kind not in KINDS or entry.bias not in BIASES:
        raise ConfigError(
            f"`{name}` is tied in a way this version does not know: {entry.kind}, bias {entry.bias}",
            hint="install a newer tiedtts",
        )
    return entry


def _layer(
    name: str,
    plain: nn.Module,
    entry: _Entry,
    made: Mapping[str, TiedLayer],
    tensors: Mapping[str, Tensor],
) -> TiedLayer:
    """Make one tied layer of its description and its tensors."""
    kind = KINDS[entry.kind]
    spec = norm_spec(plain) if kind is FoldedNorm else LayerSpec.of(plain)
    owner = entry.owner
    if owner is not None and owner not in made:
        raise ConfigError(f"`{name}` shares weights with `{owner}`, which is not tied")
    holder = None if owner is None else made[owner]
    lender = name if owner is None else owner
    like = next(plain.parameters(), torch.empty(0))

    def value(at: str, stored: str) -> Tensor:
        try:
            tensor = tensors[f"{at}.{stored}" if at else stored]
        except KeyError:
            raise ConfigError(f"tensor `{at}.{stored}` of a tied layer is missing") from None
        return tensor.to(like.dtype) if tensor.is_floating_point() else tensor

    weights: dict[str, Values] = {}
    for weight, values in entry.weights.items():
        weights[weight] = {
            of: value(
                lender if of in kind.shared_values or weight in entry.twins else name, stored_name(weight, of)
            )
            for of in values
        }
    borrowed = holder is not None and entry.bias == "share" and kind.shares_bias
    biases = {
        of: like
        if entry.bias == "zero"
        else value(lender if borrowed or of in entry.twins else name, stored_name(of, "values"))
        for of in entry.biases
    }
    options = schema.build(kind.options_type, entry.options, f"the options of `{name}`")
    layer = kind(spec, options, weights, biases, cast(Bias, entry.bias), holder, entry.twins)
    layer.normed_along = normed_along(plain)
    layer.train(plain.training)
    _check(name, layer, spec.shapes())
    return layer


def _check(name: str, layer: TiedLayer, wanted: Mapping[str, tuple[int, ...]]) -> None:
    """Refuse values that do not stand for the parameters of the plain layer."""
    try:
        with torch.no_grad():
            shapes = {of: tuple(value.shape) for of, value in layer.parameters_in_full().items()}
    # Whatever indices out of range and sizes that do not fit lead to.
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise ConfigError(f"the tensors of tied layer `{name}` do not fit each other: {reason}") from error
    for of, shape in wanted.items():
        if shapes.get(of) != shape:
            raise ConfigError(f"`{name}` stands for a `{of}` of shape {shapes.get(of)}, not {shape}")


def _changed(options: Any) -> dict[str, Any]:
    """Return the options that are not what they are by default."""
    if not dataclasses.is_dataclass(options) or isinstance(options, type):
        return {}
    return {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(options)
        if getattr(options, field.name) != field.default
    }

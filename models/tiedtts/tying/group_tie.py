"""Ties of layers to each other, and of the weights of a layer to themselves."""

from torch import Tensor

from tiedtts.errors import ConfigError
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.plan import TieRule
from tiedtts.tying.schemes import SCHEMES
from tiedtts.tying.schemes.share import Share
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, of_type, tied_biases
from tiedtts.tying.workpiece import Workpiece


def tie_group(work: Workpiece, rule: TieRule, specs: dict[str, LayerSpec], group: list[str]) -> None:
    """Tie layers to each other, or one to itself and to those that hold its weight.

    Args:
        work: The model; it is changed.
        rule: Rule that ties them.
        specs: The layers by their first names.
        group: Names of those that are tied now; the first stores what they have in common.

    Raises:
        TiedTTSError: They hold parameters of others, or one weight that would be laid out in two ways.
    """
    scheme = SCHEMES[rule.scheme]
    work.check_unshared(group)
    first, twins = group[0], work.twins(group[0], group[1:])
    parameters = [dict(work.modules[name].named_parameters()) for name in group]
    values: list[dict[str, Values]] = [{} for _ in group]
    for weight in [key for key in parameters[0] if not key.startswith("bias")]:
        originals = [of[weight].detach() for of in parameters]
        spec = specs[group[0]]
        spec = spec if weight == "weight" else LayerSpec.linear(originals[0].shape[1], originals[0].shape[0])
        # Layers that hold one weight are one layer to a scheme that ties no layers to each other.
        together = scheme.ties_layers(rule.options)
        few = originals if together else originals[:1]
        moments = [work.moments(name, weight) for name in group[: len(few)]]
        projected = scheme.project_seen(spec, few, rule.options, moments)
        if work.rescale:
            projected = scheme.rescaled(spec, few, projected, rule.options)
        projected = projected if together else projected * len(group)
        for of, free in zip(values, projected, strict=True):
            of[weight] = of_type(free, originals[0])
    biases = [
        {key: value.detach() for key, value in of.items() if key.startswith("bias")} for of in parameters
    ]
    if rule.bias == "keep":
        biases = [
            _corrected(work, scheme, specs[name], name, rule.options, of["weight"], bias)
            if "weight" in of and name not in twins
            else bias
            for name, of, bias in zip(group, values, biases, strict=True)
        ]
    stored = tied_biases(biases, rule.bias, scheme.shares_bias and len(group) > 1)
    made: dict[str, TiedLayer] = {}
    for name, of, bias in zip(group, values, stored, strict=True):
        made[name] = scheme(
            specs[name], rule.options, of, bias, rule.bias, made.get(first), twins.get(name, ())
        )
    for name in twins:
        if not made[name].stands_for_the_weight_of(made[first]):
            raise ConfigError(
                f"`{first}` and `{name}` hold one `weight`, which `{rule.scheme}` lays out in two ways",
                hint="leave both out of the plan, or tie them by `codebook` or `cluster`",
            )
    for name, layer in made.items():
        note = "" if name == first else f"weights stored in `{first}`"
        work.replace(name, layer, rule, note)


def _corrected(
    work: Workpiece,
    scheme: type[TiedLayer],
    spec: LayerSpec,
    name: str,
    options: object,
    values: Values,
    biases: dict[str, Tensor],
) -> dict[str, Tensor]:
    """Return biases that take up what a tie changes in mean outputs (Nagel et al., 2019)."""
    seen = work.moments(name, "weight")
    if seen is None or "bias" not in biases or scheme is Share:
        return biases
    shift = seen.shift(scheme.expand(spec, values, options))
    return biases if shift is None else {**biases, "bias": biases["bias"] + shift.to(biases["bias"])}

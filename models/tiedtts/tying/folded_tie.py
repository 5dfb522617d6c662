"""The tie of two layers by `cluster`: the second reads each different row of the first once."""

from collections.abc import Container
from dataclasses import replace

from torch import Tensor

from tiedtts.tying import eligibility
from tiedtts.tying.eligibility import an
from tiedtts.tying.folding import Passage, passage
from tiedtts.tying.group_tie import tie_group
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.matching import other_layer
from tiedtts.tying.plan import TieRule
from tiedtts.tying.refit import folded_bias
from tiedtts.tying.schemes.cluster import Cluster
from tiedtts.tying.schemes.folded_cluster import FoldedCluster, FoldedInput
from tiedtts.tying.schemes.folded_norm import fold_normed, norm_refusal
from tiedtts.tying.tieable import tieable
from tiedtts.tying.values import Values, of_type, tied_biases
from tiedtts.tying.workpiece import Workpiece


def tie_folded(
    work: Workpiece, rule: TieRule, specs: dict[str, LayerSpec], group: list[str], ruled: Container[str]
) -> None:
    """Tie a layer by `cluster`, and the layer that its rule names in `into`, which reads it.

    If that cannot be, the first layer is tied alone, and the report says why.

    Args:
        work: The model; it is changed.
        rule: Rule that ties them.
        specs: The layers by their first names.
        group: Name of the layer, and of those that hold its weight.
        ruled: Layers that have a rule of their own.

    Raises:
        TiedTTSError: `into` names no layer, or one of them holds parameters of others.
    """
    name, spec = group[0], specs[group[0]]
    into = other_layer(work.first_names, name, rule.options.into, "into")
    way = _passage(work, spec, name, into, ruled)
    if isinstance(way, str):
        tie_group(work, rule, specs, group)
        work.reports[name] = replace(work.reports[name], note=f"`{into}` left as it is: {way}")
        work.passed_over.append(
            f"`{into}` is not folded, so that rows of `{name}` are copied, which takes longer than before"
        )
        return
    for of in filter(None, (name, way.norm, into)):
        work.check_unshared([of])
    index, k = _fold(work, rule, spec, name, into, way.norm)
    reader, columns = tieable(work, into, rule, FoldedInput), work.parameter(into, "weight")
    kept = {"bias": work.parameter(into, "bias")} if reader.has_bias else {}
    free = of_type(FoldedInput.fold(reader, columns, index, k), columns)
    folded = FoldedInput(reader, rule.options, {"weight": free}, kept)
    work.replace(into, folded, rule, f"reads `{name}`")


def _fold(
    work: Workpiece, rule: TieRule, spec: LayerSpec, name: str, into: str, norm: str | None
) -> tuple[Tensor, int]:
    """Tie a layer, and the norm that reads it, so that each row is written once; return what a row is of.

    Returns:
        The row of each channel, (O,), and the number of rows.
    """
    weight, seen = work.parameter(name, "weight"), work.moments(name, "weight")
    bias = work.parameter(name, "bias") if spec.has_bias else None
    note = f"outputs summed in `{into}`"
    if norm is not None:
        layer = work.modules[norm]
        folded, tied_norm, error = fold_normed(spec, weight, bias, layer, rule.options, rule.bias, seen)
        work.replace(name, folded, rule, note, error)
        work.replace(norm, tied_norm, rule, f"norms the rows of `{name}`", 0.0)
        values = folded.values()
        return values["assignment"][0], values["rows"].shape[1]
    kept = bias if rule.bias == "keep" else None
    values = Cluster.project_by(spec, weight, rule.options, seen, kept)
    if work.rescale:
        values = Cluster.rescaled(spec, [weight], [values], rule.options)[0]
    index, k = values["assignment"][0], values["rows"].shape[1]
    stored: Values = {}
    if bias is not None:
        means = folded_bias(bias, index, k)
        stored = tied_biases([{"bias": means if rule.bias == "keep" else bias}], rule.bias, False)[0]
    free, stored = of_type(values, weight), of_type(stored, weight)
    work.replace(name, FoldedCluster(spec, rule.options, {"weight": free}, stored, rule.bias), rule, note)
    return index, k


def _passage(work: Workpiece, spec: LayerSpec, name: str, into: str, ruled: Container[str]) -> Passage | str:
    """Return the way from a layer to the one that is to read its rows, or why it cannot."""
    other = work.modules[into]
    if into in ruled or into in work.reports:
        return "it is tied by a rule of its own"
    if eligibility.refusal(other) is not None or spec.is_embedding or spec.groups > 1:
        return "only a layer of channels without groups can be folded into another"
    reader = LayerSpec.of(other)
    why = FoldedInput.refusal(reader, None)
    if why is not None:
        return why
    if spec.outputs != reader.inputs or spec.channel_axis != reader.channel_axis:
        return f"{an(reader.title)} does not read the channels of {an(spec.title)}"
    if len(work.names[name]) > 1 or len(work.names[into]) > 1:
        return "one of the two stands in several places"
    way = passage(work.model, name, into)
    if isinstance(way, str) or way.norm is None:
        return way
    if len(work.names[way.norm]) > 1:
        return "one of the two stands in several places"
    why = norm_refusal(work.modules[way.norm], spec.outputs)
    return way if why is None else f"`{way.norm}` lies between: {why}"

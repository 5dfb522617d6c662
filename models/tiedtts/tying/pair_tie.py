"""The tie of a map of symbols into a net to the map out of it."""

from tiedtts.errors import ConfigError
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.plan import TieRule
from tiedtts.tying.schemes.io import Io
from tiedtts.tying.tieable import tieable
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import of_type, precise, tied_biases
from tiedtts.tying.workpiece import Workpiece


def tie_pair(work: Workpiece, rule: TieRule, first: str, second: str, spec: LayerSpec) -> None:
    """Tie an output map to an input map by `io`.

    Args:
        work: The model; it is changed.
        rule: Rule that ties them.
        first: Name of the input map.
        second: Name of the output map.
        spec: The input map.

    Raises:
        TiedTTSError: They do not fit each other, or hold parameters of others.
    """
    specs = {first: spec, second: tieable(work, second, rule)}
    why = Io.pair_refusal(specs[first], specs[second])
    if why is not None:
        raise ConfigError(
            f"`{first}` and `{second}` cannot be tied by `io`: {why}",
            hint="an output map reads as many channels as the input map writes, and the other way round",
        )
    work.check_unshared([first, second])
    weights = [work.parameter(name, "weight") for name in specs]
    output = Io.output_class(specs[first], specs[second])
    turned = output.project(specs[second], precise(weights[1]), rule.options)["shared"]
    values = of_type({"shared": (precise(weights[0]) + turned) / 2}, weights[0])
    holder: TiedLayer | None = None
    schemes: tuple[type[TiedLayer], ...] = (Io, output)
    for name, scheme in zip(specs, schemes, strict=True):
        bias = [{"bias": work.parameter(name, "bias")}] if specs[name].has_bias else [{}]
        stored = tied_biases(bias, rule.bias, False)[0]
        layer = scheme(specs[name], rule.options, {"weight": values}, stored, rule.bias, holder)
        note = "" if holder is None else f"weights stored in `{first}`"
        holder = holder or layer
        work.replace(name, layer, rule, note)

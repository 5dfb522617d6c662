"""`io`: an input map and an output map are each other's transpose."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from tiedtts.errors import ConfigError
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values


@dataclass(frozen=True, kw_only=True)
class IoOptions:
    """Where the output map is."""

    output: str = ""
    """Name of the output map, whole or beside the input map's."""

    def __post_init__(self) -> None:
        if not self.output:
            raise ConfigError(
                "scheme `io` needs `output`",
                hint='name the output map: options = { output = "head" }, or --option output=head',
            )


class Io(TiedLayer):
    """Ties an output map to the transpose of an input map; the input map stores the weight.

    Press and Wolf, "Using the Output Embedding to Improve Language Models", 2017: an `Embedding` and the
    `Linear` over its entries. Also two `Linear`s, a convolution and its transposed kind, and two convolutions
    of one type, where the transpose runs backwards in time or space.

    Free values: `shared`, in the layout of the input map.
    """

    scheme = "io"
    kind = "storage"
    options_type = IoOptions
    shared_values = frozenset({"shared"})
    shares_bias = False
    scale_of = "shared"

    @classmethod
    def ties_layers(cls, options: Any) -> bool:
        """Return whether several layers share values."""
        return True

    @classmethod
    def refusal(cls, spec: LayerSpec, options: Any) -> str | None:
        """Return why the layer cannot be tied, or nothing."""
        if spec.is_recurrent:
            return "it has several matrices"
        return "its channels are in groups" if spec.groups > 1 else None

    @classmethod
    def pair_refusal(cls, first: LayerSpec, second: LayerSpec) -> str | None:
        """Return why two layers cannot be each other's transpose, or nothing."""
        is_pair = first.is_convolution and second.is_convolution and len(first.kernel) == len(second.kernel)
        is_pair = is_pair or (second.is_linear and (first.is_embedding or first.is_linear))
        if not is_pair:
            return f"{first.type.__name__} and {second.type.__name__} are no pair of input and output maps"
        if (first.inputs, first.outputs, first.kernel) != (second.outputs, second.inputs, second.kernel):
            return f"{first.title} and {second.title} are not each other's transpose"
        return None

    @classmethod
    def output_class(cls, first: LayerSpec, second: LayerSpec) -> "type[Io]":
        """Return the class of the output map."""
        # A transposed convolution, and the map onto a table, lay their weights out as the input map does.
        return TurnedIo if first.type is second.type or first.is_linear else Io

    @classmethod
    def project(cls, spec: LayerSpec, weight: Tensor, options: IoOptions) -> Values:
        """Take the weight as it is."""
        return {"shared": weight}

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: IoOptions) -> Tensor:
        """Return the shared weight."""
        return values["shared"]


class TurnedIo(Io):
    """The output map of a pair of one type, whose weight is the shared one turned round."""

    @classmethod
    def project(cls, spec: LayerSpec, weight: Tensor, options: IoOptions) -> Values:
        """Turn the weight."""
        return {"shared": _turn(weight)}

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: IoOptions) -> Tensor:
        """Turn the shared weight."""
        return _turn(values["shared"])


def _turn(weight: Tensor) -> Tensor:
    """Swap inputs and outputs, (A, B, ...) to (B, A, ...), and run taps backwards."""
    return weight.transpose(0, 1).flip(tuple(range(2, weight.dim())))

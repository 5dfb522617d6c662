"""Costs of layers, tied or not: the bytes that they take in a file, and the products that they compute."""

import math
from collections.abc import Callable, Iterable, Mapping

from torch import Tensor, nn

from tiedtts.errors import ConfigError
from tiedtts.tying import layers
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.tied_layer import TiedLayer

SMALLEST_HALF = 64
"""Arrays of fewer values stay in 32 bits in a voice file: they weigh nothing and some are scales."""
SMALLEST_BYTE = 1024
"""Arrays of fewer values are not stored in 8 bits there: their scales would eat up what is saved."""
_SCALE = 4
"""Bytes of the scale of a row."""

Size = Callable[[Tensor], int]
"""Bytes of a tensor in a file."""
Work = Callable[[nn.Module], Mapping[str, float] | None]
"""Multiply-accumulates of a net's modules by name, all under no name; nothing if nobody knows how it runs."""


def as_stored(value: Tensor) -> int:
    """Return the bytes of a tensor in a checkpoint."""
    return value.nbytes


def as_exported(precision: str) -> Size:
    """Return what measures tensors as `tiedtts export --precision` stores them.

    Args:
        precision: `int8`, `fp16` or `fp32`.

    Raises:
        ConfigError: There is no such precision.
    """
    if precision not in ("int8", "fp16", "fp32"):
        raise ConfigError(f"`precision` must be one of int8, fp16, fp32, got: {precision}")

    def size(value: Tensor) -> int:
        numbers = value.numel()
        if not value.is_floating_point():
            return value.nbytes
        if precision == "int8" and numbers >= SMALLEST_BYTE and value.dim() > 1:
            # Each row has a scale of its own.
            return numbers + _SCALE * value.shape[0]
        return 2 * numbers if precision != "fp32" and numbers >= SMALLEST_HALF else 4 * numbers

    return size


def total_bytes(modules: Iterable[nn.Module], size: Size) -> int:
    """Return the bytes of everything that modules store, what several hold once."""
    found = {
        id(value): value
        for module in modules
        for value in (*module.parameters(), *module.buffers())
        if value.numel()
    }
    return sum(size(value) for value in found.values())


def each_layer_once(net: nn.Module) -> dict[str, float]:
    """Return the products of layers for one place of their input by name, and of all under no name."""
    found = {name: float(products(layer)) for name, layer in net.named_modules()}
    found = {name: count for name, count in found.items() if count}
    return {**found, "": sum(found.values())}


def products(layer: nn.Module) -> int:
    """Return the products that a layer computes for one place of its input; none for what is no layer."""
    if isinstance(layer, TiedLayer):
        if layer.spec.is_norm:
            return 0
        if layer.kind == "storage":
            return _plain(layer.spec)
        free = {name: value for weight in layer.weight_values for name, value in layer.values(weight).items()}
        numbers = {name: of.numel() for name, of in free.items() if of.is_floating_point()}
        # A vector is looked up, and only mapped after that.
        return numbers.get("up", 0) if layer.spec.is_embedding else sum(numbers.values())
    if layers.plain_type(layer) is None or isinstance(layer, nn.Embedding):
        return 0
    return sum(value.numel() for name, value in layer.named_parameters() if not name.startswith("bias"))


def _plain(spec: LayerSpec) -> int:
    shapes = spec.shapes() if not spec.is_embedding else {}
    return sum(math.prod(shape) for name, shape in shapes.items() if not name.startswith("bias"))

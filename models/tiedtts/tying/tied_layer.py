"""The tied layer: it stores free values, computes its weight from them, and can become plain again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.moments import Moments
from tiedtts.tying.options import NoOptions
from tiedtts.tying.recurrent import run_recurrent
from tiedtts.tying.shown import show
from tiedtts.tying.values import Bias, Values, precise, stored_name


class SharedWith:
    """Refers to a layer that stores values for this one.

    A plain object: torch sees no submodule, so the values are saved, counted and moved once, where they are
    stored, and whatever replaces them there is seen from here. `copy.deepcopy` of a model that holds both
    layers copies the reference, too.
    """

    def __init__(self, layer: "TiedLayer") -> None:
        self.layer = layer


class TiedLayer(nn.Module):
    """A layer whose weight is a function of fewer stored values.

    A subclass is a scheme. It offers `project` (weight to free values), `expand` (free values to weight), a
    `forward` with as little work as the tie allows, and `untie`.

    Args:
        spec: The plain layer.
        options: Options as given to `project`.
        values: Name of a parameter of the plain layer to its free values.
        biases: Name of a bias of the plain layer to what is stored for it: (O,), or (1,) if it is one number.
        bias: Treatment of the biases.
        shared_with: Layer that stores the values named in `shared_values`, if it is not this one.
        twins: Names of the parameters of the plain layer that are one with those of the other, in the plain
            model, too: of them, nothing is stored here.
    """

    scheme: ClassVar[str]
    """Name in tie plans."""
    kind: ClassVar[Literal["structural", "storage"]]
    """`structural` ties save parameters and work, `storage` ties parameters only."""
    options_type: ClassVar[type[Any]] = NoOptions
    """Dataclass of what can be chosen."""
    shared_values: ClassVar[frozenset[str]] = frozenset()
    """Free values that layers of one group have in common."""
    shares_bias: ClassVar[bool] = True
    """Whether `bias = "share"` means one vector where layers share values."""
    scale_of: ClassVar[str]
    """Free value in which the weight is linear."""

    def __init__(
        self,
        spec: LayerSpec,
        options: Any,
        values: Mapping[str, Values],
        biases: Mapping[str, Tensor],
        bias: Bias = "keep",
        shared_with: "TiedLayer | None" = None,
        twins: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self.spec = spec
        self.options = options
        self.bias_mode: Bias = bias
        self.shared_with = None if shared_with is None else SharedWith(shared_with)
        self.twins = frozenset(twins)
        self._shapes = spec.shapes()
        self.weight_values = {name: tuple(of) for name, of in values.items()}
        """Name of a weight of the plain layer to the names of its free values."""
        self.bias_names = tuple(biases)
        """Names of the biases of the plain layer."""
        self.normed_along: int | None = None
        """Axis of the weight norm of the plain layer, see `normed_along`; none if it has none."""
        for weight, of in values.items():
            for name, value in of.items():
                if not self._borrows(weight, name):
                    self._register(stored_name(weight, name), value)
        for name, value in biases.items():
            if bias != "zero" and not self._borrows_bias(name):
                self._register(stored_name(name, "values"), value)

    def _register(self, name: str, value: Tensor) -> None:
        value = value.detach().clone(memory_format=torch.contiguous_format)
        if value.is_floating_point():
            self.register_parameter(name, nn.Parameter(value))
        else:
            self.register_buffer(name, value)

    def _borrows(self, weight: str, value: str) -> bool:
        """Return whether another layer stores a free value of a weight."""
        return self.shared_with is not None and (value in self.shared_values or weight in self.twins)

    def _borrows_bias(self, name: str) -> bool:
        shares = self.bias_mode == "share" and self.shares_bias
        return self.shared_with is not None and (shares or name in self.twins)

    @classmethod
    def refusal(cls, spec: LayerSpec, options: Any) -> str | None:
        """Return why the scheme cannot tie a layer, or nothing."""
        raise NotImplementedError

    @classmethod
    def project(cls, spec: LayerSpec, weight: Tensor, options: Any) -> Values:
        """Return the free values that come closest to a weight."""
        raise NotImplementedError

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: Any) -> Tensor:
        """Return the weight that free values stand for, in the layout of the plain layer."""
        raise NotImplementedError

    @classmethod
    def project_group(cls, spec: LayerSpec, weights: Sequence[Tensor], options: Any) -> list[Values]:
        """Return the free values of layers that are tied to each other."""
        return [cls.project(spec, weight, options) for weight in weights]

    @classmethod
    def project_seen(
        cls, spec: LayerSpec, weights: Sequence[Tensor], options: Any, seen: Sequence[Moments | None]
    ) -> list[Values]:
        """Return the free values that change outputs least, where a scheme knows how.

        Args:
            spec: The plain layer.
            weights: One for each of the layers that are tied to each other.
            options: The scheme's options.
            seen: What each layer read and wrote; nothing for one that no data went through.
        """
        return cls.project_group(spec, weights, options)

    @classmethod
    def rescaled(
        cls, spec: LayerSpec, weights: Sequence[Tensor], values: Sequence[Values], options: Any
    ) -> list[Values]:
        """Return free values that give weights of the old norms; shared values get the mean of the factors.

        Args:
            spec: The plain layer.
            weights: One for each of the layers that are tied to each other.
            values: Free values of each.
            options: The scheme's options.
        """
        factors = []
        for weight, free in zip(weights, values, strict=True):
            norm = float(cls.expand(spec, free, options).norm())
            factors.append(float(precise(weight).norm()) / norm if norm else 1.0)
        if cls.scale_of in cls.shared_values:
            factors = [sum(factors) / len(factors)] * len(factors)
        return [
            {**free, cls.scale_of: free[cls.scale_of] * factor}
            for free, factor in zip(values, factors, strict=True)
        ]

    @classmethod
    def ties_layers(cls, options: Any) -> bool:
        """Return whether several layers share values."""
        return False

    def values(self, weight: str = "weight") -> Values:
        """Return the free values of one weight."""
        found = {}
        for name in self.weight_values[weight]:
            holder: TiedLayer = self
            if self.shared_with is not None and self._borrows(weight, name):
                holder = self.shared_with.layer
            found[name] = getattr(holder, stored_name(weight, name))
        return found

    def full(self, name: str) -> Tensor | None:
        """Return a parameter of the plain layer by its name; nothing for a bias that is zero."""
        shape = self._shapes[name]
        if name in self.weight_values:
            spec = self.spec if name == "weight" else LayerSpec.linear(shape[1], shape[0])
            return self.expand(spec, self.values(name), self.options)
        if self.bias_mode == "zero":
            return None
        borrows = self._borrows_bias(name)
        holder = self.shared_with.layer if self.shared_with is not None and borrows else self
        value: Tensor = getattr(holder, stored_name(name, "values"))
        # As it is, where it can be: whoever looks for the parameter itself, finds it.
        return value if value.shape == shape else value.expand(shape)

    @property
    def weight(self) -> Tensor:
        """The full weight, computed from the free values."""
        if "weight" not in self.weight_values:
            raise AttributeError("a recurrent layer has several weights: ask `full`")
        weight = self._computed()
        # What is stored as it is may be edited.
        return weight if isinstance(weight, nn.Parameter) else show(weight)

    def _computed(self) -> Tensor:
        weight = self.full("weight")
        assert weight is not None
        return weight

    @property
    def bias(self) -> Tensor | None:
        """The full bias, (O,), if the plain layer has one; zeros if it was tied to none."""
        if "bias" not in self.bias_names:
            return None
        bias = self.added()
        return self._computed().new_zeros(self._shapes["bias"]) if bias is None else bias

    def added(self) -> Tensor | None:
        """Return what is added to outputs, (O,); nothing if that is zero."""
        return self.full("bias") if "bias" in self.bias_names else None

    def run_in_full(self, x: Any, hx: Any = None, output_size: Any = None) -> Any:
        """Do what the plain layer does with the full weight.

        Args:
            x: Input of the plain layer.
            hx: First state of a recurrent layer; of others the same as `output_size`, which comes second.
            output_size: Output size of a transposed convolution.
        """
        if self.spec.is_recurrent:
            return run_recurrent(self.spec, x, hx, self.parameters_in_full(), self.training)
        spec = self.spec.sized(x, hx if output_size is None else output_size)
        return spec.run(x, self._computed(), self.added())

    forward: Callable[..., Any] = run_in_full

    def flatten_parameters(self) -> None:
        """Do nothing: what torch's recurrent layers do with weights that they hold."""

    def __getattr__(self, name: str) -> Any:
        """Look up what the plain layer has: its sizes, such as `out_features`, and computed parameters."""
        # Only names that nothing else has come here.
        spec = self.__dict__.get("spec")
        if spec is not None and name in spec.arguments and name != "bias":
            return spec.arguments[name]
        if name.startswith(("weight_", "bias_")) and name in self.__dict__.get("_shapes", ()):
            return self.parameters_in_full()[name]
        return super().__getattr__(name)

    def stored_for(self, name: str) -> list[Tensor]:
        """Return the trained values behind a parameter; of a bias that is zero, those of the weight."""
        if name in self.weight_values:
            return [value for value in self.values(name).values() if value.is_floating_point()]
        if self.bias_mode == "zero":
            return self.stored_for(next(iter(self.weight_values)))
        borrows = self._borrows_bias(name)
        holder = self.shared_with.layer if self.shared_with is not None and borrows else self
        return [getattr(holder, stored_name(name, "values"))]

    def stands_for_the_weight_of(self, other: "TiedLayer") -> bool:
        """Return whether both have the same weight in full, as layers that hold one must."""
        with torch.no_grad():
            try:
                own, its = self.full("weight"), other.full("weight")
            # Values laid out for one kind of layer fit another in no way.
            except (RuntimeError, IndexError, ValueError):
                return False
            return own is not None and its is not None and own.shape == its.shape and torch.equal(own, its)

    def parameters_in_full(self) -> dict[str, Tensor]:
        """Return the parameters of the plain layer; a bias that is zero is zeros."""
        full = {name: self.full(name) for name in self._shapes}
        weight = next(value for value in full.values() if value is not None)
        return {
            name: weight.new_zeros(self._shapes[name]) if value is None else value
            for name, value in full.items()
        }

    def untie(self) -> nn.Module:
        """Return the plain layer with the weights that this one stands for."""
        with torch.no_grad():
            layer = self.spec.plain(self.parameters_in_full())
        for name, value in layer.named_parameters():
            value.requires_grad_(any(of.requires_grad for of in self.stored_for(name)))
        if self.normed_along is not None:
            layer = parametrizations.weight_norm(layer, dim=self.normed_along)
        return layer.train(self.training)

    def extra_repr(self) -> str:
        """Name the scheme and the plain layer."""
        elsewhere = "" if self.shared_with is None else ", stored elsewhere"
        return f"{self.spec.title}, bias {self.bias_mode}{elsewhere}"


def normed_along(layer: nn.Module) -> int | None:
    """Return the axis of a layer's weight norm, where that is all that its parameters are computed by."""
    if not parametrize.is_parametrized(layer):
        return None
    made: Any = layer.parametrizations
    if set(made) != {"weight"} or len(made["weight"]) != 1:
        return None
    norm = made["weight"][0]
    return int(norm.dim) if type(norm) is parametrizations._WeightNorm else None

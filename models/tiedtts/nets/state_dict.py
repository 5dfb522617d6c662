"""A net made of the names and shapes of tensors alone: weights of a program that is not here."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.nets import tensor_views
from tiedtts.nets.tensor_views import View

LONGEST_KEY = 1_000
"""Characters; every part of a key becomes a module."""
DEEPEST = 100
"""Modules inside each other."""
_COUNTED = ("running_mean", "running_var")
"""Statistics that batch norm keeps beside its parameters."""
_LAYERS: dict[tuple[int, bool], type[nn.Module]] = {
    (2, False): nn.Linear,
    (3, False): nn.Conv1d,
    (3, True): nn.ConvTranspose1d,
    (4, False): nn.Conv2d,
    (4, True): nn.ConvTranspose2d,
    (5, False): nn.Conv3d,
    (5, True): nn.ConvTranspose3d,
}
"""Axes of a weight, and whether its inputs come first, to the class of layer that has it."""


@dataclass(frozen=True, kw_only=True)
class StateDictConfig:
    """Names and shapes of the tensors. Lists are taken for tuples."""

    tensors: tuple[tuple[str, str, tuple[int, ...]], ...]
    """Key, type such as `float32`, and shape of each, in the order of the file."""
    views: tuple[tuple[str, str, int, tuple[int, ...]], ...] = ()
    """Key of each tensor that is not stored, key of the one whose numbers it has, and its first number and
    steps in that, see `tiedtts.nets.tensor_views`."""
    hidden: tuple[str, ...] = ()
    """Keys of what is stored for views alone, and is no tensor of the file."""
    frozen: bool = False
    """Nothing of it is a weight: no layers are made of it."""

    def __post_init__(self) -> None:
        try:
            rows = tuple((key, kind, tuple(shape)) for key, kind, shape in self.tensors)
        except (TypeError, ValueError):
            raise ConfigError("`tensors` must be a list of key, type and shape") from None
        object.__setattr__(self, "tensors", rows)
        if not rows:
            raise ConfigError("`tensors` is empty")
        keys = set()
        for key, kind, shape in rows:
            if not isinstance(key, str) or key in keys:
                raise ConfigError(f"`tensors` must have keys of their own, got: {key!r}")
            if len(key) > LONGEST_KEY or key.count(".") > DEEPEST:
                raise ConfigError(f"a key is too long, or has too many dots: `{key[:60]}...`")
            keys.add(key)
            if not isinstance(kind, str) or not isinstance(getattr(torch, kind, None), torch.dtype):
                raise ConfigError(f"`{key}` has a type that torch does not know: {kind!r}")
            if not all(isinstance(size, int) and size >= 0 for size in shape):
                raise ConfigError(f"`{key}` has a shape that cannot be: {shape}")
        self._check_views()

    def _check_views(self) -> None:
        try:
            views = tuple(
                (key, source, int(offset), tuple(map(int, steps)))
                for key, source, offset, steps in self.views
            )
        except (TypeError, ValueError):
            raise ConfigError("`views` must be a list of key, key, number and steps") from None
        object.__setattr__(self, "views", views)
        object.__setattr__(self, "hidden", tuple(self.hidden))
        shapes: dict[str, tuple[int, ...]] = {key: shape for key, _, shape in self.tensors}
        kinds = {key: kind for key, kind, _ in self.tensors}
        stored = set(shapes) - {view[0] for view in views}
        if not set(self.hidden) <= stored:
            raise ConfigError("`hidden` names tensors that are not stored")
        for key, source, offset, steps in views:
            if key not in shapes or source not in stored or kinds[key] != kinds[source]:
                raise ConfigError(f"`{key}` is no view of `{source}`")
            shape = shapes[key]
            fits = len(steps) == len(shape) and min(offset, 0, *steps) == 0 and 0 not in shape
            if not fits or tensor_views.reach(View(source, offset, shape, steps)) > prod(shapes[source]):
                raise ConfigError(f"`{key}` looks beyond the numbers of `{source}`")

    @property
    def view_of(self) -> dict[str, View]:
        """Views by key."""
        shapes = {key: shape for key, _, shape in self.tensors}
        return {key: View(source, offset, shapes[key], steps) for key, source, offset, steps in self.views}

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], *, frozen: bool = False) -> "StateDictConfig":
        """Describe a state dict; see the class for `frozen`."""
        views, hidden = tensor_views.find(tensors)
        return cls(
            tensors=tuple(
                (key, str(value.dtype).removeprefix("torch."), tuple(value.shape))
                for key, value in {**tensors, **hidden}.items()
            ),
            views=tuple((key, view.source, view.offset, view.stride) for key, view in views.items()),
            hidden=tuple(hidden),
            frozen=frozen,
        )


class StateDictNet(nn.Module):
    """A tree of layers that nothing can run, so that what works on weights alone works on any state dict.

    A `weight` of two to five axes that stands alone or with a fitting `bias` is a `Linear`, or a convolution
    in one, two or three dimensions, at the place its key names; any other tensor of so many axes is
    such a layer at a place with its whole key for a name (`rnn.weight_ih`). A convolution whose bias fits
    its second axis only is a transposed one. Everything else is a parameter, or a buffer if nothing trains
    it. A tensor that sees the memory of another one has no place: what becomes of the other becomes of it.
    """

    def __init__(self, config: StateDictConfig) -> None:
        super().__init__()
        self.config = config
        self.places: dict[str, str] = {}
        """Key in the file to name in `state_dict()`; they differ for weights with a layer of their own."""
        views = {key for key, *_ in config.views}
        rows = {key: (getattr(torch, kind), shape) for key, kind, shape in config.tensors if key not in views}
        members: dict[str, set[str]] = {}
        for key in rows:
            for at, letter in enumerate(key):
                if letter == ".":
                    members.setdefault(key[:at], set()).add(key[at + 1 :])
        for key, (dtype, shape) in rows.items():
            prefix, _, last = key.rpartition(".")
            if key in self.places:
                continue
            if config.frozen or key in config.hidden:
                self._put_value(key, torch.zeros(shape, dtype=dtype), aside=key in members)
                continue
            if members.get(prefix) == {"weight", "bias"}:
                layer = _layer(*rows[f"{prefix}.weight"], rows[f"{prefix}.bias"])
                if layer is not None:
                    self._put(prefix, layer, "weight", "bias")
                    continue
            layer = _layer(dtype, shape)
            if layer is None or key in members:
                self._put_value(key, torch.zeros(shape, dtype=dtype), aside=key in members)
            elif members.get(prefix) == {"weight"}:
                self._put(prefix, layer, last)
            else:
                self._put(key, layer)

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], *, frozen: bool = False) -> "StateDictNet":
        """Make a net that holds these very tensors; see `StateDictConfig` for `frozen`."""
        config = StateDictConfig.of(tensors, frozen=frozen)
        with torch.device("meta"):
            net = cls(config)
        _, hidden = tensor_views.find(tensors)
        held = {**tensors, **hidden}
        net.load_state_dict({place: held[key].contiguous() for key, place in net.places.items()}, assign=True)
        return net.eval()

    def tensors(self) -> dict[str, Tensor]:
        """Return the state dict with the keys and in the order of the file; not of a tied net.

        Those that saw one memory in the file do so again.

        Raises:
            CheckpointError: The net has other tensors now, as a tied net has.
        """
        state = self.state_dict()
        views = self.config.view_of
        try:
            sources = {view.source: state[self.places[view.source]].contiguous() for view in views.values()}
            own = {key: sources.get(key, state[place]) for key, place in self.places.items()}
            return {
                key: views[key].of(own[views[key].source]) if key in views else own[key]
                for key, _, _ in self.config.tensors
                if key not in self.config.hidden
            }
        except KeyError as error:
            raise CheckpointError(
                f"the net has no plain tensor `{error.args[0]}`", hint="untie the net first"
            ) from None

    def forward(self, *_: Any) -> Any:
        """Refuse: tensors do not say how they are used.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            "a net known by the names of its tensors alone cannot run",
            hint="its own program can, with the plain checkpoint that `tiedtts untie` writes",
        )

    def _put(self, path: str, layer: nn.Module, *values: str) -> None:
        """Add a layer; without `values` it stands for the one tensor that `path` is the key of."""
        parent, place = self._parent(path)
        name = _free(parent, place[-1])
        parent.add_module(name, layer)
        for value in values or ("weight",):
            key = f"{path}.{value}" if values else path
            self.places[key] = ".".join((*place[:-1], name, value))

    def _put_value(self, key: str, value: Tensor, aside: bool) -> None:
        """Add a parameter or buffer; `aside` of a module of the same name."""
        parent, place = self._parent(key)
        name = _free(parent, f"{place[-1]}_" if aside else place[-1])
        if value.is_floating_point() and place[-1] not in _COUNTED and not self.config.frozen:
            parent.register_parameter(name, nn.Parameter(value))
        else:
            parent.register_buffer(name, value)
        self.places[key] = ".".join((*place[:-1], name))

    def _parent(self, path: str) -> tuple[nn.Module, list[str]]:
        """Return the module above a path, made if need be, and the path in names that modules can have."""
        place = path.split(".")
        module: nn.Module = self
        for at, name in enumerate(place[:-1]):
            place[at] = name if name in module._modules else _free(module, name, among=module._modules)
            if place[at] not in module._modules:
                module.add_module(place[at], nn.Module())
            module = module.get_submodule(place[at])
        return module, place


def _free(parent: nn.Module, name: str, among: Mapping[str, object] | None = None) -> str:
    """Return a name for a child: as it is, if no method or other child has it, else with `_` at its end."""
    name = name or "_"
    while hasattr(parent, name) and name not in (among or ()):
        name += "_"
    return name


def _layer(
    dtype: torch.dtype,
    shape: tuple[int, ...],
    bias: tuple[torch.dtype, tuple[int, ...]] | None = None,
) -> nn.Module | None:
    """Make the layer with a weight, and a bias, of these types and shapes, if there is one."""
    if not dtype.is_floating_point or not prod(shape) or not 2 <= len(shape) <= 5:
        return None
    outputs = (shape[0],) if bias is None else bias[1]
    turned = len(shape) > 2 and outputs != (shape[0],)
    if outputs != (shape[1 if turned else 0],) or (bias is not None and bias[0] != dtype):
        return None
    inputs = shape[0 if turned else 1]
    # Without memory at first: what torch fills fresh weights with is not wanted.
    layer = _LAYERS[len(shape), turned](
        inputs, *outputs, *([shape[2:]] if shape[2:] else []), bias=bias is not None, device="meta"
    )
    layer.weight = nn.Parameter(torch.zeros(shape, dtype=dtype))
    if bias is not None:
        layer.bias = nn.Parameter(torch.zeros(outputs, dtype=dtype))
    return layer

"""Counts what a model stores, by storage: tied weights once, whoever holds them and however often.

Usual counters go by name or by object, and are wrong for shared parameters, for views of a common bank, and
for weights that are computed from others.
"""

import math
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import parametrize

from tiedtts.nets import tensor_views
from tiedtts.nets.state_dict import StateDictNet
from tiedtts.tying.report import ModuleCount
from tiedtts.tying.tied_layer import TiedLayer


@dataclass(frozen=True, kw_only=True)
class Count:
    """Parameters and bytes of a model."""

    unique_parameters: int
    """Stored numbers that training can change."""
    named_parameters: int
    """Number of parameters if nothing were tied: each use of a weight has one of its own."""
    unique_bytes: int
    """Size of all tensors that are saved, buffers included."""
    buffers: int
    """Numbers in buffers, such as the indices of a codebook."""
    modules: tuple[ModuleCount, ...]
    """Modules that hold tensors themselves, in the model's order."""

    @property
    def tying_ratio(self) -> float:
        """Named over unique parameters; above one if tying saved any."""
        return self.named_parameters / max(1, self.unique_parameters)


def count(model: nn.Module) -> Count:
    """Count what a model stores, and what it would store untied."""
    rows = []
    seen = _Seen()
    hidden = _hidden(model)
    for name, module in model.named_modules(remove_duplicate=False):
        own = [part for value in module.parameters(recurse=False) for part in hidden.get(id(value), [value])]
        fresh = [(seen.add(value, name), value.element_size()) for value in own]
        unique = sum(numbers for numbers, _ in fresh)
        fresh += [(seen.add(value, name), value.element_size()) for value in _buffers(module)]
        unique_bytes = sum(numbers * size for numbers, size in fresh)
        named = _named(module, hidden)
        if own or named or unique_bytes:
            rows.append(
                ModuleCount(
                    name=name,
                    type=module.spec.name if isinstance(module, TiedLayer) else _type(module),
                    scheme=module.scheme if isinstance(module, TiedLayer) else "",
                    unique_parameters=unique,
                    named_parameters=named,
                    unique_bytes=unique_bytes,
                    shared_with=_owner(model, module) or seen.first_holder(own, name),
                )
            )
    rows += _views(model)
    parameters = [part for value in model.parameters() for part in hidden.get(id(value), [value])]
    every = [*parameters, *(b for m in model.modules() for b in _buffers(m))]
    return Count(
        unique_parameters=stored(parameters),
        named_parameters=sum(row.named_parameters for row in rows),
        unique_bytes=stored_bytes(every),
        buffers=stored(b for module in model.modules() for b in module.buffers(recurse=False)),
        modules=tuple(rows),
    )


def _views(model: nn.Module) -> Iterator[ModuleCount]:
    """Yield a row for each tensor of a file that is not stored, since another one holds its numbers."""
    nets = {name: net for name, net in model.named_modules() if isinstance(net, StateDictNet)}
    for above, net in nets.items():
        for key, view in net.config.view_of.items():
            numbers = 0 if net.config.frozen else math.prod(view.shape)
            yield ModuleCount(
                name=f"{above}.{key}".lstrip("."),
                type="Tensor",
                scheme="",
                unique_parameters=0,
                named_parameters=numbers,
                unique_bytes=0,
                shared_with=f"{above}.{view.source}".lstrip("."),
            )


def stored(tensors: Iterable[Tensor]) -> int:
    """Count different numbers in memory: what several tensors see counts once."""
    return sum(elements for elements, _ in _by_storage(tensors))


def stored_bytes(tensors: Iterable[Tensor]) -> int:
    """Count different bytes in memory."""
    return sum(elements * size for elements, size in _by_storage(tensors))


def _by_storage(tensors: Iterable[Tensor]) -> Iterator[tuple[int, int]]:
    """Yield, for each piece of memory, how many numbers of it are seen, and the bytes of one."""
    groups: dict[tuple[int, int], list[Tensor]] = {}
    for value in tensors:
        if value.numel():
            groups.setdefault(_place(value), []).append(value)
    for (_, size), seen in groups.items():
        if len({(v.storage_offset(), v.shape, v.stride()) for v in seen}) == 1 and seen[0].is_contiguous():
            yield seen[0].numel(), size
        else:
            yield int(tensor_views.seen(seen).sum()), size


def _place(value: Tensor) -> tuple[int, int]:
    storage = value.untyped_storage()
    # Tensors without memory, as of a model that is only described, are each their own.
    return (storage.data_ptr() or id(value), value.element_size())


class _Seen:
    """Books each number with the first module that holds it."""

    def __init__(self) -> None:
        self._masks: dict[tuple[int, int], list[Tensor]] = {}
        self._holder: dict[tuple[int, int], str] = {}

    def add(self, value: Tensor, name: str) -> int:
        """Return how many numbers of a tensor no module before held."""
        place = _place(value)
        before = stored(self._masks.get(place, []))
        self._masks.setdefault(place, []).append(value)
        self._holder.setdefault(place, name)
        return stored(self._masks[place]) - before

    def first_holder(self, values: Iterable[Tensor], name: str) -> str:
        """Return the first other module that holds memory of these tensors."""
        holders = [self._holder[_place(value)] for value in values if value.numel()]
        return next((holder for holder in holders if holder != name), "")


def _buffers(module: nn.Module) -> Iterator[Tensor]:
    """Yield the buffers of a module that are saved."""
    for name, value in module.named_buffers(recurse=False):
        if name not in module._non_persistent_buffers_set:
            yield value


def _hidden(model: nn.Module) -> dict[int, list[Tensor]]:
    """Return the tensors of a file by the memory that they see parts of: what none sees does not count."""
    found: dict[int, list[Tensor]] = {}
    for net in model.modules():
        if isinstance(net, StateDictNet) and net.config.hidden:
            held = dict(net.named_parameters())
            for view in net.config.view_of.values():
                if (
                    view.source in net.config.hidden
                    and (value := held.get(net.places[view.source])) is not None
                ):
                    found.setdefault(id(value), []).append(view.of(value))
    return found


def _named(module: nn.Module, hidden: Container[int]) -> int:
    """Count the parameters of the plain layer that a module is or stands for."""
    if isinstance(module, TiedLayer):
        return sum(
            math.prod(shape)
            for name, shape in module.spec.shapes().items()
            if not (module.bias_mode == "zero" and name.startswith("bias"))
        )
    if isinstance(module, parametrize.ParametrizationList):
        # What is computed from it counts where it is used.
        return 0
    size = sum(value.numel() for value in module.parameters(recurse=False) if id(value) not in hidden)
    if parametrize.is_parametrized(module):
        lists: Any = module.parametrizations
        for name, made_of in lists.items():
            # Of weight norm, untied, as much is stored as it is made of: lengths beside the directions.
            parts = sum(value.numel() for value in made_of.parameters())
            size += max(getattr(module, name).numel(), parts)
    return size


def _type(module: nn.Module) -> str:
    return type(module).__name__.removeprefix("Parametrized")


def _owner(model: nn.Module, module: nn.Module) -> str:
    if not isinstance(module, TiedLayer) or module.shared_with is None:
        return ""
    holder = module.shared_with.layer
    return str(next(name for name, other in model.named_modules() if other is holder))

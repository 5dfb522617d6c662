"""Tensors that see one piece of memory: which of them is stored, and how the others look at it.

Programs tie weights so: a language model's output map is its table of embeddings, a shared layer has a key
for each place where it is used. What `torch.save` writes has their memory once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

HIDDEN = "shared memory "
"""Beginning of the name of memory that no tensor sees as a whole."""


@dataclass(frozen=True)
class View:
    """A tensor whose numbers are those of another one, the source."""

    source: str
    """Name of the tensor that is stored, which is contiguous."""
    offset: int
    """Place of its first number in the source."""
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    """Numbers of the source from one to the next along each axis."""

    @property
    def is_whole(self) -> bool:
        """Whether it has the order of its source's numbers, from the first one on."""
        return self.offset == 0 and self.stride == _strides(self.shape)

    def of(self, source: Tensor) -> Tensor:
        """Return the view of a source, which shares its memory.

        Raises:
            RuntimeError: The source has fewer numbers.
        """
        source = source.detach()
        return source.as_strided(self.shape, self.stride, source.storage_offset() + self.offset)


def find(tensors: Mapping[str, Tensor]) -> tuple[dict[str, View], dict[str, Tensor]]:
    """Find tensors that see numbers which others see, too.

    Args:
        tensors: By name.

    Returns:
        Views by name; and by a name of its own, as one axis, each piece of memory that several tensors see
        parts of and none sees as a whole. A tensor that is no view is stored by itself.
    """
    groups: dict[tuple[int, torch.dtype], list[str]] = {}
    for name, value in tensors.items():
        if value.numel() and not value.is_meta:
            groups.setdefault((value.untyped_storage().data_ptr(), value.dtype), []).append(name)
    views: dict[str, View] = {}
    hidden: dict[str, Tensor] = {}
    for names in groups.values():
        for family in _families({name: tensors[name] for name in names}):
            first = family[0]
            if len(family) == 1 and not repeats(tensors[first]):
                continue
            source = _source({name: tensors[name] for name in family})
            if source is None:
                start = min(tensors[name].storage_offset() for name in family)
                size = max(_end(tensors[name]) for name in family) - start
                source = f"{HIDDEN}{len(hidden)}"
                hidden[source] = tensors[first].detach().as_strided((size,), (1,), start)
            else:
                start = tensors[source].storage_offset()
            for name in family:
                if name != source:
                    of = tensors[name]
                    shape, stride = tuple(of.shape), tuple(of.stride())
                    if source in tensors and _geometry(of) == _geometry(tensors[source]):
                        stride = _strides(shape)
                    views[name] = View(source, int(of.storage_offset() - start), shape, stride)
    return views, hidden


def share(tensors: Mapping[str, Tensor], views: Mapping[str, View]) -> dict[str, Tensor]:
    """Let tensors see one memory again, those at least whose numbers are still the same.

    Args:
        tensors: By name, each with memory of its own or not.
        views: Views that `find` returned for such tensors.

    Raises:
        RuntimeError: A view does not fit.
    """
    found = {name: value.detach() for name, value in tensors.items()}
    for source in dict.fromkeys(view.source for view in views.values()):
        own = {name: view for name, view in views.items() if view.source == source and name in found}
        if not own:
            continue
        if source in found:
            whole = found[source] = found[source].contiguous()
        else:
            size = max(reach(view) for view in own.values())
            if size > 2 * sum(found[name].numel() for name in own) + 64:
                continue
            whole = found[next(iter(own))].new_zeros(size)
            for name, view in own.items():
                # Where it sees a number again and again, once is enough.
                once = tuple(slice(None) if step else slice(1) for step in view.stride)
                view.of(whole)[once].copy_(found[name][once])
        for name, view in own.items():
            if reach(view) > whole.numel() or view.shape != tuple(found[name].shape):
                continue
            seen = view.of(whole)
            if seen.dtype == found[name].dtype and torch.equal(_bits(seen), _bits(found[name])):
                found[name] = seen
    return found


def join(net: nn.Module, same: Mapping[str, str]) -> None:
    """Make parameters of a net one, where they have the same shape.

    Args:
        net: It is changed.
        same: Name of each parameter that goes to the name of the one that takes its place.
    """
    for name, source in same.items():
        parameters = dict(net.named_parameters(remove_duplicate=False))
        if name in parameters and source in parameters and parameters[name].shape == parameters[source].shape:
            parent, _, last = name.rpartition(".")
            setattr(net.get_submodule(parent), last, parameters[source])


def repeats(tensor: Tensor) -> bool:
    """Return whether a tensor sees a number of its memory more than once, as an expanded one does."""
    step = 1
    for size, stride in sorted(zip(tensor.shape, tensor.stride(), strict=True), key=lambda axis: axis[1]):
        if size > 1 and stride < step:
            return True
        step = max(step, (size - 1) * stride + 1) if size > 1 else step
    return False


def seen(tensors: Iterable[Tensor]) -> Tensor:
    """Mark the numbers of one memory that tensors see, from its first number to the last that one sees."""
    each = list(tensors)
    mask = torch.zeros(max(_end(value) for value in each), dtype=torch.bool)
    for value in each:
        # A number that an expanded view sees many times is written once.
        shape = [size if step else 1 for size, step in zip(value.shape, value.stride(), strict=True)]
        mask.as_strided(shape, value.stride(), value.storage_offset()).fill_(True)
    return mask


def _families(tensors: Mapping[str, Tensor]) -> list[list[str]]:
    """Put tensors of one memory together that see common numbers."""
    families: list[tuple[int, list[str]]] = []
    for name in sorted(tensors, key=lambda name: tensors[name].storage_offset()):
        value = tensors[name]
        start, end = value.storage_offset(), _end(value)
        if not families or families[-1][0] <= start:
            families.append((end, [name]))
        else:
            families[-1] = (max(families[-1][0], end), [*families[-1][1], name])
    order = {name: at for at, name in enumerate(tensors)}
    found: list[list[str]] = []
    for _, names in families:
        found += _overlapping({name: tensors[name] for name in sorted(names, key=order.__getitem__)})
    return found


def _overlapping(tensors: Mapping[str, Tensor]) -> list[list[str]]:
    """Part tensors that only take turns in their memory, as the halves of every row do."""
    names = list(tensors)
    if len(names) == 1 or any(
        value.is_contiguous() and _covers(value, tensors.values()) for value in tensors.values()
    ):
        return [names]
    found: list[list[str]] = []
    for name in names:
        own = seen([tensors[name]])
        met = [family for family in found if any(_meet(own, tensors[other]) for other in family)]
        found = [family for family in found if family not in met]
        found.append([*(other for family in met for other in family), name])
    return found


def _meet(mask: Tensor, value: Tensor) -> bool:
    other = seen([value])
    size = min(len(mask), len(other))
    return bool((mask[:size] & other[:size]).any())


def _source(tensors: Mapping[str, Tensor]) -> str | None:
    """Return the first tensor that sees, in the order of memory, all that the others see."""
    for name, value in tensors.items():
        if value.is_contiguous() and _covers(value, tensors.values()):
            return name
    first = next(iter(tensors))
    # Each sees the same numbers in the same order, whatever that is in memory.
    alike = len({_geometry(value) for value in tensors.values()}) == 1
    return first if alike and not repeats(tensors[first]) else None


def _covers(value: Tensor, others: Iterable[Tensor]) -> bool:
    start, end = value.storage_offset(), value.storage_offset() + value.numel()
    return all(start <= other.storage_offset() and _end(other) <= end for other in others)


def _geometry(value: Tensor) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    return int(value.storage_offset()), tuple(value.shape), tuple(value.stride())


def _end(value: Tensor) -> int:
    """Return the place in memory after the last number that a tensor sees."""
    return int(value.storage_offset()) + _span(value.shape, value.stride())


def reach(view: View) -> int:
    """Return the number of a source's numbers up to the last that a view sees."""
    return view.offset + _span(view.shape, view.stride)


def _span(shape: Sequence[int], stride: Sequence[int]) -> int:
    return 1 + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))


def _strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the steps of a contiguous tensor."""
    steps, step = [], 1
    for size in reversed(shape):
        steps.append(step)
        step *= max(size, 1)
    return tuple(reversed(steps))


def _bits(value: Tensor) -> Tensor:
    """Return numbers of eight bits as whole numbers: torch does not compare those with a point."""
    return value.view(torch.uint8) if value.is_floating_point() and value.itemsize == 1 else value

"""Containers: the tables in a file of `torch.save` that hold the tensors of the one net that is meant."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from tiedtts.checkpoints import layout
from tiedtts.checkpoints.contents import Contents
from tiedtts.errors import CheckpointError

CONTAINERS = ("generator", "state_dict", "model", "model_state_dict", "module", "net", "weights")
"""Keys under which programs keep the tensors of the net that speaks."""
_DEPTH = 3
"""Containers inside containers that are looked into."""


def choose(path: Path, value: Any) -> Contents:
    """Find the tensors of the one net that is meant.

    Raises:
        CheckpointError: There are none, or several nets.
    """
    if not isinstance(value, Mapping):
        kind = "one tensor" if isinstance(value, Tensor) else f"a {type(value).__name__}"
        raise CheckpointError(
            f"{path} holds {kind}, no tensors by name", hint="a checkpoint is a state dict, or holds one"
        )
    places = list(_places(value, ()))
    named = [place for place in places if not place or place[-1] in CONTAINERS]
    if not places:
        raise CheckpointError(f"{path} holds no tensors by name")
    if named or len(places) == 1:
        chosen = min(named, key=_order) if named else places[0]
        tensors, nets, notes = _tensors(value, chosen), {chosen: ""}, []
    else:
        # Which of them is meant, nobody says: all together are one net.
        chosen, nets = (), {place: ".".join(place) for place in places}
        tensors = {f"{nets[of]}.{key}": each for of in places for key, each in _tensors(value, of).items()}
        shown = f"{', '.join(list(nets.values())[:6])}{' ...' if len(nets) > 6 else ''}"
        if _are_mixed(nets.values()):
            raise CheckpointError(
                f"{path} holds tensors of {len(places)} nets with names inside each other: {shown}",
                hint="write a file with the state dict of one net",
            )
        notes = [f"{len(places)} nets are taken as one: {shown}"]
    beside = layout.Layout(nets)
    text = beside.text(value)
    return Contents(
        tensors,
        "torch",
        list(chosen),
        layout=text,
        beside=beside.tensors,
        left_out=beside.left_out,
        notes=notes,
    )


def _tensors(value: Any, place: tuple[str, ...]) -> dict[str, Tensor]:
    """Return the tensors of a table inside, by key."""
    for key in place:
        value = value[key]
    return {key: of for key, of in value.items() if isinstance(of, Tensor) and isinstance(key, str)}


def _are_mixed(names: Iterable[str]) -> bool:
    """Return whether a key that begins with one net's name could be another's."""
    each = list(names)
    return any(a != b and b.startswith(f"{a}.") for a in each for b in each) or len(set(each)) < len(each)


def _places(value: Mapping[Any, Any], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the ways to dicts that hold tensors by name, without those of optimizers."""
    inner: list[tuple[str, ...]] = []
    if len(above) < _DEPTH:
        for key, of in value.items():
            if isinstance(of, Mapping) and isinstance(key, str) and "optim" not in key.lower():
                inner += _places(of, (*above, key))
    own = sum(isinstance(of, Tensor) and isinstance(key, str) for key, of in value.items())
    # A loose number, such as the best loss, stands beside a net and makes none.
    if own and not any(_size(value, place[len(above) :]) > own for place in inner):
        yield above
    else:
        yield from inner


def _size(value: Mapping[Any, Any], place: tuple[str, ...]) -> int:
    """Return how many tensors a table inside has."""
    for key in place:
        value = value[key]
    return sum(isinstance(of, Tensor) for of in value.values())


def _order(place: tuple[str, ...]) -> tuple[int, int]:
    return len(place), CONTAINERS.index(place[-1]) if place else -1

"""Unties a large checkpoint layer by layer: the plain tensors of one layer are in memory at a time."""

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from tiedtts import schema
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.header import DAMAGED, Header
from tiedtts.checkpoints.in_pieces import piece
from tiedtts.checkpoints.sources import Source
from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.nets.state_dict import StateDictConfig, StateDictNet
from tiedtts.quoting import named
from tiedtts.tying.description import rebuild
from tiedtts.tying.tied_layer import TiedLayer


def fits(header: Header) -> bool:
    """Return whether a tied checkpoint is one of names and shapes alone, in one table and without views."""
    if len(header.parts) != 1 or header.ties:
        return False
    ((name, part),) = header.parts.items()
    origin = header.provenance.get(name, {}).get("origin", {})
    told = any(origin.get(key) for key in ("container", "layout", "views", "weight_norm", "beside"))
    return part.architecture == "state_dict" and bool(origin) and not told


def plain(source: Source, header: Header) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of the checkpoint that a tied one was made of, by the keys of its program.

    Args:
        source: The tied checkpoint, which `fits`.
        header: Its header.

    Raises:
        CheckpointError: Tensors are missing or do not fit each other.
    """
    ((name, part),) = header.parts.items()
    path = source.path
    try:
        config = schema.build(StateDictConfig, part.config, "`config`")
        with torch.device("meta"):
            net = StateDictNet(config)
        key_of = {place: key for key, place in net.places.items()}
        done: set[str] = set()
        for key, _, _ in config.tensors:
            place = net.places[key]
            layer = place.rpartition(".")[0]
            if layer not in part.tied:
                value = _read(source, [f"{name}.{place}"])[f"{name}.{place}"]
                _check(path, place, value, net)
                yield key, value
            elif layer not in done:
                done.add(layer)
                for last, value in _untied(source, name, net, layer, part.tied):
                    _check(path, f"{layer}.{last}", value, net)
                    yield key_of[f"{layer}.{last}"], value
    except ConfigError as error:
        raise CheckpointError(f"{path}: cannot untie part `{named(name)}`: {error}", hint=DAMAGED) from error


def _untied(
    source: Source, part: str, net: StateDictNet, layer: str, tied: dict[str, object]
) -> Iterator[tuple[str, Tensor]]:
    """Yield the parameters of the plain layer."""
    entry = tied[layer]
    owner = entry.get("owner") if isinstance(entry, dict) else None
    names = [layer] if owner is None else [str(owner), layer]
    starts = tuple(f"{part}.{each}." for each in names)
    values = _read(source, [key for key in source.where if key.startswith(starts)])
    given = {key.removeprefix(f"{part}."): value for key, value in values.items()}
    made = rebuild(piece(net, names), {each: tied[each] for each in names if each in tied}, given)
    found = made.get_submodule(layer)
    assert isinstance(found, TiedLayer)
    with torch.no_grad():
        yield from found.parameters_in_full().items()


def _read(source: Source, keys: list[str]) -> dict[str, Tensor]:
    if missing := [key for key in keys if key not in source.where]:
        raise CheckpointError(f"{source.path}: `{named(missing[0])}` is missing", hint=DAMAGED)
    return source.read(keys)


def _check(path: Path, place: str, value: Tensor, net: StateDictNet) -> None:
    wanted = net.get_parameter(place) if place in dict(net.named_parameters()) else net.get_buffer(place)
    if wanted.shape != value.shape:
        raise CheckpointError(
            f"{path}: `{named(place)}` is {tuple(value.shape)}, not {tuple(wanted.shape)}", hint=DAMAGED
        )


def header_of(source: Source) -> Header | None:
    """Return the header of a checkpoint of this program; nothing for others, and for what is not readable."""
    try:
        return checkpoint.header_from(source.path, source.metadata)
    except CheckpointError:
        return None

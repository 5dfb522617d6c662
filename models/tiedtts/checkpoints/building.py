"""Building: a net is made from its description in a header, tied again, and filled with its tensors."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from tiedtts import schema
from tiedtts.checkpoints.architectures import ARCHITECTURES
from tiedtts.checkpoints.header import DAMAGED, Header, Part
from tiedtts.errors import CheckpointError, ConfigError, is_out_of_memory
from tiedtts.nets import finite, tensor_views
from tiedtts.nets.state_dict import StateDictNet
from tiedtts.quoting import named, shown
from tiedtts.tying import tie_groups
from tiedtts.tying.description import rebuild

MOST_TIED = 4096
"""Largest number of values of a tied net for each that is stored."""
SMALL = 2**24
"""Number of values that is no burden, whatever is stored."""
_NO_PLACE = " has no place"


def build(name: str, part: Part, header: Header, tensors: dict[str, Tensor], path: Path) -> nn.Module:
    """Build one net, restore its ties and give it its tensors.

    Raises:
        CheckpointError: The description or the tensors fit no net.
    """
    prefix = f"{name}."
    own = {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
    ties = {
        alias.removeprefix(prefix): source.removeprefix(prefix)
        for alias, source in header.ties.items()
        if alias.startswith(prefix)
    }
    full = {alias: own[source] for alias, source in ties.items() if source in own} | own
    try:
        if part.architecture not in ARCHITECTURES:
            raise ConfigError(f"there is no architecture {shown(part.architecture)}")
        config_class, net_class = ARCHITECTURES[part.architecture]
        config = schema.build(config_class, part.config, "`config`")
        # Without memory at first: the sizes may be of no net that this file could hold.
        with torch.device("meta"):
            sketch = net_class(config)
        _refuse(path, name, _unfit(sketch, tuple(part.tied), full))
        net = net_class(config)
    except (ValueError, TypeError, RuntimeError, OverflowError, ConfigError) as error:
        if is_out_of_memory(error):
            raise
        raise CheckpointError(f"{path}: cannot build part `{named(name)}`: {error}", hint=DAMAGED) from error
    if part.architecture == "hifigan":
        # Ties of their own are those of the file that they came in.
        tensor_views.join(net, ties)
    try:
        net = rebuild(net, part.tied, own)
    # Values of tied layers are put together in many ways, and tensors that do not fit fail in as many.
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise CheckpointError(f"{path}: cannot tie part `{named(name)}`: {error}", hint=DAMAGED) from error
    held = {o: first for first, others in tie_groups(net).items() for o in others}
    if held != ties:
        raise CheckpointError(
            f"{path}: the ties of part `{named(name)}` are not those its net has", hint=DAMAGED
        )
    _refuse(path, name, _mismatches(net.state_dict(), full))
    net.load_state_dict(full)
    finite.check(net, f"{path}: part `{named(name)}`", strict=not isinstance(net, StateDictNet))
    return net.eval()


def _refuse(path: Path, part: str, wrong: list[str]) -> None:
    if wrong:
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise CheckpointError(
            f"{path}: tensors do not fit part `{named(part)}`: {'; '.join(wrong[:3])}{more}",
            hint=DAMAGED,
        )


def _unfit(sketch: nn.Module, tied: Sequence[str], given: Mapping[str, Tensor]) -> list[str]:
    """Say which tensors a net is to have, and the file lacks; of tied layers, how much larger they may be.

    Args:
        sketch: The net without memory.
        tied: Names of the layers that the file has other tensors for.
        given: Tensors of the file.
    """
    places = tuple(f"{layer}." if layer else "" for layer in tied)
    plain = {key: of for key, of in sketch.state_dict().items() if not key.startswith(places)}
    wrong = [each for each in _mismatches(plain, given) if not each.endswith(_NO_PLACE)]
    values = sum(of.numel() for of in (*sketch.parameters(), *sketch.buffers()))
    stored = sum(of.numel() for of in given.values())
    if values > MOST_TIED * stored + SMALL:
        wrong.append(f"a net of {values:,} values cannot be made of {stored:,}")
    return wrong


def _mismatches(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """Say how tensors differ from those that a net has."""
    missing = [f"`{named(key)}` is missing" for key in wanted if key not in given]
    strange = [f"`{named(key)}`{_NO_PLACE}" for key in given if key not in wanted]
    resized = [
        f"`{named(key)}` is {tuple(given[key].shape)}, not {tuple(tensor.shape)}"
        for key, tensor in wanted.items()
        if key in given and given[key].shape != tensor.shape
    ]
    changed = [
        f"`{named(key)}` is of type {given[key].dtype}, not {tensor.dtype}"
        for key, tensor in wanted.items()
        if key in given and given[key].is_floating_point() != tensor.is_floating_point()
    ]
    return missing + strange + resized + changed

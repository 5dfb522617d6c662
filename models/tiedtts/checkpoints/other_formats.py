"""Checkpoints of other programs: into a net that can be tied, and back into a file that they can load."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from tiedtts import schema
from tiedtts.checkpoints import hifigan_sizes, tacotron_sizes, weight_files, weight_norm
from tiedtts.checkpoints.contents import Contents
from tiedtts.choices import ARCHITECTURES
from tiedtts.errors import CheckpointError, ConfigError, is_out_of_memory
from tiedtts.nets import tensor_views
from tiedtts.nets.hifigan import Hifigan
from tiedtts.nets.state_dict import StateDictNet
from tiedtts.nets.tensor_views import View
from tiedtts.paths import StrPath
from tiedtts.tying.plan import TiePlan
from tiedtts.tying.tied_layer import TiedLayer

MODULE_FREE = ("codebook", "share", "lowrank", "cluster")
"""Schemes for nets of which only the names and shapes of tensors are known; `cluster` without `into`."""
MOST_CONTAINERS = 8
"""Tables inside each other that lead to the tensors."""
_PREFIX = "module."
"""Prefix of every key after training on several devices."""


@dataclass(frozen=True)
class Imported:
    """A checkpoint of another program."""

    net: nn.Module
    """Has no tied layers and no weight norm; on the CPU."""
    architecture: str
    """Name of the net's class in `architectures`: `hifigan`, `tacotron` or `state_dict`."""
    origin: dict[str, Any]
    """Description of the file, from which `write_plain` writes such a file again; plain values."""
    notes: tuple[str, ...] = ()
    """Remarks on what was inferred and what was left out, one sentence each."""
    beside: nn.Module | None = None
    """Tensors of the file beside the net, which stay as they are."""


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """How another program's file was laid out, as the header of a checkpoint tells it."""

    kind: Literal["torch", "safetensors", "npz"]
    container: tuple[str, ...]
    weight_norm: tuple[Any, ...]
    views: tuple[tuple[str, str, int, tuple[int, ...], tuple[int, ...]], ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    layout: str = ""
    beside: dict[str, Any] = field(default_factory=dict)
    """Plain values beside the tensors, as files without a layout have them."""

    def __post_init__(self) -> None:
        if len(self.container) > MOST_CONTAINERS:
            raise ConfigError(f"`container` has {len(self.container)} names")


def read(path: StrPath, arch: str = "auto") -> Imported:
    """Read a checkpoint of another program; nothing in it is run, and the file stays as it is.

    Args:
        path: A file of `torch.save` (a state dict, or dicts that hold some), safetensors, or `.npz`.
        arch: One of `tiedtts.choices.ARCHITECTURES`.

    Raises:
        CheckpointError: The file is missing, damaged, holds code, or does not fit the architecture.
        ConfigError: There is no such architecture.
    """
    path = Path(path)
    if arch not in ARCHITECTURES:
        raise ConfigError(
            f"there is no architecture `{arch}`", hint=f"choose one of {', '.join(ARCHITECTURES)}"
        )
    contents = weight_files.read(path)
    views, _ = tensor_views.find(contents.tensors)
    tensors, normed = weight_norm.fold(contents.tensors)
    contents.tensors = {}
    origin = origin_of(path, contents) | {
        "views": [[key, *dataclasses.astuple(view)] for key, view in views.items()],
        "weight_norm": normed,
    }
    notes = list(contents.notes)
    if contents.left_out:
        notes.append(f"left out: {', '.join(contents.left_out)}")
    beside = None
    if contents.beside:
        beside = StateDictNet.of(contents.beside, frozen=True)
        notes.append(f"kept as they are: {_list(contents.beside)}")
    if views:
        notes.append(f"stored once, and given back so: {_pairs(views)}")
    if normed:
        notes.append(f"weight norm of {len(normed)} layers is folded into their weights")
    bare = _without_prefix(tensors)
    if arch == "hifigan" or (arch == "auto" and hifigan_sizes.looks_like(bare)):
        try:
            net, note = _hifigan(path, bare)
        except hifigan_sizes.AnotherNet as error:
            if arch == "hifigan":
                raise
            notes.append(f"not a HiFi-GAN as this program knows it ({error}): taken as names and shapes")
        else:
            origin |= _origin("hifigan", bare, prefixed=bare is not tensors)
            return Imported(net, "hifigan", origin, (*notes, note), beside)
    missing = [key for key in tacotron_sizes.KEYS if key not in bare]
    if arch == "tacotron2" and missing:
        raise CheckpointError(
            f"{path} is not a Tacotron 2: `{missing[0]}` is missing",
            hint="with `--arch state_dict` any tensors can be tied by their names",
        )
    if arch in ("auto", "tacotron2") and not missing:
        origin["program"] = "tacotron2"
        found = tacotron_sizes.build(bare)
        if not isinstance(found, str):
            origin |= _origin("tacotron2", bare, prefixed=bare is not tensors)
            return Imported(found, "tacotron", origin, tuple(notes), beside)
        notes.append(f"not a Tacotron 2 as this program knows it ({found}): taken as names and shapes")
    return Imported(StateDictNet.of(tensors), "state_dict", origin, tuple(notes), beside)


def origin_of(path: StrPath, contents: Contents) -> dict[str, Any]:
    """Return the description of a file of which nothing but tensors by name is known."""
    return {
        "file": Path(path).name,
        "kind": contents.kind,
        "container": contents.container,
        "metadata": contents.metadata,
        "layout": contents.layout,
        "views": [],
        "weight_norm": [],
        "program": "",
        "prefix": "",
        "types": {},
    }


def _list(names: Iterable[str]) -> str:
    each = list(names)
    return f"{', '.join(each[:3])}{f' and {len(each) - 3} more' if len(each) > 3 else ''}"


def _pairs(views: Mapping[str, View]) -> str:
    """Name tensors that see the memory of others."""
    hidden = [key for key, view in views.items() if view.source.startswith(tensor_views.HIDDEN)]
    pairs = [f"{key} with {view.source}" for key, view in views.items() if key not in hidden]
    return _list([*pairs, *hidden])


def _origin(program: str, tensors: Mapping[str, Tensor], *, prefixed: bool) -> dict[str, Any]:
    """Return what a net of this program does not keep of its tensors."""
    return {
        "program": program,
        "prefix": _PREFIX if prefixed else "",
        "types": {
            key: str(value.dtype).removeprefix("torch.")
            for key, value in tensors.items()
            if value.is_floating_point() and value.dtype != torch.float32
        },
    }


def check_plan(net: nn.Module, plan: TiePlan) -> None:
    """Refuse a plan that needs to know how layers are used, for a net of tensor names alone.

    Raises:
        ConfigError: Names the rule and the schemes that would do.
    """
    if isinstance(net, StateDictNet):
        check_names_only(plan)


def check_names_only(plan: TiePlan) -> None:
    """Refuse a plan for tensors of which only the names are known; see `check_plan`.

    Raises:
        ConfigError: Names the rule and the schemes that would do.
    """
    for number, rule in enumerate(plan.rules, 1):
        where = f"in rule {number} of {plan.source}"
        if rule.scheme not in MODULE_FREE:
            raise ConfigError(
                f"`{rule.scheme}` needs the layers, but only the names of tensors are known, {where}",
                hint=f"schemes that do without are {', '.join(MODULE_FREE)}",
            )
        if getattr(rule.options, "into", None) is not None:
            raise ConfigError(
                f"`into` needs to know what reads a layer, but only the names of tensors are known, {where}",
                hint="leave `into` out: rows are shared, columns stay",
            )


def write_plain(
    path: StrPath, net: nn.Module, origin: Mapping[str, Any], beside: nn.Module | None = None
) -> None:
    """Write a net as its own program wrote it: the same keys, container and weight norm; all of it or none.

    The kind of file is that of the suffix, `.safetensors`, `.npz` or `.pt`, `.pth`, `.bin` and `.ckpt`, else
    that of the first file. What `torch.save` writes is the one kind of file with a pickle that is ever
    written: the other program reads nothing else.

    Args:
        path: Path of the new file.
        net: Without tied layers; of the architecture that `read` returned.
        origin: The origin that `read` returned; values that went through JSON are as good.
        beside: The tensors beside the net that `read` returned.

    Raises:
        CheckpointError: The net is tied, or the origin is not that of such a net.
        OutputError: The file cannot be written.
    """
    path = Path(path)
    if tied := [name for name, layer in net.named_modules() if isinstance(layer, TiedLayer)]:
        raise CheckpointError(f"`{tied[0]}` is tied", hint="untie the net first")
    try:
        said = schema.build(_Origin, origin, "it", open_ended=True)
        if isinstance(net, StateDictNet):
            tensors = net.tensors()
        else:
            types = origin["types"]
            tensors = {
                f"{origin['prefix']}{key}": value.to(getattr(torch, types[key])) if key in types else value
                for key, value in net.state_dict().items()
            }
            prefixed = [[f"{origin['prefix']}{row[0]}", *row[1:]] for row in origin["weight_norm"]]
            origin = {**origin, "weight_norm": prefixed if origin["prefix"] else origin["weight_norm"]}
        tensors = weight_norm.unfold(tensors, origin["weight_norm"])
        shared = {row[0]: View(*row[1:]) for row in said.views}
        contents = Contents(
            tensor_views.share(tensors, shared),
            said.kind,
            list(said.container),
            metadata=dict(said.metadata),
            layout=said.layout,
            plain=dict(said.beside),
            beside=beside.tensors() if isinstance(beside, StateDictNet) else {},
        )
    # What the description says may fit in no way to the tensors.
    except Exception as error:
        if is_out_of_memory(error) or isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"the description of the first file is damaged: {error}") from error
    weight_files.write(path, contents)


def _without_prefix(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors without the prefix that all of them have, or the very same."""
    if not all(key.startswith(_PREFIX) for key in tensors):
        return tensors
    return {key.removeprefix(_PREFIX): value for key, value in tensors.items()}


def _hifigan(path: Path, tensors: Mapping[str, Tensor]) -> tuple[Hifigan, str]:
    """Build the generator and give it its tensors.

    Raises:
        CheckpointError: They do not fit; names the key and what would.
    """
    config, note, said_by = hifigan_sizes.sizes(path, tensors)
    with torch.device("meta"):
        net = Hifigan(config)
    hifigan_sizes.check(path, net, tensors, said_by)
    net.load_state_dict({key: value.float() for key, value in tensors.items()}, assign=True)
    views, _ = tensor_views.find(tensors)
    tensor_views.join(net, {key: view.source for key, view in views.items() if view.is_whole})
    return net.eval(), note

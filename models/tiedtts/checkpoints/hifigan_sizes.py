"""The sizes of a HiFi-GAN generator, from its program's `config.json` or from the tensors themselves."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.nets.hifigan import V1, V2, V3, HifiganConfig

_NAMES = {
    "num_mels": "n_mels",
    "upsample_initial_channel": "channels",
    "upsample_rates": "upsample_rates",
    "upsample_kernel_sizes": "upsample_kernels",
    "resblock": "resblock",
    "resblock_kernel_sizes": "resblock_kernels",
    "resblock_dilation_sizes": "resblock_dilations",
}
"""Key in `config.json` to field."""
_KEYS = ("conv_pre.weight", "ups.0.weight", "conv_post.weight")
_LARGEST_CONFIG = 1 << 20
"""Bytes."""


class AnotherNet(CheckpointError):
    """Tensors that are not those of such a generator."""


def looks_like(tensors: Mapping[str, Tensor]) -> bool:
    """Return whether a state dict is likely that of a generator."""
    return all(key in tensors for key in _KEYS) and any(key.startswith("resblocks.0.") for key in tensors)


def sizes(path: Path, tensors: Mapping[str, Tensor]) -> tuple[HifiganConfig, str, str]:
    """Return sizes, how sure they are, and what said so.

    Args:
        path: The checkpoint; a `config.json` beside it is read.
        tensors: Without weight norm.

    Raises:
        AnotherNet: The tensors are not those of a generator.
        CheckpointError: `config.json` is damaged.
    """
    if (missing := next((key for key in _KEYS if key not in tensors), None)) is not None:
        raise AnotherNet(
            f"{path} is not a HiFi-GAN generator: `{missing}` is missing",
            hint="with `--arch state_dict` any tensors can be tied by their names",
        )
    beside = path.parent / "config.json"
    written = _read(beside, tensors)
    if written is not None:
        return written, f"sizes are those that {beside} says", str(beside)
    config, guesses = _inferred(path, tensors)
    for name, known in (("V1", V1), ("V2", V2), ("V3", V3)):
        if config == known:
            return config, f"sizes are those of HiFi-GAN {name}, by the shapes of the tensors", "the tensors"
    return (
        config,
        f"{guesses} are a guess, for shapes do not tell: put the program's config.json beside the file if "
        "it differs",
        "the tensors",
    )


def check(path: Path, net: nn.Module, tensors: Mapping[str, Tensor], said_by: str) -> None:
    """Refuse tensors that do not fit a net.

    Raises:
        AnotherNet: A key is missing or has no place.
        CheckpointError: A shape does not fit.
    """
    wanted = net.state_dict()
    for text, keys in (
        ("is missing", [key for key in wanted if key not in tensors]),
        ("has no place in a generator", [key for key in tensors if key not in wanted]),
    ):
        if keys:
            more = f", and so are {len(keys) - 1} more" if len(keys) > 1 else ""
            raise AnotherNet(
                f"`{keys[0]}` of {path} {text}{more}",
                hint="with `--arch state_dict` any tensors can be tied by their names",
            )
    for key, value in wanted.items():
        if tensors[key].shape != value.shape:
            raise CheckpointError(
                f"`{key}` of {path} is {tuple(tensors[key].shape)}, but must be {tuple(value.shape)}",
                hint=f"so say the sizes, which are from {said_by}",
            )
        if not tensors[key].is_floating_point():
            raise CheckpointError(f"`{key}` of {path} has type {tensors[key].dtype}, not one of real numbers")


def _read(path: Path, tensors: Mapping[str, Tensor]) -> HifiganConfig | None:
    """Read the program's own configuration, if that is what the file is."""
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > _LARGEST_CONFIG:
            raise ValueError("it is too long")
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict) or "upsample_rates" not in values:
            return None
        if missing := [key for key in _NAMES if key not in values and key != "num_mels"]:
            raise ValueError(f"`{missing[0]}` is missing")
        known = {_NAMES[key]: value for key, value in values.items() if key in _NAMES}
        known.setdefault("n_mels", tensors["conv_pre.weight"].shape[1])
        # The authors' program takes anything but "1" for the other kind.
        known["resblock"] = "1" if str(known["resblock"]) == "1" else "2"
        return HifiganConfig(**known, post_bias="conv_post.bias" in tensors)
    except (OSError, ValueError, TypeError, RecursionError, ConfigError) as error:
        raise CheckpointError(
            f"{path} is not a configuration of HiFi-GAN: {error}",
            hint="move it away to have the sizes read from the tensors",
        ) from error


def _inferred(path: Path, tensors: Mapping[str, Tensor]) -> tuple[HifiganConfig, str]:
    """Read sizes from shapes; rates and dilations, which have no part in shapes, are the paper's."""
    for key, value in tensors.items():
        if key.endswith(".weight") and value.dim() != 3:
            raise AnotherNet(f"`{key}` of {path} is {tuple(value.shape)}, not the kernel of a convolution")
    ups = _count(r"ups\.(\d+)\.weight", tensors)
    blocks = _count(r"resblocks\.(\d+)\..*", tensors)
    resblock, name = ("1", "convs1") if "resblocks.0.convs1.0.weight" in tensors else ("2", "convs")
    kernels, dilations, guesses = [], [], ["rates of upsampling"]
    for block in range(blocks // max(1, ups)):
        first = f"resblocks.{block}.{name}.0.weight"
        if first not in tensors:
            raise AnotherNet(f"`{first}` of {path} is missing", hint="`--arch state_dict` ties any tensors")
        kernel = tensors[first].shape[2]
        depth = _count(rf"resblocks\.{block}\.{name}\.(\d+)\.weight", tensors)
        paper = dict(zip(V3.resblock_kernels, V3.resblock_dilations, strict=True)) if resblock == "2" else {}
        found = paper.get(kernel, ())
        kernels.append(kernel)
        dilations.append(found if len(found) == depth else tuple(range(1, 2 * depth, 2)))
    try:
        config = HifiganConfig(
            n_mels=tensors["conv_pre.weight"].shape[1],
            channels=tensors["conv_pre.weight"].shape[0],
            upsample_rates=tuple(max(1, tensors[f"ups.{at}.weight"].shape[2] // 2) for at in range(ups)),
            upsample_kernels=tuple(tensors[f"ups.{at}.weight"].shape[2] for at in range(ups)),
            resblock=resblock,
            resblock_kernels=tuple(kernels),
            resblock_dilations=tuple(dilations),
            post_bias="conv_post.bias" in tensors,
        )
    except (KeyError, ConfigError) as error:
        raise AnotherNet(f"{path} is not a HiFi-GAN generator: {error}") from error
    return config, " and ".join([*guesses, "dilations"])


def _count(pattern: str, tensors: Mapping[str, Tensor]) -> int:
    """Return one more than the largest number that the pattern finds in keys."""
    found = [re.fullmatch(pattern, key) for key in tensors]
    # Longer numbers count no layers, and would be built.
    numbers = [int(of.group(1)) for of in found if of is not None and len(of.group(1)) < 4]
    return max(numbers, default=-1) + 1

"""Variants that the proof of tying compares: ties, pruning and quantisation of this project's two nets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

Rules = list[dict[str, Any]]
BLOCKS = {"acoustic": "*coder.blocks.*", "vocoder": "body.blocks.*"}
"""Blocks of the nets; those of the acoustic net's predictor of durations and pitch are left alone."""


def share(part: str, halves: bool) -> Rules:
    """One set of weights for several blocks, each with its own norm and scale."""
    stacks = {"encoder.blocks.*": 2, "decoder.blocks.*": 3} if part == "acoustic" else {"body.blocks.*": 3}
    return [
        {"layers": f"{stack}.{name}", "scheme": "share", "options": {"groups": count if halves else 1}}
        for stack, count in stacks.items()
        for name in ("expand", "project", "depthwise")
    ]


def lowrank(part: str, ratio: float) -> Rules:
    """Both matrices of a block through a narrow middle; `ratio` of the parameters stays."""
    width = {"acoustic": 160, "vocoder": 192}[part]
    rank = round(ratio * 2 * width * width / (3 * width))
    return [
        {"layers": f"{BLOCKS[part]}.{name}", "scheme": "lowrank", "options": {"rank": rank}}
        for name in ("expand", "project")
    ]


def cluster(part: str, ratio: float) -> Rules:
    """Similar inner neurons of a block are one."""
    options = {"ratio": ratio, "into": "project"}
    return [{"layers": f"{BLOCKS[part]}.expand", "scheme": "cluster", "options": options}]


def codebook(part: str, k: int) -> Rules:
    """Every weight of the blocks is one of k values, layer by layer."""
    return [{"layers": f"{BLOCKS[part]}.*", "scheme": "codebook", "options": {"k": k}}]


def identity(part: str) -> Rules:
    """The article's scheme on the only convolutions here that are square: one number a tap."""
    return [{"layers": f"{BLOCKS[part]}.depthwise", "scheme": "identity", "bias": "share"}]


@dataclass(frozen=True)
class Variant:
    """One row of the comparison."""

    name: str
    rules: Callable[[str], Rules] | None = None
    """Tie plan for a part."""
    width: float = 1.0
    """Width of the net as a multiple of the recipe's."""
    prune: float = 0.0
    """Share of the blocks' weights that become zero, the smallest of each layer."""
    store: str = "fp32"
    """How weights are stored: `fp32`, `fp16` or `int8`."""
    notes: dict[str, Any] = field(default_factory=dict, compare=False)


SCRATCH = (
    Variant("untied"),
    Variant("untied, narrower (half)", width=0.7),
    Variant("share, in pairs", lambda part: share(part, True)),
    Variant("lowrank, half", lambda part: lowrank(part, 0.5)),
    Variant("cluster, half", lambda part: cluster(part, 0.5)),
    Variant("share, in pairs, wider", lambda part: share(part, True), width=1.41),
    Variant("share, all", lambda part: share(part, False)),
    Variant("lowrank, quarter", lambda part: lowrank(part, 0.25)),
    Variant("untied, narrower (quarter)", width=0.5),
    Variant("identity, depthwise", identity),
)
"""Trained from nothing: tied before training."""
TRAINED = (
    Variant("untied"),
    Variant("codebook, 16 values", lambda part: codebook(part, 16)),
    Variant("lowrank, half", lambda part: lowrank(part, 0.5)),
    Variant("cluster, 3/4", lambda part: cluster(part, 0.75)),
    Variant("cluster, half", lambda part: cluster(part, 0.5)),
    Variant("share, in pairs", lambda part: share(part, True)),
    Variant("pruned, half", prune=0.5),
    Variant("int8", store="int8"),
    Variant("fp16", store="fp16"),
    Variant("lowrank, 3/4", lambda part: lowrank(part, 0.75)),
    Variant("lowrank, half + int8", lambda part: lowrank(part, 0.5), store="int8"),
    Variant("lowrank, half + fp16", lambda part: lowrank(part, 0.5), store="fp16"),
    Variant("cluster, half + int8", lambda part: cluster(part, 0.5), store="int8"),
    Variant("codebook, 256 values", lambda part: codebook(part, 256)),
    Variant("codebook, 4 values", lambda part: codebook(part, 4)),
    Variant("pruned, 3/4", prune=0.75),
    Variant("lowrank, quarter", lambda part: lowrank(part, 0.25)),
    Variant("identity, depthwise", identity),
)
"""Made of the trained net: tied after training, without data and then fine-tuned."""


def block_weights(net: nn.Module, part: str) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the matrices and kernels of the blocks, by name."""
    for name, value in net.named_parameters():
        if "blocks." in name and value.dim() > 1 and not (part == "acoustic" and name.startswith("variance")):
            yield name, value


@torch.no_grad()
def prune(net: nn.Module, part: str, share_of: float) -> dict[str, torch.Tensor]:
    """Set the smallest weights of each layer to zero; return what is kept, as 0 and 1."""
    masks = {}
    for name, value in block_weights(net, part):
        count = int(share_of * value.numel())
        if count:
            bound = value.abs().flatten().kthvalue(count).values
            masks[name] = (value.abs() > bound).to(value.dtype)
            value.mul_(masks[name])
    return masks


@torch.no_grad()
def quantise(net: nn.Module, store: str) -> None:
    """Round what is stored as it would be in a file: 16-bit numbers, or 8-bit ones with a scale for each row."""
    for value in net.parameters():
        if store == "fp16" or (store == "int8" and value.dim() <= 1):
            value.copy_(value.half().float())
        elif store == "int8":
            rows = value.flatten(1)
            scale = (rows.abs().amax(1, keepdim=True) / 127).clamp(min=1e-12)
            value.copy_((torch.round(rows / scale) * scale).reshape(value.shape))


def stored_bytes(net: nn.Module, part: str, variant: Variant) -> int:
    """Return the size of the weights in a file without its header.

    The predictor of durations and pitch, which no variant changes, is left out. Pruned layers are a bit a weight and the weights that are left; 8-bit rows
    have a 16-bit scale, and vectors beside them 16-bit numbers.
    """
    size = sum(value.nbytes for value in net.buffers() if not value.is_floating_point())
    pruned = {name for name, _ in block_weights(net, part)} if variant.prune else set()
    for name, value in net.named_parameters():
        if name.startswith("variance."):
            continue
        if name in pruned:
            size += value.numel() // 8 + 4 * int(value.count_nonzero())
        elif variant.store == "int8" and value.dim() > 1:
            size += value.numel() + 2 * len(value)
        else:
            size += value.numel() * (2 if variant.store != "fp32" else 4)
    return size

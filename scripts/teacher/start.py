"""Make the nets that the experiment with a teacher starts from: kathleen's weights in deeper, tied stacks.

    python scripts/teacher/start.py checkpoints/kathleen.safetensors data start.safetensors

Stacks get more turns at equal parameters: a block's weights serve twice as many turns, each of which adds
half as much.
"""

import argparse
import dataclasses
from pathlib import Path

import torch
from torch import nn

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder
from tiedtts.training import corpus as corpora
from tiedtts.tying import TiePlan, untie
from tiedtts.tying.parts import tie_parts

STACKS = ("encoder.blocks.", "decoder.blocks.", "body.blocks.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    torch.manual_seed(1)
    loaded = checkpoint.load(arguments.checkpoint)
    spectrum, sound = (untie(loaded.part(part)) for part in ("acoustic", "vocoder"))
    assert isinstance(spectrum, AcousticNet)
    assert isinstance(sound, HarmonicVocoder)
    scale = dataclasses.asdict(corpora.load(arguments.data).scale)
    config = AcousticConfig(
        width=spectrum.config.width,
        variance_width=96,
        variance_blocks=6,
        decoder_blocks=2 * spectrum.config.decoder_blocks,
        sentence_position=True,
        dropout=0.0,
        **scale,
    )
    acoustic = AcousticNet(config)
    vocoder = HarmonicVocoder(dataclasses.replace(sound.config, stem_kernel=1))
    copy(spectrum, acoustic)
    copy(sound, vocoder)
    plan = TiePlan.from_toml(TiePlan.read_text(Path("tiny")), "tiny")
    parts, plans, _ = tie_parts({"acoustic": acoustic, "vocoder": vocoder}, plan)
    checkpoint.save(arguments.output, Checkpoint(parts, loaded.audio, {}, plans))


def depth(state: dict[str, torch.Tensor], stack: str) -> int:
    """Return the number of blocks of a stack in a state dict."""
    return 1 + max(int(name[len(stack) :].split(".")[0]) for name in state if name.startswith(stack))


@torch.no_grad()
def copy(source: nn.Module, target: nn.Module) -> None:
    """Copy the weights that fit; blocks of a deeper stack take those at their share of the depth."""
    values, wanted = source.state_dict(), target.state_dict()
    for name, tensor in wanted.items():
        found, share = name, 1.0
        for stack in STACKS:
            if name.startswith(stack):
                depths = [depth(state, stack) for state in (values, wanted)]
                place, rest = name[len(stack) :].split(".", 1)
                found = f"{stack}{int(place) * depths[0] // depths[1]}.{rest}"
                share = depths[0] / depths[1] if rest == "scale" else 1.0
        if found == "stem.weight" and values[found].shape != tensor.shape:
            # The middle of a longer kernel.
            middle, half = values[found].shape[2] // 2, tensor.shape[2] // 2
            tensor.copy_(values[found][:, :, middle - half : middle + half + 1])
        elif found in values and values[found].shape == tensor.shape:
            tensor.copy_(values[found] * share)
    target.load_state_dict(wanted)


if __name__ == "__main__":
    main()

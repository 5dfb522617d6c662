"""How fast a WaveNet makes samples: with what its layers remember kept, and with the whole net for each sample.

    python -m tests.benchmarks.wavenet [--checkpoint CKPT] [--seconds S] [--naive SAMPLES]

Without a checkpoint it is a net of the shipped recipe with random weights, which is as fast. Seconds of
computing on one core; what both make with the same seed is compared.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.benchmarks.places import existing
from tests.nets.wavenet.naive import sample_naively
from tiedtts.audio import lpc
from tiedtts.checkpoints import checkpoint
from tiedtts.nets.wavenet import synthesis
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.training import recipe
from tiedtts.training.recipe import WaveNetRecipe
from tiedtts.tying import count_parameters
from tiedtts_cli import boundary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=existing)
    parser.add_argument("--seconds", type=float, default=5.0, help="of sound, made in pieces at once")
    parser.add_argument("--naive", type=int, default=300, help="samples made the slow way")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = read(arguments.checkpoint)
    config = net.config
    frames = max(1, round(arguments.seconds * config.sample_rate / config.hop))
    rng = np.random.default_rng(0)
    mel = rng.normal(config.mel_mean, 1.0, (frames, config.n_mels)).astype(np.float32)
    filters = lpc.from_mel(mel, config.audio, config.order) if config.condition == "lpc" else None
    told = (mel, filters, np.full(frames, config.log_f0_mean), np.ones(frames))
    # What is imported and set up at the first call is not counted.
    synthesis.generate(net, *told, pieces=frames)
    short = -(-(config.receptive_field + arguments.naive) // config.hop)
    fewer = None if filters is None else lpc.LpcFrames(filters.lsf[:short], filters.log_gain[:short])
    few = (mel[:short], fewer, told[2][:short], told[3][:short])
    count = short * config.hop
    print(f"{count_parameters(net):,} parameters, receptive field {config.receptive_field} samples")
    seconds, cached = timed(lambda: synthesis.generate(net, *few, pieces=1))
    each = seconds / count
    print(f"one piece, cached: {1e6 * each:.0f} us a sample, {each * config.sample_rate:.2f} x real time")
    # The window of the naive loop is full from the first receptive field on.
    begin = config.receptive_field
    before, _ = timed(lambda: sample_naively(net, *few, samples=begin))
    seconds, naive = timed(lambda: sample_naively(net, *few, samples=begin + arguments.naive))
    slow = (seconds - before) / arguments.naive
    print(f"one piece, naive: {1e6 * slow:.0f} us a sample; cached is {slow / each:.0f} times as fast")
    apart = np.abs(cached[: len(naive)] - naive).max() / np.abs(naive).max()
    print(f"largest difference of the two: {apart:.1e} of the largest sample")
    seconds, made = timed(lambda: synthesis.generate(net, *told))
    length = len(made) / config.sample_rate
    print(f"{length:.1f} s in pieces at once: {seconds / length:.2f} x real time")


def read(path: Path | None) -> WaveNet:
    if path is not None:
        loaded = checkpoint.load(path).part("vocoder")
        assert isinstance(loaded, WaveNet)
        return loaded
    vocoder = recipe.load("wavenet").vocoder
    assert isinstance(vocoder, WaveNetRecipe)
    return WaveNet(vocoder.net)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

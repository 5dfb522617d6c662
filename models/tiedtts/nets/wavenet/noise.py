"""Random numbers, drawn beforehand, and the choice of a sample by them from a distribution."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.nets.wavenet import mulaw
from tiedtts.nets.wavenet.conditioning import LIMIT
from tiedtts.nets.wavenet.config import WaveNetConfig
from tiedtts.nets.wavenet.logistics import LOCATION_LIMIT, LOG_SCALE_RANGE

Array = npt.NDArray[np.float32]

EDGE = 1e-5
"""Chances are kept this far from 0 and 1: a logistic distribution has long tails."""
_BLOCK = 4096


@dataclass(frozen=True)
class Noise:
    """Random numbers for S samples: those of a sample depend on its place and the seed alone."""

    choice: Array
    """Gumbel noise for components, (S, K), or uniform numbers for mu-law, (S, 1)."""
    place: Array
    """Standard logistic noise, (S,)."""

    @classmethod
    def draw(cls, config: WaveNetConfig, seed: int, first: int, count: int) -> "Noise":
        """Draw for samples `first` to `first + count`."""
        width = config.components if config.output == "logistics" else 1
        blocks = range(first // _BLOCK, -(-(first + count) // _BLOCK))
        chances = np.concatenate(
            [np.random.default_rng([seed, block]).random((_BLOCK, width + 1), np.float32) for block in blocks]
        )[first % _BLOCK :][:count]
        chances = np.clip(chances, EDGE, 1 - EDGE)
        if config.output == "mu-law":
            return cls(chances[:, :1], chances[:, 1])
        return cls(-np.log(-np.log(chances[:, :-1])), np.log(chances[:, -1]) - np.log1p(-chances[:, -1]))


def draw_samples(
    config: WaveNetConfig, answer: Array, choice: Array, place: Array, sharpness: Array
) -> Array:
    """Draw one sample in each of B pieces.

    Args:
        config: Configuration of the net.
        answer: Parameters of the distributions, (B, config.outputs).
        choice: `Noise.choice` of the sample, (B, K) or (B, 1).
        place: `Noise.place` of the sample, (B,).
        sharpness: Temperature, (B,).

    Returns:
        In units of the gain, within `LIMIT`, (B,).
    """
    if config.output == "mu-law":
        logits = answer / sharpness[:, None]
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        heap = np.cumsum(weights, axis=1)
        numbers = (heap < choice * heap[:, -1:]).sum(axis=1)
        return np.asarray(_MULAW[np.minimum(numbers, mulaw.LEVELS - 1)], np.float32)
    count = config.components
    chosen = (answer[:, :count] + choice).argmax(axis=1) + _offsets(len(answer), 3 * count)
    flat = answer.ravel()
    location = flat[chosen + count].clip(-LOCATION_LIMIT, LOCATION_LIMIT)
    scale = np.exp(flat[chosen + 2 * count].clip(*LOG_SCALE_RANGE))
    return np.asarray((location + scale * place * sharpness).clip(-LIMIT, LIMIT), np.float32)


_MULAW = mulaw.decode(np.arange(mulaw.LEVELS)) * np.float32(LIMIT)


def _offsets(rows: int, width: int) -> npt.NDArray[np.int64]:
    return np.arange(0, rows * width, width)

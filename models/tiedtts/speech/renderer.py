"""The part of a voice that turns the phones of one sentence into samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tiedtts.audio.settings import AudioSettings
from tiedtts.comparing import ByContent
from tiedtts.text.frontend import Sentence

Factors = npt.NDArray[np.float32]
"""A value for each phone of a sentence, (T,)."""


@dataclass(frozen=True, eq=False)
class Rendering(ByContent):
    """One sentence as sound, without its surroundings."""

    samples: npt.NDArray[np.float32]
    """(S,), at least as long as the phones."""
    durations: npt.NDArray[np.int64]
    """Frames of each phone, (T,)."""
    warnings: tuple[str, ...] = ()
    """Warnings about this sentence."""


class Renderer(Protocol):
    """Turns sentences into samples.

    `OnnxRenderer` does so for voice files, `TorchRenderer` for checkpoints; any other object with these
    members can be the renderer of a `Voice`.
    """

    @property
    def name(self) -> str:
        """Name of the voice."""

    @property
    def audio(self) -> AudioSettings:
        """Sampling rate and frames of the sound."""

    def render(self, sentence: Sentence, *, speed: Factors, shift: Factors, seed: Sequence[int]) -> Rendering:
        """Make the samples of one sentence; the same arguments give the same samples.

        Args:
            sentence: Its phones, T of them; `intonation.moved` gives the pitch the range that its prosody
                wants.
            speed: Speed of each phone, larger is faster, (T,).
            shift: Added to the pitch of each phone, natural logarithm of a ratio, (T,).
            seed: Seed of all that is random.
        """


def mean(values: Factors) -> Factors:
    """Return one value for all phones, (1,)."""
    return values[:1] if (values == values[0]).all() else values.mean(keepdims=True)


def averaging(speed: Factors, shift: Factors) -> tuple[str, ...]:
    """Return the warning of a renderer that has one speed and one pitch a sentence, if it averages them."""
    if (speed == speed[0]).all() and (shift == shift[0]).all():
        return ()
    return ("this voice has one speed and one pitch a sentence: changes within one are averaged",)

"""Joint training: acoustic net and vocoder learn together, from the waveform.

The acoustic net needs no discriminator of its own: the vocoder learns to give its smooth spectra back their
detail, and what is heard in the waveform reaches the acoustic net through the vocoder.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tiedtts.nets.discriminator import MultiDiscriminator
from tiedtts.nets.joint import Heard, JointNet
from tiedtts.training import losses, noise_level
from tiedtts.training.corpus import Corpus, Utterance
from tiedtts.training.joint_recipe import JointRecipe
from tiedtts.training.losses import Ratio
from tiedtts.training.part_recipe import Stage
from tiedtts.training.recipe import AcousticRecipe, VocoderRecipe
from tiedtts.training.tasks.acoustic import AcousticTask
from tiedtts.training.tasks.segments import Segments
from tiedtts.training.tasks.task import AdversarialTask, Batch
from tiedtts.training.tasks.vocoder import VocoderTask, check_segment

JUDGED_FRAMES = ("mel", "f0", "voicing")
"""Losses of the acoustic net's own frames that are told of held-out recordings."""
MOST_SEEN = 64
"""Training recordings that scales are measured on where nothing is held out."""
INPUTS = (
    *("ids", "mask", "pitch", "energy", "index", "position", "frame_mask", "place"),
    *("log_f0", "voiced", "pulses", "noise"),
)
"""Names in a batch of what the net is given, in order."""


class JointTask(AdversarialTask):
    """Data and losses of both nets together.

    Args:
        corpus: Recordings.
        recipe: Settings.
        net: Both nets.
        judges: Discriminators to begin with; fresh ones if None.
    """

    name = "joint"
    recipe: JointRecipe
    draws = True
    # No loss of the waveform reaches the predictor of durations, pitch and energy.
    fixed = ("acoustic.variance.*",)
    keeps_discriminators = True

    def __init__(
        self, corpus: Corpus, recipe: JointRecipe, net: JointNet, judges: MultiDiscriminator | None = None
    ) -> None:
        self.recipe, self.audio, self.net = recipe, corpus.audio, net
        self.repulsion = 0.0
        self._judges = judges
        self.turns = len(recipe.windows) if recipe.in_turn else 1
        check_segment(recipe.segment_frames, corpus.audio.hop, (*losses.RESOLUTIONS, *recipe.windows))
        if recipe.noise != (1.0, 1.0):
            noise_level.check(net.vocoder)
        # What knows how to measure and show one net alone, of recordings that are not trained on.
        some = dataclasses.replace(corpus, train=() if corpus.heldout else corpus.train[:MOST_SEEN])
        stages, frames = recipe.stages, recipe.segment_frames
        self.spectrum = AcousticTask(some, AcousticRecipe(stages=stages, discard=0.0), net.acoustic)
        self.sound = VocoderTask(some, VocoderRecipe(stages=stages, segment_frames=frames), net.vocoder)
        self.segments = Segments(
            corpus.train, net.acoustic.config, corpus.audio, frames, recipe.context_frames
        )
        self.lengths = [u.features.frames for u in corpus.train]
        self.weights = {
            "mel": recipe.mel_weight,
            "f0": recipe.f0_weight,
            "voicing": recipe.voicing_weight,
            "phase": recipe.phase_weight,
        }
        for kind in ("log", "convergence"):
            for window in losses.RESOLUTIONS:
                self.weights[f"{kind}{window}"] = recipe.spectral_weight / len(losses.RESOLUTIONS)

    def begin(self, stage: Stage) -> None:
        """Take over the stage's weight of the distance between two samples."""
        self.repulsion = stage.repulsion

    def discriminator(self) -> MultiDiscriminator:
        """Return a discriminator for each window: those of the stage before if there was one."""
        if self._judges is None:
            self._judges = fresh_judges(self.recipe)
        return self._judges

    def batch(self, indices: Sequence[int], seeds: Sequence[int]) -> Batch:
        """Cut a random segment out of each recording; a shorter one goes on with digital silence."""
        return self.segments.batch(indices, seeds, 2 if self.repulsion else 1)

    def losses(self, net: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Ratio]]:
        """Say the segments, and compare frames and samples with the recordings."""
        # A shared weight with an adapter is put together once, not wherever it is read.
        with parametrize.cached():
            heard: Heard = net(*(batch[name] for name in INPUTS))
        config, real, voiced = self.segments.config, batch["real"], batch["voiced"]
        tone = (batch["log_f0"] - config.log_f0_mean) / config.log_f0_std
        parts = {
            "mel": losses.masked((heard.mel - batch["mel"]).abs().mean(-1), real),
            "f0": losses.masked((heard.log_f0 - tone).abs(), voiced * real),
            "voicing": losses.voicing(heard.voicing, voiced, real),
        }
        target = batch["samples"]
        if self.repulsion:
            made, other = (heard.harmonic + heard.noise[:, drawing] for drawing in (0, 1))
            parts |= losses.spectral_energy(made, other, target, self.repulsion)
        else:
            made = heard.harmonic + heard.noise
            parts |= losses.multi_resolution(made, target)
        hop, rate = self.audio.hop, self.audio.sample_rate
        parts["phase"] = losses.harmonic_phase(
            heard.harmonic, target, voiced, hop, rate, self.recipe.phase_top_hz
        )
        return made, parts

    def views(self, outputs: Tensor, batch: Batch, turn: int = 0) -> tuple[list[Tensor], list[Tensor]]:
        """Return the log spectrograms that the discriminator whose turn it is compares, or all of them."""
        windows = self.recipe.windows[turn : turn + 1] if self.recipe.in_turn else self.recipe.windows
        made, real = (
            [losses.judged_view(signal, window) for window in windows]
            for signal in (outputs, batch["samples"])
        )
        return made, real

    @torch.no_grad()
    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Return losses on held-out recordings: of frames, and of the spectra of what both nets make."""
        assert isinstance(net, JointNet)
        frames = self.spectrum.evaluate(net.acoustic)
        told = {name: frames[name] for name in JUDGED_FRAMES if name in frames}
        return told | self.sound.distance(net.vocoder, self._foretold(net, self.sound.heldout))

    @torch.no_grad()
    def illustrate(self, net: nn.Module, folder: Path) -> None:
        """Save spectra of the illustrated recordings, and what both nets make of their phones and pitch."""
        assert isinstance(net, JointNet)
        self.spectrum.illustrate(net.acoustic, folder)
        self.sound.draw(net.vocoder, self._foretold(net, self.sound.shown), folder)

    def finish(self, net: nn.Module) -> None:
        """Measure the acoustic net's scales anew, and set how loud the noise is."""
        assert isinstance(net, JointNet)
        self.spectrum.finish(net.acoustic)
        noise_level.change(net.vocoder, *self.recipe.noise, self.recipe.noise_hz)

    def _foretold(self, net: JointNet, utterances: Sequence[Utterance]) -> list[Utterance]:
        """Return recordings with the mel spectra that the acoustic net makes in place of their own."""
        return [
            dataclasses.replace(
                u, features=dataclasses.replace(u.features, mel=self.spectrum.foretell(net.acoustic, u))
            )
            for u in utterances
        ]


def fresh_judges(recipe: JointRecipe) -> MultiDiscriminator:
    """Return a fresh discriminator for each window."""
    return MultiDiscriminator(len(recipe.windows), recipe.channels)

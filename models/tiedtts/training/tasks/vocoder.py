"""Training of the vocoder: mel and pitch to samples."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tiedtts.audio import excitation, files
from tiedtts.audio.mel import FLOOR
from tiedtts.errors import ConfigError
from tiedtts.nets.discriminator import MultiDiscriminator
from tiedtts.nets.vocoder import HarmonicVocoder
from tiedtts.training import losses, pictures
from tiedtts.training.corpus import Corpus, Utterance
from tiedtts.training.losses import Ratio
from tiedtts.training.part_recipe import Stage
from tiedtts.training.recipe import VocoderRecipe
from tiedtts.training.tasks.task import AdversarialTask, Batch

JUDGED = (1024,)
"""Windows of the discriminators' spectrograms, samples: long enough to tell harmonics from noise."""
JUDGE_CHANNELS = 8
"""First width of a discriminator: a wider one would cost more than the vocoder itself."""
HELDOUT = 16
"""Held-out recordings that are vocoded at each evaluation."""
PredictMel = Callable[[Utterance], npt.NDArray[np.float32]]
"""Predicts the mel spectrogram, (F, M), of a recording's phones by an acoustic net."""


class VocoderTask(AdversarialTask):
    """The vocoder's data and losses."""

    name = "vocoder"
    recipe: VocoderRecipe
    draws = True

    def __init__(
        self,
        corpus: Corpus,
        recipe: VocoderRecipe,
        net: HarmonicVocoder | None,
        predict: PredictMel | None = None,
    ) -> None:
        self.recipe = recipe
        self.repulsion = 0.0
        self.audio = corpus.audio
        check_segment(recipe.segment_frames, corpus.audio.hop, losses.RESOLUTIONS)
        if net is None:
            config = dataclasses.replace(
                recipe.net,
                n_mels=corpus.audio.n_mels,
                hop=corpus.audio.hop,
                sample_rate=corpus.audio.sample_rate,
                **dataclasses.asdict(corpus.scale),
            )
            net = HarmonicVocoder(config)
        self.net: nn.Module = net
        names = [f"{kind}{n}" for n in losses.RESOLUTIONS for kind in ("log", "convergence")]
        self.weights = {name: 1 / len(losses.RESOLUTIONS) for name in names}
        self.weights["complex"] = recipe.complex_weight
        self.train = corpus.train
        # Every nth, so that the choice does not hang on the order of the prompts.
        self.heldout = corpus.heldout[:: max(1, len(corpus.heldout) // HELDOUT)][:HELDOUT]
        self.shown = corpus.illustrated
        self.lengths = [u.features.frames for u in self.train]
        self.pulses = [self._pulses(u, locked=True) for u in self.train]
        self.predicted = None if predict is None else [predict(u) for u in self.train]

    def begin(self, stage: Stage) -> None:
        """Take over the stage's weight of the distance between two samples."""
        self.repulsion = stage.repulsion

    def discriminator(self) -> MultiDiscriminator:
        """Return a fresh discriminator for each spectrogram."""
        return MultiDiscriminator(len(JUDGED), JUDGE_CHANNELS)

    def _pulses(self, utterance: Utterance, *, locked: bool) -> npt.NDArray[np.float32]:
        """Return the pulse train at a recording's pitch, with its phase or free, (S,)."""
        f = utterance.features
        phase = f.phase if locked else None
        voiced = f.voiced.astype(np.float32)
        return excitation.pulse_train(f.log_f0, voiced, self.audio.hop, self.audio.sample_rate, phase)

    def batch(self, indices: Sequence[int], seeds: Sequence[int]) -> Batch:
        """Cut a random segment out of each recording; a shorter one goes on with digital silence."""
        size, hop = self.recipe.segment_frames, self.audio.hop
        silence = float(np.log(FLOOR))
        shape = (2, size * hop) if self.repulsion else (size * hop,)
        rows: list[dict[str, npt.NDArray[np.float32]]] = []
        for index, seed in zip(indices, seeds, strict=True):
            rng = np.random.default_rng(seed)
            f = self.train[index].features
            start = int(rng.integers(0, max(1, f.frames - size + 1)))
            frames, samples = slice(start, start + size), slice(start * hop, (start + size) * hop)
            mel = f.mel
            if self.predicted is not None and rng.random() < self.recipe.predicted_mels:
                mel = self.predicted[index]
            rows.append(
                {
                    "mel": _fit(mel[frames], size, silence),
                    "log_f0": _fit(f.log_f0[frames], size, float(f.log_f0[-1])),
                    "voiced": _fit(f.voiced[frames].astype(np.float32), size),
                    "pulses": _fit(self.pulses[index][samples], size * hop),
                    "samples": _fit(f.samples[samples], size * hop),
                    "noise": rng.standard_normal(shape).astype(np.float32),
                }
            )
        return {n: torch.from_numpy(np.stack([row[n] for row in rows])) for n in rows[0]}

    def losses(self, net: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Ratio]]:
        """Vocode the segments and compare their spectra."""
        harmonic, noise = net(batch["mel"], batch["log_f0"], batch["voiced"], batch["pulses"], batch["noise"])
        if self.repulsion:
            made, other = harmonic + noise[:, 0], harmonic + noise[:, 1]
            parts = losses.spectral_energy(made, other, batch["samples"], self.repulsion)
        else:
            made = harmonic + noise
            parts = losses.multi_resolution(made, batch["samples"])
        parts["complex"] = losses.complex_spectral(
            harmonic,
            batch["samples"],
            batch["voiced"],
            self.audio.hop,
            self.audio.sample_rate,
            self.recipe.complex_top_hz,
        )
        return made, parts

    def views(self, outputs: Tensor, batch: Batch, turn: int = 0) -> tuple[list[Tensor], list[Tensor]]:
        """Return log spectrograms at the resolutions of the discriminators."""
        made: list[Tensor] = []
        real: list[Tensor] = []
        for window in JUDGED:
            for signal, views in ((outputs, made), (batch["samples"], real)):
                views.append(losses.judged_view(signal, window))
        return made, real

    @torch.no_grad()
    def copy(self, net: nn.Module, utterance: Utterance) -> Tensor:
        """Vocode a whole recording from its own mel and pitch, with free phase, (1, S)."""
        device = next(net.parameters()).device
        f = utterance.features
        pulses = self._pulses(utterance, locked=False)
        noise = np.random.default_rng(0).standard_normal(len(pulses)).astype(np.float32)
        arrays = (f.mel, f.log_f0, f.voiced.astype(np.float32), pulses, noise)
        harmonic, hiss = net(*(torch.from_numpy(a)[None].to(device) for a in arrays))
        made: Tensor = harmonic + hiss
        return made

    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Return the mean spectral loss of held-out recordings, vocoded with free phase as in synthesis."""
        return self.distance(net, self.heldout)

    @torch.no_grad()
    def distance(self, net: nn.Module, utterances: Sequence[Utterance]) -> dict[str, float]:
        """Return the mean spectral loss of some recordings, vocoded from their mel; empty without any."""
        total = 0.0
        for utterance in utterances:
            made = self.copy(net, utterance)
            target = torch.from_numpy(utterance.features.samples)[None].to(made.device)
            parts = losses.multi_resolution(made, target[:, : made.shape[1]])
            total += sum(float(part.value) for part in parts.values()) / len(losses.RESOLUTIONS)
        return {"spectral": total / len(utterances)} if utterances else {}

    def illustrate(self, net: nn.Module, folder: Path) -> None:
        """Save the illustrated recordings, vocoded, as sound and as spectrograms."""
        self.draw(net, self.shown, folder)

    @torch.no_grad()
    def draw(self, net: nn.Module, utterances: Sequence[Utterance], folder: Path) -> None:
        """Save some recordings, vocoded from their mel, as sound and as spectrograms."""
        for number, utterance in enumerate(utterances):
            made = self.copy(net, utterance)[0].float().cpu().numpy()
            files.write(folder / f"copy{number}.wav", made, self.audio.sample_rate)
            real = utterance.features.samples
            files.write(folder / f"recorded{number}.wav", real, self.audio.sample_rate)
            pictures.spectrograms(
                folder / f"copy{number}.png",
                {"recorded": real, "made again": made},
                self.audio.sample_rate,
            )


def check_segment(frames: int, hop: int, windows: Sequence[int]) -> None:
    """Refuse segments that are too short for the spectra that are compared.

    Args:
        frames: Length of a segment, in frames of `hop` samples.
        hop: Samples a frame.
        windows: Lengths of the windows, samples.

    Raises:
        ConfigError: The longest window does not fit.
    """
    shortest = -(-(max(windows) // 2 + 1) // hop)
    if frames < shortest:
        raise ConfigError(
            f"`segment_frames` must be at least {shortest}, got: {frames}",
            hint="the longest window of the spectral loss must fit into a segment",
        )


def _fit(values: npt.NDArray[np.float32], length: int, filler: float = 0.0) -> npt.NDArray[np.float32]:
    """Fill the first axis up to a length, so that short recordings can be batched."""
    pad = [(0, length - len(values))] + [(0, 0)] * (values.ndim - 1)
    return np.pad(values, pad, constant_values=filler).astype(np.float32)

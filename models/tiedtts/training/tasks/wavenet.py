"""Training of a WaveNet vocoder: each sample from those before it, all of a segment at once."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tiedtts.audio import files, lpc
from tiedtts.nets.wavenet import conditioning as conditionings
from tiedtts.nets.wavenet import logistics, mulaw, residual, synthesis
from tiedtts.nets.wavenet.conditioning import LIMIT, CleanFrames
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.training import losses, pictures
from tiedtts.training.corpus import Corpus, Utterance
from tiedtts.training.losses import Ratio
from tiedtts.training.recipe import WaveNetRecipe
from tiedtts.training.tasks.task import Batch, Task

Array = npt.NDArray[np.float32]

HELDOUT = 16
"""Held-out segments in each evaluation."""
ILLUSTRATED_S = 1.0
"""Seconds of sound that are generated as an illustration."""
QUANTUM = 1.0 / 32_768.0
"""Step between samples of 16 bits."""


class WaveNetTask(Task):
    """The WaveNet's data and losses."""

    name = "vocoder"
    recipe: WaveNetRecipe
    draws = True

    def __init__(self, corpus: Corpus, recipe: WaveNetRecipe, net: WaveNet | None) -> None:
        self.recipe = recipe
        self.audio = corpus.audio
        if net is None:
            audio = corpus.audio
            net = WaveNet(
                dataclasses.replace(
                    recipe.net,
                    n_mels=audio.n_mels,
                    hop=audio.hop,
                    sample_rate=audio.sample_rate,
                    n_fft=audio.n_fft,
                    f_min=audio.f_min,
                    f_max=audio.f_max,
                    **dataclasses.asdict(corpus.scale),
                )
            )
        self.config = net.config
        self.net: nn.Module = net
        self.weights = {"bits": 1.0}
        self.train = corpus.train
        # Every nth, so that the choice does not hang on the order of the prompts.
        self.heldout = corpus.heldout[:: max(1, len(corpus.heldout) // HELDOUT)][:HELDOUT]
        self.shown = corpus.illustrated[:1]
        self.lengths = [u.features.frames for u in self.train]
        self._conditions: dict[str, CleanFrames] = {}

    def conditions(self, utterance: Utterance) -> CleanFrames:
        """Return a recording's conditioning; computed when it is first asked for."""
        known = self._conditions.get(utterance.name)
        if known is None:
            f, config = utterance.features, self.config
            filters = lpc.analyse(f.samples, self.audio, config.order) if config.condition == "lpc" else None
            known = conditionings.clean_frames(config, f.mel, filters, f.log_f0, f.voiced, f.phase)
            if config.condition == "mel":
                # The mel spectrogram is in memory anyway: only the predictors are worth keeping.
                known = dataclasses.replace(known, features=known.features.astype(np.float16))
            self._conditions[utterance.name] = known
        return known

    def batch(self, indices: Sequence[int], seeds: Sequence[int]) -> Batch:
        """Cut a random segment out of each recording and add noise to its past."""
        rows: list[dict[str, Array]] = []
        for index, seed in zip(indices, seeds, strict=True):
            rng = np.random.default_rng(seed)
            utterance = self.train[index]
            last = max(1, utterance.features.frames - self.recipe.segment_frames + 1)
            rows.append(self.segment(utterance, int(rng.integers(0, last)), rng, self.recipe.noise))
        return {n: torch.from_numpy(np.stack([row[n] for row in rows])) for n in rows[0]}

    def segment(
        self, utterance: Utterance, start: int, rng: np.random.Generator, noise: float
    ) -> dict[str, Array]:
        """Return one segment.

        The net sees a past with noise in it, as its own will have: else it runs away once it goes on alone
        (Valin & Skoglund 2019). The noise is added to what prediction leaves, and what the predictor
        makes of it to the signal.

        Args:
            utterance: Recording; what is beyond its ends is silence.
            start: First frame.
            rng: Source of the noise.
            noise: Its largest standard deviation, in units of the gain.
        """
        config, frames, hop = self.config, self.recipe.segment_frames, self.config.hop
        lead = -(-conditionings.longest_lag(config) // hop)
        given = conditionings.conditioning(config, self.conditions(utterance), start - lead, lead + frames)
        order = given.predictor.shape[1]
        signal = _cut(utterance.features.samples, (start - lead) * hop - order, (start + frames) * hop)
        clean = residual.to_residual(given, signal)
        seen, past = clean, signal
        if noise > 0:
            disturbance = rng.standard_normal(len(clean), np.float32) * np.float32(noise * rng.random())
            seen = clean + disturbance
            past = signal.copy()
            past[order:] += residual.to_signal(given, disturbance)
        first = lead * hop
        return {
            "inputs": residual.net_inputs(config, given, seen, past, first),
            "features": _window(given.features, lead),
            "target": clean[first:],
            "width": (QUANTUM / given.gain[first:]).astype(np.float32),
        }

    def losses(self, net: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Ratio]]:
        """Predict all samples of the segments at once; the loss is in bits a sample."""
        answer = net(batch["inputs"], batch["features"])
        if self.config.output == "logistics":
            nats = logistics.negative_log_likelihood(answer.float(), batch["target"], batch["width"])
        else:
            numbers = mulaw.encode(batch["target"].cpu().numpy() / LIMIT)
            wanted = torch.from_numpy(numbers).to(answer.device)
            nats = F.cross_entropy(answer.float(), wanted, reduction="none")
        return answer, {"bits": losses.mean(nats / math.log(2))}

        return [], []

    @torch.no_grad()
    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Return bits a sample of held-out segments, with a past without noise."""
        device = next(net.parameters()).device
        total = size = 0.0
        for number, utterance in enumerate(self.heldout):
            room = max(1, utterance.features.frames - self.recipe.segment_frames + 1)
            rng = np.random.default_rng(number)
            row = self.segment(utterance, int(rng.integers(0, room)), rng, 0.0)
            batch = {name: torch.from_numpy(array)[None].to(device) for name, array in row.items()}
            ratio = self.losses(net, batch)[1]["bits"]
            total, size = total + float(ratio.total), size + float(ratio.size)
        return {"bits": total / size} if size else {}

    def illustrate(self, net: nn.Module, folder: Path) -> None:
        """Generate a stretch of the illustrated recording from its own features: sound and spectrograms."""
        for number, utterance in enumerate(self.shown):
            f = utterance.features
            count = min(f.frames, max(1, round(ILLUSTRATED_S * self.audio.frame_rate)))
            begin = (f.frames - count) // 2
            stretch = slice(begin, begin + count)
            known = self.conditions(utterance)
            made = synthesis.generate(
                net,
                f.mel[stretch],
                None if known.filters is None else _filters(known, stretch),
                f.log_f0[stretch],
                f.voiced[stretch],
            )
            real = f.samples[begin * self.audio.hop : (begin + count) * self.audio.hop]
            for kind, samples in (("copy", made), ("recorded", real)):
                files.write(folder / f"{kind}{number}.wav", samples, self.audio.sample_rate)
            pictures.spectrograms(
                folder / f"copy{number}.png",
                {"recorded": real, "made again": made},
                self.audio.sample_rate,
            )


def _filters(known: CleanFrames, stretch: slice) -> lpc.LpcFrames:
    assert known.filters is not None
    return lpc.LpcFrames(known.filters.lsf[stretch], known.filters.log_gain[stretch])


def _window(features: Array, lead: int) -> Array:
    """Take away the context of the lead."""
    return np.asarray(features[lead:], np.float32)


def _cut(samples: Array, start: int, end: int) -> Array:
    """Return samples `start` to `end`, with silence beyond the ends of the recording."""
    inside = samples[max(0, start) : max(0, end)]
    before = max(0, -start)
    return np.pad(inside, (before, end - start - before - len(inside)))

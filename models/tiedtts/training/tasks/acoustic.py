"""Training of the acoustic net: phones to mel, pitch, voicing and durations."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tiedtts.nets.acoustic import AcousticNet, FrameTargets, frame_positions
from tiedtts.nets.discriminator import MultiDiscriminator
from tiedtts.nets.variance import Variances
from tiedtts.text.phones import FIRST_SPEECH_ID
from tiedtts.training import losses, pictures
from tiedtts.training.corpus import Corpus, Utterance
from tiedtts.training.losses import Ratio
from tiedtts.training.recipe import AcousticRecipe
from tiedtts.training.tasks.task import AdversarialTask, Batch

MOST_LIVELY = 1.4
"""Largest factor by which predicted pitch is spread: its errors grow with it."""
LIVELINESS = 0.85
"""Share of the recordings' spread of pitch that is aimed for: a wider spread would widen errors, too."""
CROP = 80
"""Frames that the discriminator sees of each recording."""


class AcousticTask(AdversarialTask):
    """The acoustic net's data and losses."""

    name = "acoustic"
    weights = {  # noqa: RUF012
        "mel": 1.0,
        "f0": 0.3,
        "voicing": 0.2,
        "duration": 0.3,
        "pitch": 0.15,
        "energy": 0.3,
    }

    def __init__(self, corpus: Corpus, recipe: AcousticRecipe, net: AcousticNet | None) -> None:
        self.recipe = recipe
        if net is None:
            scale = dataclasses.asdict(corpus.scale)
            net = AcousticNet(dataclasses.replace(recipe.net, n_mels=corpus.audio.n_mels, **scale))
        self.net: nn.Module = net
        self.config = net.config
        self.rate = corpus.audio.frame_rate
        by_score = np.argsort([u.score for u in corpus.train], kind="stable")
        worst = set(by_score[: int(recipe.discard * len(by_score))].tolist())
        self.train = [self._item(u) for n, u in enumerate(corpus.train) if n not in worst]
        self.heldout = [self._item(u) for u in corpus.heldout]
        self.shown = [self._item(u) for u in corpus.illustrated]
        self.lengths = [len(item["mel"]) for item in self.train]

    def discriminator(self) -> MultiDiscriminator:
        """Return a fresh discriminator of mel patches."""
        return MultiDiscriminator(1)

    def _item(self, utterance: Utterance) -> dict[str, npt.NDArray[Any]]:
        """Normalise a recording's features and average them over its phones."""
        config, features = self.config, utterance.features
        mel = (features.mel - config.mel_mean) / config.mel_std
        log_f0 = (features.log_f0 - config.log_f0_mean) / config.log_f0_std
        pitch, energy = phone_means(mel.mean(1), log_f0, features.voiced, utterance.durations)
        return {
            "ids": utterance.ids,
            "durations": utterance.durations,
            "mel": mel.astype(np.float32),
            "log_f0": log_f0.astype(np.float32),
            "voiced": features.voiced.astype(np.float32),
            "pitch": pitch,
            "energy": energy,
        }

    def batch(self, indices: Sequence[int], seeds: Sequence[int]) -> Batch:
        """Collect training recordings, padded to the longest."""
        batch = self._collate([self.train[i] for i in indices])
        frames = [len(self.train[i]["mel"]) for i in indices]
        starts = [
            int(np.random.default_rng(seed).integers(0, max(1, length - CROP + 1)))
            for seed, length in zip(seeds, frames, strict=True)
        ]
        batch["crop"] = torch.tensor(starts)
        return batch

    def _collate(self, items: Sequence[dict[str, npt.NDArray[Any]]]) -> Batch:
        """Pad and stack; the number of frames is a multiple of the decoder's stride."""
        stride = self.config.stride
        phones = max(len(item["ids"]) for item in items)
        frames = max(len(item["mel"]) for item in items)
        frames = -(-frames // stride) * stride
        rows: list[Batch] = []
        for item in items:
            count, length = len(item["ids"]), len(item["mel"])
            own = -(-length // stride) * stride
            index, position = frame_positions(torch.from_numpy(item["durations"]), own)
            row = {name: torch.from_numpy(item[name]) for name in item}
            row["mask"] = torch.ones(count)
            row["index"], row["position"] = index, position
            row["frame_mask"] = torch.ones(length)
            # A frame that only completes the last decoder step is made, but not judged.
            row["step_mask"] = torch.ones(own)
            for name, value in row.items():
                size = phones if name in _PER_PHONE else frames
                pad = [0, 0] * (value.dim() - 1) + [0, size - len(value)]
                row[name] = nn.functional.pad(value, pad)
            rows.append(row)
        return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}

    def losses(self, net: nn.Module, batch: Batch) -> tuple[FrameTargets, dict[str, Ratio]]:
        """Run the net with true durations, pitch and energy, and compare."""
        variances, out = net(
            batch["ids"],
            batch["mask"],
            batch["pitch"],
            batch["energy"],
            batch["index"],
            batch["position"],
            batch["step_mask"],
        )
        return out, acoustic_losses(variances, out, batch)

    def views(self, outputs: FrameTargets, batch: Batch, turn: int = 0) -> tuple[list[Tensor], list[Tensor]]:
        """Cut the same frames out of generated and real mel spectrograms; past a recording both are zero."""
        made: list[Tensor] = []
        real: list[Tensor] = []
        inside = batch["frame_mask"][..., None]
        for row, start in enumerate(batch["crop"].tolist()):
            for source, crops in ((outputs.mel * inside, made), (batch["mel"], real)):
                crop = source[row, start : start + CROP]
                crops.append(nn.functional.pad(crop, (0, 0, 0, CROP - len(crop))))
        return [torch.stack(made)], [torch.stack(real)]

    @torch.no_grad()
    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Return the losses over all held-out recordings."""
        totals = losses.Totals()
        for start in range(0, len(self.heldout), 16):
            batch = self._collate(self.heldout[start : start + 16])
            device = next(net.parameters()).device
            batch = {name: tensor.to(device) for name, tensor in batch.items()}
            _, parts = self.losses(net, batch)
            totals.add_all(parts)
        return totals.means()

    @torch.no_grad()
    def illustrate(self, net: nn.Module, folder: Path) -> None:
        """Save the mel spectrograms of the illustrated recordings, real above generated."""
        for number, item in enumerate(self.shown):
            device = next(net.parameters()).device
            batch = {n: t.to(device) for n, t in self._collate([item]).items()}
            out, _ = self.losses(net, batch)
            made = out.mel[0, : len(item["mel"])].float().cpu().numpy()
            pictures.mels(
                folder / f"mel{number}.png",
                {"recorded": item["mel"], "made": made},
                self.rate,
                np.cumsum(item["durations"]),
            )

    @torch.no_grad()
    def finish(self, net: nn.Module) -> None:
        """Measure and store how much longer durations and how much wider pitch must become."""
        assert isinstance(net, AcousticNet)
        device = next(net.parameters()).device
        frames: list[tuple[float, float]] = []
        pitches: list[npt.NDArray[np.float32]] = []
        for item in self.heldout or self.train:
            ids = torch.from_numpy(item["ids"])[None].to(device)
            mask = torch.ones_like(ids[..., 0], dtype=torch.float32)
            variances = net.predict(ids, mask)
            speech = item["ids"][:, 0] >= FIRST_SPEECH_ID
            said = torch.expm1(variances.log_duration[0]).clamp(min=0).cpu().numpy()[speech].sum()
            frames.append((float(item["durations"][speech].sum()), float(said)))
            said_pitch = variances.pitch[0].float().cpu().numpy()
            pitches.append(np.stack([item["pitch"][speech], said_pitch[speech]]))
        real, made = np.sum(frames, axis=0)
        spread = np.concatenate(pitches, axis=1).std(axis=1)
        changes: dict[str, Any] = {}
        if real and made:
            changes["duration_scale"] = round(float(np.clip(real / made, 0.5, 2.0)), 4)
        if spread[1] > 0:
            changes["pitch_scale"] = round(float(np.clip(spread[0] / spread[1], 1.0, MOST_LIVELY)), 4)
        net.config = dataclasses.replace(net.config, **changes, f0_scale=1.0)
        spreads = [self._f0_spread(net, item) for item in self.heldout or self.train]
        real, made = np.sum(spreads, axis=0)
        if made > 0:
            scale = round(float(np.clip(LIVELINESS * real / made, 1.0, MOST_LIVELY)), 4)
            net.config = dataclasses.replace(net.config, f0_scale=scale)

    def _f0_spread(self, net: AcousticNet, item: dict[str, npt.NDArray[Any]]) -> tuple[float, float]:
        """Return the standard deviation of a recording's pitch and of the predicted pitch."""
        device = next(net.parameters()).device
        ids = torch.from_numpy(item["ids"])[None].to(device)
        one = torch.ones(ids.shape[:2], device=device)
        spoken = net.speak(ids, one, 0 * one)
        made = (spoken.log_f0[0].float().cpu().numpy() - self.config.log_f0_mean) / self.config.log_f0_std
        voiced = spoken.voicing[0].float().cpu().numpy() > 0.5
        real = item["log_f0"][item["voiced"] > 0]
        if len(real) < 2 or voiced.sum() < 2:
            return 0.0, 0.0
        return float(real.std()), float(made[voiced].std())

    def predict(self, utterance: Utterance) -> npt.NDArray[np.float32]:
        """Return the mel spectrogram, (F, M), that the net makes at a recording's own durations."""
        return self.foretell(self.net.eval(), utterance)

    @torch.no_grad()
    def foretell(self, net: nn.Module, utterance: Utterance) -> npt.NDArray[np.float32]:
        """Return the mel spectrogram, (F, M), that any such net makes at a recording's own durations."""
        item = self._item(utterance)
        device = next(net.parameters()).device
        out, _ = self.losses(net, {n: t.to(device) for n, t in self._collate([item]).items()})
        mel = out.mel[0, : len(item["mel"])].float().cpu().numpy()
        scaled = mel * self.config.mel_std + self.config.mel_mean
        return np.asarray(scaled, np.float32)


_PER_PHONE = {"ids", "durations", "pitch", "energy", "mask"}


def acoustic_losses(variances: Variances, out: FrameTargets, batch: Batch) -> dict[str, Ratio]:
    """Compare predictions with the recording, by name."""
    mask, frame_mask = batch["mask"], batch["frame_mask"]
    sounding = mask * (batch["durations"] > 0)
    log_duration = torch.log1p(batch["durations"].float())
    return {
        "mel": losses.masked((out.mel - batch["mel"]).abs().mean(-1), frame_mask),
        "f0": losses.masked((out.log_f0 - batch["log_f0"]).abs(), frame_mask * batch["voiced"]),
        "voicing": losses.voicing(out.voicing, batch["voiced"], frame_mask),
        "duration": losses.masked((variances.log_duration - log_duration) ** 2, mask),
        "pitch": losses.masked((variances.pitch - batch["pitch"]) ** 2, sounding),
        "energy": losses.masked((variances.energy - batch["energy"]) ** 2, sounding),
    }


def phone_means(
    energy: npt.NDArray[np.float32],
    log_f0: npt.NDArray[np.float32],
    voiced: npt.NDArray[np.bool_],
    durations: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Average pitch and energy over phones.

    Args:
        energy: (F,).
        log_f0: (F,).
        voiced: (F,).
        durations: (T,), F in all.

    Returns:
        Pitch and energy, (T,). A phone with fewer than two voiced frames takes its pitch from a straight
        line between its neighbours; one without frames has no energy.
    """
    ends = np.cumsum(durations)
    pitch = np.zeros(len(durations), np.float32)
    means = np.zeros(len(durations), np.float32)
    known = np.zeros(len(durations), np.bool_)
    for phone, (end, duration) in enumerate(zip(ends, durations, strict=True)):
        if duration:
            span = slice(end - duration, end)
            means[phone] = energy[span].mean()
            if voiced[span].sum() >= min(2, duration):
                pitch[phone] = log_f0[span][voiced[span]].mean()
                known[phone] = True
    if known.any():
        where = np.flatnonzero(known)
        pitch = np.interp(np.arange(len(durations)), where, pitch[where]).astype(np.float32)
    return pitch, means

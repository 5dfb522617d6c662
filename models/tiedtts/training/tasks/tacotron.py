"""Training of Tacotron: teacher forcing on the recording's frames, attention guided by its alignment."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tiedtts.audio import lpc
from tiedtts.errors import ConfigError
from tiedtts.nets.tacotron.attention_checks import is_diagonal, keeps_pace
from tiedtts.nets.tacotron.net import Tacotron, TacotronFrames, with_reduction
from tiedtts.nets.tacotron.synthesis import speak
from tiedtts.training import losses, pictures
from tiedtts.training.corpus import Corpus, Utterance
from tiedtts.training.losses import Ratio
from tiedtts.training.part_recipe import Stage
from tiedtts.training.recipe import TacotronRecipe
from tiedtts.training.tasks.task import Batch, Task
from tiedtts.tying import TiedLayer

SPREAD = 0.15
"""Share of the wanted attention that may lie on the neighbours of a phone."""
SPOKEN = 24
"""Held-out texts that are synthesised at each evaluation."""
WIDEST = 1.5
"""Largest factor by which mel bands are spread."""
_PER_PHONE = {"ids", "mask"}
_PER_STEP = {"stop", "wanted", "step_mask"}


class TacotronTask(Task):
    """Tacotron's data and losses."""

    name = "acoustic"

    def __init__(self, corpus: Corpus, recipe: TacotronRecipe, net: Tacotron | None) -> None:
        self.recipe = recipe
        self.own_frames = 0.0
        self.rate = corpus.audio.frame_rate
        order = recipe.net.lpc_order if net is None else net.config.lpc_order
        filters = {
            u.name: lpc.analyse(u.features.samples, corpus.audio, order)
            for u in (*corpus.train, *corpus.heldout)
            if order
        }
        if net is None:
            scale = dataclasses.asdict(corpus.scale)
            net = Tacotron(dataclasses.replace(recipe.net, n_mels=corpus.audio.n_mels, **scale))
            if order:
                rows = np.concatenate([_values(filters[u.name]) for u in corpus.train])
                net.lpc_mean.copy_(torch.from_numpy(rows.mean(0)))
                net.lpc_std.copy_(torch.from_numpy(np.maximum(rows.std(0), 1e-3)))
        elif net.config.reduction != recipe.net.reduction:
            if any(isinstance(layer, TiedLayer) for layer in net.modules()):
                raise ConfigError(
                    f"a tied net keeps its {net.config.reduction} frames a step, the recipe has "
                    f"{recipe.net.reduction}",
                    hint="untie it first: tiedtts untie",
                )
            net = with_reduction(net, recipe.net.reduction)
        self.net: nn.Module = net
        self.config = net.config
        self.weights = {
            "coarse": 0.5,
            "mel": 1.0,
            "stop": 0.1,
            "attention": recipe.attention_weight,
            "lpc": recipe.lpc_weight,
            "f0": 0.3,
            "voicing": 0.2,
        }
        self.scale = (net.lpc_mean.numpy(), net.lpc_std.numpy()) if order else None
        by_score = np.argsort([u.score for u in corpus.train], kind="stable")
        worst = set(by_score[: int(recipe.discard * len(by_score))].tolist())
        train = [u for n, u in enumerate(corpus.train) if n not in worst]
        self.train = [self._item(u, filters.get(u.name)) for u in train]
        self.heldout = [self._item(u, filters.get(u.name)) for u in corpus.heldout]
        self.speech = [np.array([p.is_speech for p in u.phones]) for u in corpus.heldout]
        self.durations = [u.durations for u in corpus.heldout]
        self.shown = [(u.text, self._item(u, filters.get(u.name))) for u in corpus.illustrated]
        self.lengths = [len(item["mel"]) for item in self.train]

    def begin(self, stage: Stage) -> None:
        """Take over the stage's share of steps that read the net's own frames."""
        self.own_frames = stage.own_frames

    def _item(self, utterance: Utterance, filters: lpc.LpcFrames | None) -> dict[str, npt.NDArray[Any]]:
        """Normalise a recording's features, with the attention that its alignment asks for."""
        config, features, reduction = self.config, utterance.features, self.config.reduction
        mel = (features.mel - config.mel_mean) / config.mel_std
        steps = -(-len(mel) // reduction)
        stop = np.zeros(steps, np.float32)
        stop[-1] = 1.0
        item: dict[str, npt.NDArray[Any]] = {
            "ids": utterance.ids,
            "mel": mel.astype(np.float32),
            "wanted": wanted_attention(utterance.durations, steps, reduction),
            "stop": stop,
            "step_mask": np.ones(steps, np.float32),
        }
        if filters is not None and self.scale is not None:
            mean, std = self.scale
            item["lpc"] = ((_values(filters) - mean) / std).astype(np.float32)
            log_f0 = (features.log_f0 - config.log_f0_mean) / config.log_f0_std
            item["log_f0"] = log_f0.astype(np.float32)
            item["voiced"] = features.voiced.astype(np.float32)
        return item

    def batch(self, indices: Sequence[int], seeds: Sequence[int]) -> Batch:
        """Collect training recordings, padded to the longest."""
        return self._collate([self.train[i] for i in indices])

    def _collate(self, items: Sequence[dict[str, npt.NDArray[Any]]]) -> Batch:
        """Pad and stack; the number of frames is a multiple of those of a step."""
        phones = max(len(item["ids"]) for item in items)
        steps = max(len(item["stop"]) for item in items)
        rows: list[Batch] = []
        for item in items:
            row = {name: torch.from_numpy(value) for name, value in item.items()}
            row["mask"] = torch.ones(len(item["ids"]))
            row["frame_mask"] = torch.ones(len(item["mel"]))
            row["wanted"] = nn.functional.pad(row["wanted"], [0, phones - row["wanted"].shape[1]])
            for name, value in row.items():
                size = phones if name in _PER_PHONE else steps
                size *= 1 if name in _PER_PHONE | _PER_STEP else self.config.reduction
                row[name] = nn.functional.pad(value, [0, 0] * (value.dim() - 1) + [0, size - len(value)])
            rows.append(row)
        return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}

    def losses(self, net: nn.Module, batch: Batch) -> tuple[TacotronFrames, dict[str, Ratio]]:
        """Run the net by teacher forcing and compare its frames with the recordings."""
        out: TacotronFrames = net(
            batch["ids"], self._followed(net, batch), batch["mask"], batch["frame_mask"]
        )
        mask, steps = batch["frame_mask"], batch["step_mask"]
        parts = {
            "coarse": losses.masked(_distance(out.coarse, batch["mel"]), mask),
            "mel": losses.masked(_distance(out.mel, batch["mel"]), mask),
            "stop": losses.masked(
                nn.functional.binary_cross_entropy_with_logits(
                    out.stop, batch["stop"], reduction="none", pos_weight=out.stop.new_tensor(5.0)
                ),
                steps,
            ),
            # Cross-entropy: the alignment is known, so attention does not have to find it.
            "attention": losses.masked(
                -(batch["wanted"] * torch.log(out.attention.clamp(min=1e-6))).sum(-1), steps
            ),
        }
        if out.lpc is not None and out.log_f0 is not None and out.voicing is not None:
            voiced = mask * batch["voiced"]
            parts["lpc"] = losses.masked((out.lpc - batch["lpc"]).abs().mean(-1), mask)
            parts["f0"] = losses.masked((out.log_f0 - batch["log_f0"]).abs(), voiced)
            parts["voicing"] = losses.voicing(out.voicing, batch["voiced"], mask)
        return out, parts

    def _followed(self, net: nn.Module, batch: Batch) -> Tensor:
        """Return the frames that steps read: some are the net's own, as in synthesis (scheduled sampling).

        Those it says after true frames: Duckworth et al., "Parallel scheduled sampling", 2019.
        """
        mel, share = batch["mel"], self.own_frames
        if not net.training or not share:
            return mel
        with torch.no_grad():
            own = net(batch["ids"], mel, batch["mask"], batch["frame_mask"]).coarse
        reduction = self.config.reduction
        chosen = torch.rand(len(mel), mel.shape[1] // reduction, 1, device=mel.device) < share
        return torch.where(chosen.repeat_interleave(reduction, 1), own, mel)

    @torch.no_grad()
    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Return the losses over held-out recordings, and the share with diagonal attention in synthesis."""
        assert isinstance(net, Tacotron)
        totals = losses.Totals()
        device = next(net.parameters()).device
        for start in range(0, len(self.heldout), 16):
            batch = self._collate(self.heldout[start : start + 16])
            _, parts = self.losses(net, {name: tensor.to(device) for name, tensor in batch.items()})
            totals.add_all(parts)
        chosen = range(0, len(self.heldout), max(1, len(self.heldout) // SPOKEN))
        diagonal = []
        for at in chosen:
            attention = speak(net, self._ids(at, device), window=None).attention
            speech = self.speech[at]
            pace = keeps_pace(attention, self.durations[at], speech)
            diagonal.append(pace and is_diagonal(attention, speech))
        return totals.means() | ({"attention_diagonal": float(np.mean(diagonal))} if diagonal else {})

    def _ids(self, at: int, device: torch.device) -> Tensor:
        return torch.from_numpy(self.heldout[at]["ids"]).to(device)

    @torch.no_grad()
    def illustrate(self, net: nn.Module, folder: Path) -> None:
        """Save spectrograms and attention of the illustrated texts in free synthesis."""
        assert isinstance(net, Tacotron)
        device = next(net.parameters()).device
        for number, (text, item) in enumerate(self.shown):
            spoken = speak(net, torch.from_numpy(item["ids"]).to(device))
            made = (spoken.mel - self.config.mel_mean) / self.config.mel_std
            pictures.mels(folder / f"mel{number}.png", {"recorded": item["mel"], "made": made}, self.rate)
            labels = [str(at) for at in range(spoken.attention.shape[1])]
            pictures.matrix(folder / f"attention{number}.png", spoken.attention, labels, text)

    @torch.no_grad()
    def finish(self, net: nn.Module) -> None:
        """Measure and store how much wider the spread of mel bands must become in free synthesis."""
        assert isinstance(net, Tacotron)
        net.config = dataclasses.replace(net.config, mel_spread=1.0)
        device = next(net.parameters()).device
        items = self.heldout or self.train
        spread = []
        for item in items[:: max(1, len(items) // SPOKEN)]:
            spoken = speak(net, torch.from_numpy(item["ids"]).to(device))
            spread.append((item["mel"].std(0) * self.config.mel_std, spoken.mel.std(0)))
        real, made = np.mean(spread, axis=0)
        # Bands that hold nothing but noise differ most, and matter least.
        ratio = float(np.median(real / np.maximum(made, 1e-3)))
        net.config = dataclasses.replace(net.config, mel_spread=round(float(np.clip(ratio, 1.0, WIDEST)), 4))


def wanted_attention(durations: npt.NDArray[np.int64], steps: int, reduction: int) -> npt.NDArray[np.float32]:
    """Return the attention that an alignment asks for, (N, T): each step looks mostly at its own phones.

    Args:
        durations: Frames of each phone, (T,).
        steps: N, of `reduction` frames each; past the last frame it looks at the last phone.
        reduction: Frames of a step, r.
    """
    phone = np.repeat(np.arange(len(durations)), durations)
    phone = np.pad(phone, (0, steps * reduction - len(phone)), constant_values=len(durations) - 1)
    said = np.zeros((steps, len(durations)), np.float32)
    np.add.at(said, (np.arange(len(phone)) // reduction, phone), 1 / reduction)
    wide = np.pad(said, ((0, 0), (1, 1)))
    soft = (1 - SPREAD) * said + SPREAD / 2 * (wide[:, :-2] + wide[:, 2:])
    return np.asarray(soft / soft.sum(1, keepdims=True), np.float32)


def _values(filters: lpc.LpcFrames) -> npt.NDArray[np.float32]:
    return np.concatenate([filters.lsf, filters.log_gain[:, None]], axis=1).astype(np.float32)


def _distance(made: Tensor, real: Tensor) -> Tensor:
    """Absolute and squared distance of frames, (B, F, M) to (B, F)."""
    difference = made - real
    return (difference.abs() + 0.5 * difference.square()).mean(-1)

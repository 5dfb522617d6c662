"""Training of DeepSpeech: which phones or letters were said, but not when."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tiedtts.measure import ctc, recognition
from tiedtts.nets.deepspeech import BLANK, DeepSpeech, steps_of
from tiedtts.text.normalize import normalize
from tiedtts.training import augmentation, losses, pictures
from tiedtts.training.corpus import Corpus, Utterance
from tiedtts.training.losses import Ratio
from tiedtts.training.recipe import DeepSpeechRecipe
from tiedtts.training.tasks.task import Batch

Item = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]
"""Mel spectrogram, (F, M), and labels, (L,)."""


class DeepSpeechTask:
    """DeepSpeech's data and loss."""

    name = "aligner"
    draws = False
    weights = {"ctc": 1.0}  # noqa: RUF012

    def __init__(self, corpus: Corpus, recipe: DeepSpeechRecipe, net: DeepSpeech | None) -> None:
        self.recipe = recipe
        if net is None:
            scale = corpus.scale
            net = DeepSpeech(
                dataclasses.replace(
                    recipe.net,
                    n_mels=corpus.audio.n_mels,
                    mel_mean=scale.mel_mean,
                    mel_std=scale.mel_std,
                )
            )
        self.net: nn.Module = net
        self.classes = net.config.classes
        self.error = "phone_error_rate" if net.config.units == "phones" else "letter_error_rate"
        self.floor = net.config.mel_mean
        self.train = [self._item(u) for u in corpus.train]
        self.heldout = [self._item(u) for u in corpus.heldout]
        self.texts = [u.text for u in corpus.heldout]
        self.lengths = [len(mel) for mel, _ in self.train]

    def _item(self, utterance: Utterance) -> Item:
        return utterance.features.mel, labels_of(utterance, self.classes)

    def discriminator(self) -> None:
        """There is nothing to judge."""
        return None

    def batch(self, indices: Sequence[int], seeds: Sequence[int]) -> Batch:
        """Collect recordings, disguised."""
        items = []
        for index, seed in zip(indices, seeds, strict=True):
            mel, labels = self.train[index]
            items.append((augmentation.disguise(mel, self.floor, seed), labels))
        return _collate(items)

    def losses(self, net: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Ratio]]:
        """Add up all ways to say the labels: the loss of a label."""
        logits = net(batch["mel"], batch["frames"])
        loss = nn.functional.ctc_loss(
            logits.float().log_softmax(-1).transpose(0, 1),
            batch["labels"],
            steps_of(batch["frames"]),
            batch["count"],
            blank=BLANK,
            reduction="none",
            # A recording with fewer steps than labels can teach nothing.
            zero_infinity=True,
        )
        return logits, {"ctc": losses.Ratio(loss.sum(), batch["count"].sum().float())}

    def views(self, outputs: Any, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
        """There is nothing to judge."""
        raise NotImplementedError

    @torch.no_grad()
    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Return loss and error rate of all held-out recordings, by greedy decoding."""
        total = size = errors = said = 0.0
        device = next(net.parameters()).device
        for start in range(0, len(self.heldout), 8):
            items = self.heldout[start : start + 8]
            batch = {name: tensor.to(device) for name, tensor in _collate(items).items()}
            logits, parts = self.losses(net, batch)
            total, size = total + float(parts["ctc"].total), size + float(parts["ctc"].size)
            for row, steps, (_, labels) in zip(logits, steps_of(batch["frames"]), items, strict=True):
                heard = ctc.greedy(row[: int(steps)].float().cpu().numpy())
                errors += recognition.edits(heard, labels.tolist()).total
                said += len(labels)
        return {"ctc": total / max(size, 1.0)} | ({self.error: errors / said} if said else {})

    @torch.no_grad()
    def illustrate(self, net: nn.Module, folder: Path) -> None:
        """Save what the net hears in two held-out recordings."""
        device = next(net.parameters()).device
        for number, item in enumerate(self.heldout[:2]):
            logits, _ = self.losses(net, {n: t.to(device) for n, t in _collate([item]).items()})
            pictures.matrix(
                folder / f"{self.error.split('_')[0]}s{number}.png",
                logits[0].float().softmax(-1).cpu().numpy(),
                ["blank", *self.classes[1:]],
                self.texts[number],
            )

    def finish(self, net: nn.Module) -> None:
        """There is nothing left to measure."""


def labels_of(utterance: Utterance, classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return what was said as classes, (L,): phones without pauses, or letters and spaces."""
    index = {symbol: at for at, symbol in enumerate(classes)}
    if "a" in index:
        said = [index[letter] for letter in normalize(utterance.text).lower() if letter in index]
    else:
        said = [index[phone.symbol] for phone in utterance.phones if phone.is_speech]
    return np.array(said, dtype=np.int64)


def _collate(items: Sequence[Item]) -> Batch:
    """Pad to the longest recording and the most labels, and stack."""
    frames = max(len(mel) for mel, _ in items)
    most = max(len(labels) for _, labels in items)
    pad = nn.functional.pad
    return {
        "mel": torch.stack([pad(torch.from_numpy(mel), (0, 0, 0, frames - len(mel))) for mel, _ in items]),
        "frames": torch.tensor([len(mel) for mel, _ in items]),
        "labels": torch.stack(
            [pad(torch.from_numpy(labels), (0, most - len(labels))) for _, labels in items]
        ),
        "count": torch.tensor([len(labels) for _, labels in items]),
    }

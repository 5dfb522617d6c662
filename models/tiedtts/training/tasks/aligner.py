"""Training of the phone recogniser on the frames that alignment gave to each phone."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tiedtts.measure import recognition, symbols
from tiedtts.nets.recognizer import CLASSES, Recognizer
from tiedtts.training import frame_labels, losses, pictures
from tiedtts.training.augmentation import augment
from tiedtts.training.corpus import Corpus
from tiedtts.training.losses import Ratio
from tiedtts.training.recipe import AlignerRecipe, Stage
from tiedtts.training.tasks.task import Batch


class AlignerTask:
    """The recogniser's data and losses."""

    name = "aligner"
    draws = False
    weights = {"phone": 1.0}  # noqa: RUF012

    def __init__(self, corpus: Corpus, recipe: AlignerRecipe, net: Recognizer | None) -> None:
        self.recipe = recipe
        if net is None:
            scale = corpus.scale
            net = Recognizer(
                dataclasses.replace(
                    recipe.net,
                    n_mels=corpus.audio.n_mels,
                    mel_mean=scale.mel_mean,
                    mel_std=scale.mel_std,
                )
            )
        self.net: nn.Module = net
        self.floor = net.config.mel_mean
        self.train = [frame_labels.label(u) for u in corpus.train]
        self.heldout = [frame_labels.label(u) for u in corpus.heldout]
        self.texts = [u.text for u in corpus.heldout]
        self.lengths = [len(labels) for _, labels in self.train]
        self.grammar = recognition.Grammar.count([labels for _, labels in self.train])
        net.set_grammar(self.grammar.log_prior, self.grammar.log_bigram)

    def begin(self, stage: Stage) -> None:
        """All stages are alike."""

    def discriminator(self) -> None:
        """There is nothing to judge."""
        return None

    def batch(self, indices: Sequence[int], seeds: Sequence[int]) -> Batch:
        """Collect recordings and change what does not matter in them."""
        pairs = zip(indices, seeds, strict=True)
        return frame_labels.collate(
            [(augment(self.train[i][0], self.floor, seed), self.train[i][1]) for i, seed in pairs]
        )

    def losses(self, net: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Ratio]]:
        """Compare the distribution of each frame with its phone."""
        logits = net(batch["mel"], batch["mask"])
        loss = nn.functional.cross_entropy(
            logits.transpose(1, 2), batch["labels"], reduction="none", label_smoothing=0.05
        )
        wrong = (logits.argmax(-1) != batch["labels"]).float()
        return logits, {
            "phone": losses.masked(loss, batch["mask"]),
            "frame_error": losses.masked(wrong, batch["mask"]),
        }

    def views(self, outputs: Any, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
        """There is nothing to judge."""
        raise NotImplementedError

    @torch.no_grad()
    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Return the losses and the phone error rate of all held-out recordings."""
        sums: dict[str, tuple[float, float]] = {}
        errors = phones = 0
        device = next(net.parameters()).device
        for item in self.heldout:
            batch = {name: tensor.to(device) for name, tensor in frame_labels.collate([item]).items()}
            logits, parts = self.losses(net, batch)
            for name, ratio in parts.items():
                total, count = sums.get(name, (0.0, 0.0))
                sums[name] = total + float(ratio.total), count + float(ratio.size)
            heard = recognition.decode(logits[0].float().cpu().numpy(), self.grammar)
            said = symbols.collapse(item[1])
            errors += recognition.edits(heard, said).total
            phones += len(said)
        values = {name: total / max(count, 1e-8) for name, (total, count) in sums.items()}
        return values | ({"phone_error_rate": errors / phones} if phones else {})

    @torch.no_grad()
    def illustrate(self, net: nn.Module, folder: Path) -> None:
        """Save what the net hears in two held-out recordings."""
        device = next(net.parameters()).device
        for number, item in enumerate(self.heldout[:2]):
            logits, _ = self.losses(net, {n: t.to(device) for n, t in frame_labels.collate([item]).items()})
            pictures.matrix(
                folder / f"phones{number}.png",
                logits[0].float().softmax(-1).cpu().numpy(),
                CLASSES,
                self.texts[number],
            )

    def finish(self, net: nn.Module) -> None:
        """There is nothing left to measure."""

"""Training of the phone recogniser on the frames that alignment gave to each phone."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from tiedtts.measure import recognition, symbols
from tiedtts.nets.recognizer import CLASSES, Recognizer
from tiedtts.training import frame_labels, losses, pictures
from tiedtts.training.augmentation import augment
from tiedtts.training.corpus import Corpus
from tiedtts.training.losses import Ratio
from tiedtts.training.recipe import AlignerRecipe
from tiedtts.training.tasks.task import Batch, Task


class AlignerTask(Task):
    """The recogniser's data and losses."""

    name = "aligner"
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
        self.shown = [(frame_labels.label(u), u.text) for u in corpus.illustrated]
        self.lengths = [len(labels) for _, labels in self.train]
        self.grammar = recognition.Grammar.count([labels for _, labels in self.train])
        net.set_grammar(self.grammar.log_prior, self.grammar.log_bigram)

    def batch(self, indices: Sequence[int], seeds: Sequence[int]) -> Batch:
        """Collect recordings, augmented and padded to the longest."""
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

    @torch.no_grad()
    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Return the losses and the phone error rate of all held-out recordings."""
        totals = losses.Totals()
        errors = phones = 0
        device = next(net.parameters()).device
        for item in self.heldout:
            batch = {name: tensor.to(device) for name, tensor in frame_labels.collate([item]).items()}
            logits, parts = self.losses(net, batch)
            totals.add_all(parts)
            heard = recognition.decode(logits[0].float().cpu().numpy(), self.grammar)
            said = symbols.collapse(item[1])
            errors += recognition.edits(heard, said).total
            phones += len(said)
        return totals.means() | ({"phone_error_rate": errors / phones} if phones else {})

    @torch.no_grad()
    def illustrate(self, net: nn.Module, folder: Path) -> None:
        """Draw the distribution over phones in the illustrated recordings."""
        device = next(net.parameters()).device
        for number, (item, text) in enumerate(self.shown):
            logits, _ = self.losses(net, {n: t.to(device) for n, t in frame_labels.collate([item]).items()})
            pictures.matrix(
                folder / f"phones{number}.png",
                logits[0].float().softmax(-1).cpu().numpy(),
                CLASSES,
                text,
            )

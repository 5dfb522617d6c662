"""Training of DeepSpeech by connectionist temporal classification."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tiedtts.errors import CorpusError
from tiedtts.measure import ctc, forced_alignment, recognition, symbols
from tiedtts.nets.deepspeech import SYMBOLS, DeepSpeech
from tiedtts.text.normalize.normalizer import normalize
from tiedtts.training import frame_labels, losses, pictures
from tiedtts.training.augmentation import augment
from tiedtts.training.corpus import Corpus, Utterance
from tiedtts.training.frame_labels import Labelled
from tiedtts.training.losses import Ratio
from tiedtts.training.recipe import DeepSpeechRecipe
from tiedtts.training.tasks.task import Batch, Task

Item = tuple[Labelled, npt.NDArray[np.int64]]
"""A recording with the phone of each frame, and its symbols, (L,)."""
CLOSE = 2
"""Frames by which the start of a phone may be off and still counts as close."""


class DeepSpeechTask(Task):
    """DeepSpeech's data and losses."""

    name = "aligner"

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
        self.config = net.config
        self.weights = {"ctc": 1.0, "frame": recipe.frame_weight}
        units, stride = net.config.units, net.config.stride
        train = [(frame_labels.label(u), symbols_of(u, units)) for u in corpus.train]
        self.train = [item for item in train if _fits(item, stride)]
        if not self.train:
            raise CorpusError(
                "every training recording is too short for what is said in it",
                hint="lower `stride` in the recipe's `aligner.net`",
            )
        heldout = [(u, (frame_labels.label(u), symbols_of(u, units))) for u in corpus.heldout]
        heldout = [(u, item) for u, item in heldout if _fits(item, stride)]
        self.heldout = [item for _, item in heldout]
        self.utterances = [u for u, _ in heldout]
        shown = [(u, (frame_labels.label(u), symbols_of(u, units))) for u in corpus.illustrated]
        self.shown = [(u.text, item) for u, item in shown if _fits(item, stride)]
        self.lengths = [len(labels) for (_, labels), _ in self.train]
        self.log_bigram = ctc.count_bigram(
            [said.tolist() for _, said in self.train], len(self.config.symbols)
        )
        net.set_bigram(self.log_bigram)

    def batch(self, indices: Sequence[int], seeds: Sequence[int]) -> Batch:
        """Collect recordings, augmented and padded to the longest."""
        items = []
        for index, seed in zip(indices, seeds, strict=True):
            (mel, labels), said = self.train[index]
            items.append(((augment(mel, self.config.mel_mean, seed), labels), said))
        return collate(items)

    def losses(self, net: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, Ratio]]:
        """Return the CTC loss, and the loss of each frame against its phone.

        The first is told for each symbol that is said. The second is a help: it says when something is
        said, which spares the net the long search at the start, and keeps it from saying it late.
        """
        stride = self.config.stride
        logits = net(batch["mel"], batch["mask"])
        mask = batch["mask"][:, ::stride]
        lost = nn.functional.ctc_loss(
            logits.float().log_softmax(-1).transpose(0, 1),
            batch["said"],
            mask.sum(1).long(),
            batch["count"],
            blank=ctc.BLANK,
            reduction="none",
            zero_infinity=True,
        )
        parts = {"ctc": Ratio(lost.sum(), batch["count"].sum().float())}
        if self.config.units == "phones":
            labels = batch["labels"][:, ::stride]
            each = nn.functional.cross_entropy(logits.transpose(1, 2).float(), labels, reduction="none")
            parts["frame"] = losses.masked(each, mask)
        return logits, parts

    @torch.no_grad()
    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Return the losses of all held-out recordings, the error rate, and how far starts of phones are off.

        `greedy_error_rate` is of the likeliest paths, `phone_error_rate` or `letter_error_rate` of the
        search with pairs of symbols. `start_distance` is in frames, `starts_close` the share of at most
        `CLOSE` frames, both of phones against the alignment of the data folder.
        """
        totals = losses.Totals()
        add = totals.add
        for utterance, item in zip(self.utterances, self.heldout, strict=True):
            log_probs, parts = self._hear(net, item)
            totals.add_all(parts)
            said = item[1].tolist()
            heard = ctc.beam_search(log_probs, log_bigram=self.log_bigram)
            add("greedy_error_rate", recognition.edits(ctc.greedy(log_probs), said).total, len(said))
            unit = self.config.units.removesuffix("s")
            add(f"{unit}_error_rate", recognition.edits(heard, said).total, len(said))
            if self.config.units == "phones":
                distances = self._distances(log_probs, utterance)
                add("start_distance", float(distances.sum()), len(distances))
                add("starts_close", float((distances <= CLOSE).sum()), len(distances))
        return totals.means()

    def _hear(self, net: nn.Module, item: Item) -> tuple[npt.NDArray[np.float64], dict[str, Ratio]]:
        """Return log probabilities, (F', C), and losses of a recording."""
        device = next(net.parameters()).device
        logits, parts = self.losses(net, {name: t.to(device) for name, t in collate([item]).items()})
        return symbols.log_softmax(logits[0].double().cpu().numpy()), parts

    def _distances(self, log_probs: npt.NDArray[np.float64], utterance: Utterance) -> npt.NDArray[np.int64]:
        """Return by how many frames the start of each phone is off."""
        stride, known = self.config.stride, utterance.durations
        found = forced_alignment.durations(log_probs, utterance.phones, int(known.sum()), stride)
        spoken = np.array([phone.is_speech for phone in utterance.phones])
        distances: npt.NDArray[np.int64] = np.abs(np.cumsum(found)[:-1] - np.cumsum(known)[:-1])[spoken[1:]]
        return distances

    @torch.no_grad()
    def illustrate(self, net: nn.Module, folder: Path) -> None:
        """Draw the distribution over symbols in the illustrated recordings."""
        for number, (text, item) in enumerate(self.shown):
            log_probs, _ = self._hear(net, item)
            pictures.matrix(
                folder / f"{self.config.units}{number}.png",
                np.exp(log_probs).astype(np.float32),
                self.config.symbols,
                text,
            )


def symbols_of(utterance: Utterance, units: str) -> npt.NDArray[np.int64]:
    """Return an utterance as numbers of symbols, (L,): phones without pauses, or letters and spaces."""
    if units == "phones":
        said = [phone.symbol for phone in utterance.phones if phone.is_speech]
    else:
        # As it is spoken: numbers and abbreviations are written out.
        said = [letter for letter in normalize(utterance.text).lower() if letter in SYMBOLS[units]]
    return np.array([SYMBOLS[units].index(symbol) for symbol in said], np.int64)


def _fits(item: Item, stride: int) -> bool:
    """Return whether there is a frame for each symbol and a blank between the same two."""
    (mel, _), said = item
    return len(said) > 0 and len(said) + int((said[1:] == said[:-1]).sum()) <= -(-len(mel) // stride)


def collate(items: Sequence[Item]) -> Batch:
    """Pad and stack: as `frame_labels.collate`, with symbols `said` (B, L) and their number `count` (B,)."""
    batch = frame_labels.collate([labelled for labelled, _ in items])
    said = [torch.from_numpy(symbols) for _, symbols in items]
    batch["said"] = nn.utils.rnn.pad_sequence(said, batch_first=True)
    batch["count"] = torch.tensor([len(symbols) for symbols in said])
    return batch

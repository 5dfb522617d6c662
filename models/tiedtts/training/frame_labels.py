"""Frame labels: the phone of each frame, on which recognisers are trained."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tiedtts.nets.recognizer import CLASSES
from tiedtts.training.corpus import Utterance

Labelled = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]
"""Mel spectrogram, (F, M), and the class of each frame, (F,)."""


def label(utterance: Utterance) -> Labelled:
    """Return a recording with the index into `CLASSES` of each frame; every pause is silence."""
    classes = [CLASSES.index(phone.symbol) if phone.is_speech else 0 for phone in utterance.phones]
    return utterance.features.mel, np.repeat(np.array(classes), utterance.durations)


def collate(items: Sequence[Labelled]) -> dict[str, Tensor]:
    """Pad to the longest recording and stack: `mel` (B, F, M), `labels` (B, F) and `mask` (B, F)."""
    frames = max(len(labels) for _, labels in items)
    batch: dict[str, list[Tensor]] = {"mel": [], "labels": [], "mask": []}
    for mel, labels in items:
        missing = frames - len(labels)
        batch["mel"].append(nn.functional.pad(torch.from_numpy(mel), (0, 0, 0, missing)))
        batch["labels"].append(nn.functional.pad(torch.from_numpy(labels), (0, missing)))
        batch["mask"].append(nn.functional.pad(torch.ones(len(labels)), (0, missing)))
    return {name: torch.stack(rows) for name, rows in batch.items()}

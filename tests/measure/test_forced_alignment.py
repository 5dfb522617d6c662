"""DeepSpeech as aligner: which frames are whose, pauses nobody wrote, and what cannot be aligned."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import CheckpointError, CorpusError
from tiedtts.measure.forced_alignment import NetAligner, durations
from tiedtts.nets.deepspeech import DeepSpeech, DeepSpeechConfig
from tiedtts.nets.recognizer import CLASSES, Recognizer, RecognizerConfig
from tiedtts.text.phones import Phone

AUDIO = AudioSettings()
PHONES = (
    Phone("sil"),
    Phone("S", 0, 1, 2, 0),
    Phone("IY", 2, 3, 2, 0),
    Phone("IY", 2, 4, 2, 1),
    Phone("."),
)
"""Two words, the second of one phone, with no pause written between them."""


def certain(said: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Log probabilities of a net that is sure; a symbol a step, `_` for the blank."""
    classes = [0 if symbol == "_" else CLASSES.index(symbol) for symbol in said.split()]
    rows = np.full((len(classes), len(CLASSES)), -20.0)
    rows[np.arange(len(classes)), classes] = 0.0
    return rows


def test_frames_of_phones_and_pauses() -> None:
    found = durations(certain("_ _ S S IY _ IY IY _ _ _"), PHONES, 21, 2)
    assert found.sum() == 21
    assert found[0] == 4
    assert found[1] == 4
    assert found[2] + found[3] == 8
    # The last step stands for one frame.
    assert found[4] == 5


def test_too_few_steps() -> None:
    with pytest.raises(CorpusError, match="4 frames cannot hold 3 phones"):
        durations(certain("S IY"), PHONES, 4, 2)
    with pytest.raises(CorpusError, match="9 frames cannot hold 0 phones"):
        durations(certain("_ _ _"), [Phone("sil")], 9, 3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    net = DeepSpeech(DeepSpeechConfig(channels=2, layers=1, width=8))
    checkpoint.save(tmp_path / "a.safetensors", Checkpoint({"aligner": net}, AUDIO))
    return tmp_path / "a.safetensors"


def test_a_corpus_is_aligned(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aligner = NetAligner(path)
    heard = iter(["_ S S IY _ _ _ _ IY IY _", "_ S IY _ IY _", "S"])
    monkeypatch.setattr(aligner, "_net", _Scripted(heard))
    items = [(np.zeros((frames, 80), np.float32), PHONES) for frames in (22, 12, 2)]
    shares: list[float] = []
    long, short, none = aligner(items, AUDIO, lambda share, _: shares.append(share))
    # Eight frames of silence between the words are a pause, though nobody wrote one; two are not.
    assert [phone.symbol for phone in long.phones] == ["sil", "S", "IY", "sil", "IY", "."]
    assert long.durations == (2, 4, 2, 8, 4, 2)
    assert [phone.symbol for phone in short.phones] == ["sil", "S", "IY", "IY", "."]
    assert short.durations == (2, 2, 4, 2, 2)
    assert none.score == float("-inf")
    assert long.score == pytest.approx(0.0, abs=1e-3)
    assert shares == [0, 1 / 3, 2 / 3, 1]


class _Scripted(torch.nn.Module):
    """Hears what it is told to."""

    config = DeepSpeechConfig()

    def __init__(self, heard: Any) -> None:
        super().__init__()
        self.heard = heard

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(certain(next(self.heard)))[None]


def test_what_is_no_aligner(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.safetensors"
    checkpoint.save(other, Checkpoint({"aligner": Recognizer(RecognizerConfig(width=8))}, AUDIO))
    with pytest.raises(CheckpointError, match=r"b.safetensors cannot say when a phone was said"):
        NetAligner(other)
    letters = DeepSpeech(DeepSpeechConfig(units="letters", channels=2, layers=1, width=8))
    checkpoint.save(other, Checkpoint({"aligner": letters}, AUDIO))
    with pytest.raises(CheckpointError, match=r"b.safetensors cannot say when a phone was said"):
        NetAligner(other)
    aligner = NetAligner(path)
    with pytest.raises(CheckpointError, match="trained on other audio settings"):
        aligner([], AudioSettings(hop=200), lambda *_: None)
    checkpoint.save(other, Checkpoint({"aligner": DeepSpeech(DeepSpeechConfig(width=8))}, AUDIO))
    assert NetAligner(other).key != aligner.key

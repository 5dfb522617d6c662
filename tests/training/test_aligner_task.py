"""The recogniser's batches, losses and what it is measured by."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.training.synthetic import AUDIO, corpus, small_recipe
from tiedtts.nets.recognizer import CLASSES, Recognizer
from tiedtts.training.augmentation import MASKED_BANDS, MASKED_FRAMES
from tiedtts.training.corpus import Corpus
from tiedtts.training.tasks.aligner import AlignerTask
from tiedtts.training.tasks.task import AdversarialTask

CORPUS = corpus()


@pytest.fixture
def task() -> AlignerTask:
    torch.manual_seed(0)
    return AlignerTask(CORPUS, small_recipe().aligner, None)


class Oracle(nn.Module):
    """Knows the classes of the frames, but for those named wrong."""

    def __init__(self, wrong: dict[int, str] | None = None) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(()))
        self.labels = [AlignerTask(CORPUS, small_recipe().aligner, None).heldout[i][1] for i in range(2)]
        for frame, symbol in (wrong or {}).items():
            for labels in self.labels:
                labels[frame] = CLASSES.index(symbol)

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        (labels,) = (x for x in self.labels if len(x) == mel.shape[1])
        return 30.0 * torch.nn.functional.one_hot(torch.from_numpy(labels), 40).float()[None]


def test_frames_are_labelled_with_their_phones(task: AlignerTask) -> None:
    mel, labels = task.train[0]
    first = CORPUS.train[0]
    assert mel is first.features.mel
    names = [CLASSES[label] for label in labels]
    ends = np.cumsum(first.durations)
    assert names[: ends[0]] == ["sil"] * 8
    assert names[ends[0] : ends[2]] == ["S"] * first.durations[1] + ["AA"] * first.durations[2]
    assert names[-14:] == ["sil"] * 14  # the phone there is a full stop
    assert len(labels) == first.features.frames


def test_grammar_is_counted_and_kept(task: AlignerTask) -> None:
    s, aa, sil = (CLASSES.index(x) for x in ("S", "AA", "sil"))
    frames = {c: sum(int((labels == c).sum()) for _, labels in task.train) for c in (s, aa, sil)}
    total = sum(frames.values()) + 40
    assert task.grammar.log_prior[aa] == pytest.approx(np.log((frames[aa] + 1) / total), rel=1e-5)
    # Four recordings of 2, 4, 6 and 2 syllables: every S goes on to AA, every AA to S but the last.
    assert task.grammar.log_bigram[s, aa] == pytest.approx(np.log((1 + 14) / (40 + 14)), rel=1e-5)
    assert task.grammar.log_bigram[aa, s] == pytest.approx(np.log((1 + 10) / (40 + 14)), rel=1e-5)
    assert task.grammar.log_bigram[aa, sil] == pytest.approx(np.log((1 + 4) / (40 + 14)), rel=1e-5)
    assert isinstance(task.net, Recognizer)
    np.testing.assert_array_equal(task.net.log_bigram.numpy(), task.grammar.log_bigram)


def test_batch_is_padded(task: AlignerTask) -> None:
    batch = task.batch([0, 1, 2], [1, 2, 3])
    assert batch["mask"].sum(1).tolist() == task.lengths[:3]
    longest = max(task.lengths[:3])
    assert batch["mel"].shape == (3, longest, AUDIO.n_mels)
    assert batch["labels"].shape == (3, longest)
    np.testing.assert_array_equal(batch["labels"][0, : task.lengths[0]].numpy(), task.train[0][1])


def test_frames_and_bands_are_hidden(task: AlignerTask) -> None:
    """Left of a tilt and a gain, only whole frames and whole bands are at the floor."""
    before = task.train[0][0].copy()
    hidden_any = 0
    for seed in range(20):
        mel = task.batch([0], [seed])["mel"][0].numpy()
        hidden = mel == np.float32(task.floor)
        frames, bands = hidden.all(1), hidden.all(0)
        np.testing.assert_array_equal(hidden, frames[:, None] | bands[None])
        assert frames.sum() <= 2 * MASKED_FRAMES
        assert bands.sum() <= 2 * MASKED_BANDS
        hidden_any += hidden.any()
        rest = (mel - before)[~frames][:, ~bands]
        if rest.size:
            np.testing.assert_allclose(rest, np.broadcast_to(rest[0], rest.shape), atol=1e-5)
    assert hidden_any > 15
    np.testing.assert_array_equal(task.train[0][0], before)


def test_augmentation_depends_on_the_seed_alone(task: AlignerTask) -> None:
    both = task.batch([0, 2], [7, 8])["mel"]
    alone = task.batch([2], [8])["mel"]
    assert torch.equal(both[1, : task.lengths[2]], alone[0])
    assert not torch.equal(alone, task.batch([2], [9])["mel"])


def test_losses_of_processes_add_up(task: AlignerTask) -> None:
    net = task.net.eval()
    with torch.no_grad():
        _, whole = task.losses(net, task.batch([0, 1, 2], [1, 2, 3]))
        _, first = task.losses(net, task.batch([0], [1]))
        _, second = task.losses(net, task.batch([1, 2], [2, 3]))
    for name, ratio in whole.items():
        torch.testing.assert_close(first[name].total + second[name].total, ratio.total, rtol=1e-4, atol=1e-4)
        assert float(first[name].size + second[name].size) == float(ratio.size) == sum(task.lengths[:3])


def test_loss_by_hand(task: AlignerTask) -> None:
    batch = task.batch([0], [1])
    sure = 20.0 * torch.nn.functional.one_hot(batch["labels"], 40).float()
    sure[0, :5] = sure[0, :5].roll(1, -1)

    class Fixed(nn.Module):
        def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
            return sure

    _, parts = task.losses(Fixed(), batch)
    assert float(parts["frame_error"].total) == 5
    # Smoothing asks for 0.95 + 0.05 / 40 of the right class and 0.05 / 40 of each other.
    right = 20 * 39 * 0.05 / 40
    wrong = 20 * (0.95 + 0.05 / 40) + 20 * 38 * 0.05 / 40
    count = task.lengths[0]
    assert float(parts["phone"].total) == pytest.approx(5 * wrong + (count - 5) * right, rel=1e-4)


def test_errors_are_only_reported(task: AlignerTask) -> None:
    assert task.weights == {"phone": 1.0}
    assert not isinstance(task, AdversarialTask)


def test_evaluation_of_a_perfect_net(task: AlignerTask) -> None:
    values = task.evaluate(Oracle())
    assert values["frame_error"] == 0
    assert values["phone_error_rate"] == 0


def test_evaluation_counts_phones(task: AlignerTask) -> None:
    """Four frames of silence heard as B in both recordings: one phone too many in each."""
    values = task.evaluate(Oracle({2: "B", 3: "B", 4: "B", 5: "B"}))
    phones = sum(len(u.phones) - 2 for u in CORPUS.heldout)
    frames = sum(u.features.frames for u in CORPUS.heldout)
    assert values["phone_error_rate"] == pytest.approx(2 / phones)
    assert values["frame_error"] == pytest.approx(8 / frames)


def test_nothing_held_out() -> None:
    task = AlignerTask(Corpus(AUDIO, CORPUS.train, ()), small_recipe().aligner, None)
    assert task.evaluate(task.net.eval()) == {}


def test_pictures_of_any_text(tmp_path: Path) -> None:
    heldout = tuple(dataclasses.replace(u, text="From $5% to $6?") for u in CORPUS.heldout)
    task = AlignerTask(Corpus(AUDIO, CORPUS.train, heldout), small_recipe().aligner, None)
    task.illustrate(task.net.eval(), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["phones0.png", "phones1.png"]

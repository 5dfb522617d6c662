"""DeepSpeech's batches, losses and what it is measured by."""

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.training.synthetic import AUDIO, STAGES, corpus
from tiedtts.checkpoints import checkpoint
from tiedtts.errors import ConfigError, CorpusError
from tiedtts.measure import forced_alignment, listener
from tiedtts.measure.symbols import collapse, log_softmax
from tiedtts.nets.deepspeech import SYMBOLS, DeepSpeech, DeepSpeechConfig
from tiedtts.nets.recognizer import CLASSES
from tiedtts.training import recipe as recipes
from tiedtts.training.corpus import Corpus
from tiedtts.training.part_recipe import Stage
from tiedtts.training.recipe import DeepSpeechRecipe
from tiedtts.training.tasks.deepspeech import DeepSpeechTask, collate, symbols_of
from tiedtts.training.tasks.task import AdversarialTask
from tiedtts.training.train import train

CORPUS = corpus()
NET = DeepSpeechConfig(channels=2, kernel_frames=3, kernel_bands=3, layers=2, width=12, dropout=0.0)
RECIPE = DeepSpeechRecipe(net=NET, batch_size=3, stages=STAGES)
S, AA = CLASSES.index("S"), CLASSES.index("AA")


def make(net: DeepSpeechConfig = NET, given: Corpus = CORPUS) -> DeepSpeechTask:
    torch.manual_seed(0)
    return DeepSpeechTask(given, dataclasses.replace(RECIPE, net=net), None)


class Oracle(nn.Module):
    """Knows the phone of every frame; the first phone of a recording may be taken for another."""

    def __init__(self, task: DeepSpeechTask, instead: int | None = None) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(()))
        self.known = {len(labels): labels.copy() for (_, labels), _ in task.heldout}
        if instead is not None:
            for labels in self.known.values():
                start = np.flatnonzero(labels)[0]
                end = start + np.flatnonzero(labels[start:] != labels[start])[0]
                labels[start:end] = instead

    def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
        labels = torch.from_numpy(self.known[mel.shape[1]][::2])
        return 30.0 * nn.functional.one_hot(labels, 40).float()[None]


def test_batch() -> None:
    task = make()
    assert [len(said) for _, said in task.train] == [4, 8, 12, 4]
    batch = task.batch([0, 1], [1, 2])
    assert batch["count"].tolist() == [4, 8]
    assert batch["said"].tolist() == [[S, AA] * 2 + [0] * 4, [S, AA] * 4]
    assert batch["mask"].sum(1).tolist() == task.lengths[:2]
    both, alone = task.batch([0, 2], [7, 8])["mel"], task.batch([2], [8])["mel"]
    assert torch.equal(both[1], alone[0])
    assert not torch.equal(alone, task.batch([2], [9])["mel"])


def test_bigram_is_counted_and_kept() -> None:
    task = make()
    assert np.exp(task.log_bigram[0, S]) == pytest.approx((1 + 4) / (40 + 4))
    assert np.exp(task.log_bigram[S, AA]) == pytest.approx((1 + 14) / (40 + 14))
    assert isinstance(task.net, DeepSpeech)
    np.testing.assert_array_equal(task.net.log_bigram.numpy(), task.log_bigram)


def test_losses_of_processes_add_up() -> None:
    task = make()
    net = task.net.eval()
    with torch.no_grad():
        _, whole = task.losses(net, task.batch([0, 1, 2], [1, 2, 3]))
        parts = [task.losses(net, task.batch([i], [i + 1]))[1] for i in range(3)]
    assert set(whole) == {"ctc", "frame"} == set(task.weights)
    for name, ratio in whole.items():
        assert float(sum(p[name].total for p in parts)) == pytest.approx(float(ratio.total), rel=1e-4)
        assert float(sum(p[name].size for p in parts)) == float(ratio.size)
    assert float(whole["ctc"].size) == 24
    assert float(whole["frame"].size) == sum(-(-n // 2) for n in task.lengths[:3])


def test_loss_by_all_paths() -> None:
    task = make()
    torch.manual_seed(1)
    logits = torch.randn(1, 4, 40)

    class Fixed(nn.Module):
        def forward(self, mel: Tensor, mask: Tensor) -> Tensor:
            return logits

    batch = {
        "mel": torch.zeros(1, 8, 20),
        "mask": torch.ones(1, 8),
        "labels": torch.full((1, 8), S),
        "said": torch.tensor([[S, S]]),
        "count": torch.tensor([2]),
    }
    _, parts = task.losses(Fixed(), batch)
    scores = logits[0].log_softmax(-1).numpy()
    paths = [p for p in itertools.product((0, S), repeat=4) if collapse(np.array(p)) == [S, S]]
    total = np.logaddexp.reduce([sum(scores[f, s] for f, s in enumerate(p)) for p in paths])
    assert float(parts["ctc"].total) == pytest.approx(-total, rel=1e-5)
    assert float(parts["frame"].total) == pytest.approx(-scores[:, S].sum(), rel=1e-5)


def test_evaluation_of_a_perfect_net() -> None:
    task = make()
    values = task.evaluate(Oracle(task))
    assert values["phone_error_rate"] == values["greedy_error_rate"] == 0
    # Every other frame is heard, and the start of a phone between two of them is late by one.
    assert 0 < values["start_distance"] < 1
    assert values["starts_close"] == 1


def test_evaluation_counts_phones() -> None:
    task = make()
    values = task.evaluate(Oracle(task, CLASSES.index("B")))
    phones = sum(len(said) for _, said in task.heldout)
    assert values["greedy_error_rate"] == pytest.approx(2 / phones)


def test_durations_are_those_of_the_frames() -> None:
    task = make()
    log_probs = log_softmax(Oracle(task)(*[torch.zeros(1, len(task.heldout[0][0][1]), 1)] * 2)[0].numpy())
    known = task.utterances[0]
    found = forced_alignment.durations(log_probs, known.phones, int(known.durations.sum()), 2)
    assert found.sum() == known.durations.sum()
    assert np.abs(np.cumsum(found) - np.cumsum(known.durations)).max() <= 1


def test_alignment_by_a_net() -> None:
    net, utterance = make().net.eval(), CORPUS.train[0]

    def align(mel: np.ndarray) -> np.ndarray:
        log_probs = log_softmax(listener.logits(net, mel).astype(np.float64))
        return forced_alignment.durations(log_probs, utterance.phones, len(mel), NET.stride)

    found = align(utterance.features.mel)
    assert found.sum() == utterance.features.frames
    assert found.shape == utterance.durations.shape
    assert (found[[p.is_speech for p in utterance.phones]] >= 1).all()
    with pytest.raises(CorpusError, match="6 frames cannot hold 4 phones"):
        align(utterance.features.mel[:6])


def test_letters() -> None:
    task = make(dataclasses.replace(NET, units="letters"))
    symbols = SYMBOLS["letters"]
    assert "".join(symbols[i] for i in task.train[0][1]) == "text zero"
    spoken = dataclasses.replace(CORPUS.train[0], text="Mr. O'Neil, 3 cats!")
    assert "".join(symbols[i] for i in symbols_of(spoken, "letters")) == "mister o'neil three cats"
    _, parts = task.losses(task.net, task.batch([0, 1], [1, 2]))
    assert set(parts) == {"ctc"}
    values = task.evaluate(task.net.eval())
    assert set(values) == {"ctc", "greedy_error_rate", "letter_error_rate"}


def test_recordings_that_are_too_short() -> None:
    assert len(make(dataclasses.replace(NET, stride=8)).lengths) == 4
    lengths = [len(u.features.mel) for u in CORPUS.train]
    wanted = [n for n, u in zip(lengths, CORPUS.train, strict=True) if -(-n // 14) >= len(u.phones) - 2]
    assert 0 < len(wanted) < 4
    assert make(dataclasses.replace(NET, stride=14)).lengths == wanted
    with pytest.raises(CorpusError, match="too short"):
        make(dataclasses.replace(NET, stride=32))


def test_nothing_held_out() -> None:
    task = make(given=Corpus(AUDIO, CORPUS.train, ()))
    assert task.evaluate(task.net.eval()) == {}


def test_no_discriminator() -> None:
    assert not isinstance(make(), AdversarialTask)
    judged = (Stage(steps=1, learning_rate=1e-3, adversarial=0.1),)
    with pytest.raises(ConfigError, match="without a discriminator"):
        DeepSpeechRecipe(net=NET, stages=judged)


def test_learns_four_recordings_by_heart() -> None:
    task = make(given=Corpus(AUDIO, CORPUS.train, CORPUS.train))
    optimizer = torch.optim.Adam(task.net.parameters(), 1e-2)
    batch = collate(task.train)
    for _ in range(130):
        _, parts = task.losses(task.net.train(), batch)
        optimizer.zero_grad()
        torch.stack([task.weights[name] * ratio.value for name, ratio in parts.items()]).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    values = task.evaluate(task.net.eval())
    assert values["phone_error_rate"] < 0.1
    assert values["starts_close"] > 0.9


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    sizes = "channels = 2\nlayers = 2\nwidth = 8\n"
    path = tmp_path / "deepspeech.toml"
    path.write_text(
        "evaluate_every = 2\nillustrate_every = 4\nkeep_every = 4\n"
        f'[aligner]\narchitecture = "deepspeech"\nbatch_size = 4\n[aligner.net]\n{sizes}'
        "[[aligner.stages]]\nsteps = 4\nlearning_rate = 1e-3\nwarmup = 2\n"
    )
    return str(path)


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("plan", [None, "deepspeech-share", "deepspeech-lowrank"])
def test_through_the_loop(data_folder: Path, tmp_path: Path, recipe: str, plan: str | None) -> None:
    options = {"recipe": recipe, "parts": ["aligner"], "threads": 1, "accelerator": "cpu"}
    made = train(data_folder, tmp_path / "run", tie=None if plan is None else Path(plan), **options)
    loaded = checkpoint.load(made["aligner"])
    net = loaded.part("aligner")
    assert isinstance(net, DeepSpeech)
    assert (plan is None) == (loaded.plans == {})
    assert all(torch.isfinite(t).all() for t in net.state_dict().values())
    assert int(net.state_dict()["last_norm.num_batches_tracked"]) == 4
    pictures = sorted(path.name for path in (tmp_path / "run" / "aligner" / "step_4").iterdir())
    assert pictures == ["phones0.png", "phones1.png", "recorded0.wav", "recorded1.wav"]
    header = (tmp_path / "run" / "aligner" / "log.csv").read_text().splitlines()[0]
    assert "heldout_phone_error_rate" in header


def test_the_shipped_recipe_differs_in_one_part() -> None:
    shipped, default = recipes.load("deepspeech"), recipes.load("default")
    assert isinstance(shipped.aligner, DeepSpeechRecipe)
    assert (shipped.acoustic, shipped.vocoder) == (default.acoustic, default.vocoder)

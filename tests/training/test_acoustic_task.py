"""The acoustic net's batches, losses and views."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.synthetic import AUDIO, corpus, small_recipe, utterance
from tiedtts.nets.acoustic import AcousticNet
from tiedtts.training.corpus import Corpus
from tiedtts.training.recipe import AcousticRecipe
from tiedtts.training.tasks.acoustic import CROP, LIVELINESS, AcousticTask, phone_means

CORPUS = corpus()


def task(net: dict[str, Any] | None = None, **changes: Any) -> AcousticTask:
    torch.manual_seed(0)
    recipe: AcousticRecipe = dataclasses.replace(small_recipe().acoustic, **changes)
    return AcousticTask(
        CORPUS, dataclasses.replace(recipe, net=dataclasses.replace(recipe.net, **(net or {}))), None
    )


def test_net_is_scaled_by_the_corpus() -> None:
    made = task()
    scale = CORPUS.scale
    assert made.config.n_mels == AUDIO.n_mels
    assert (made.config.mel_mean, made.config.log_f0_std) == (scale.mel_mean, scale.log_f0_std)
    mel = np.concatenate([item["mel"] for item in made.train])
    assert mel.mean() == pytest.approx(0, abs=1e-3)
    assert mel.std() == pytest.approx(1, abs=1e-3)


def test_net_to_go_on_with_keeps_its_scale() -> None:
    net = task().net
    assert isinstance(net, AcousticNet)
    other = AcousticTask(Corpus(AUDIO, CORPUS.train[:1], ()), small_recipe().acoustic, net)
    assert other.net is net
    np.testing.assert_array_equal(other.train[0]["mel"], task().train[0]["mel"])


@pytest.mark.parametrize(("discard", "left"), [(0.0, 6), (0.1, 6), (0.17, 5), (0.5, 3)])
def test_worst_alignments_are_left_out(discard: float, left: int) -> None:
    """Scores are 0, -1, .. -5: the last go first."""
    everything = Corpus(AUDIO, tuple(utterance(seed, 2) for seed in range(6)), ())
    recipe = dataclasses.replace(small_recipe().acoustic, discard=discard)
    made = AcousticTask(everything, recipe, None)
    assert made.lengths == [u.features.frames for u in everything.train[:left]]


def test_equal_scores_do_not_empty_the_corpus() -> None:
    same = tuple(dataclasses.replace(utterance(seed, 2), score=0.0) for seed in range(4))
    recipe = dataclasses.replace(small_recipe().acoustic, discard=0.25)
    assert len(AcousticTask(Corpus(AUDIO, same, ()), recipe, None).train) == 3


def test_means_by_hand() -> None:
    """One voiced frame of three is too few; a phone of one frame needs just one; one lasts no time."""
    durations = np.array([2, 3, 2, 0, 1])
    energy = np.array([1, 3, 6, 6, 9, -1, -2, 5], np.float32)
    log_f0 = np.array([2, 4, 50, 60, 70, 80, 90, 7], np.float32)
    voiced = np.array([1, 1, 0, 1, 0, 0, 0, 1], bool)
    pitch, means = phone_means(energy, log_f0, voiced, durations)
    assert pitch.tolist() == [3.0, 4.0, 5.0, 6.0, 7.0]
    assert means.tolist() == [2.0, 7.0, -1.5, 0.0, 5.0]
    assert pitch.dtype == means.dtype == np.float32


def test_means_without_any_voice() -> None:
    pitch, means = phone_means(
        np.ones(3, np.float32), np.ones(3, np.float32), np.zeros(3, bool), np.array([1, 2])
    )
    assert pitch.tolist() == [0.0, 0.0]
    assert means.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_batch_is_padded_to_whole_steps(stride: int) -> None:
    made = task({"stride": stride})
    batch = made.batch([0, 1, 2], [1, 2, 3])
    frames = [len(made.train[i]["mel"]) for i in range(3)]
    whole = -(-max(frames) // stride) * stride
    phones = max(len(made.train[i]["ids"]) for i in range(3))
    assert batch["ids"].shape == (3, phones, 4)
    assert batch["mel"].shape == (3, whole, AUDIO.n_mels)
    assert batch["position"].shape == (3, whole, 5)
    assert batch["frame_mask"].sum(1).tolist() == frames
    assert batch["step_mask"].sum(1).tolist() == [-(-n // stride) * stride for n in frames]
    assert batch["mask"].sum(1).tolist() == [len(made.train[i]["ids"]) for i in range(3)]
    assert batch["durations"].sum(1).tolist() == frames
    for row, count in enumerate(frames):
        counts = torch.bincount(batch["index"][row, :count], minlength=phones)
        assert counts.tolist() == batch["durations"][row].tolist()


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_losses_of_processes_add_up(stride: int) -> None:
    """Two shares of a batch, each padded to its own longest, have the sums of the whole."""
    made = task({"stride": stride})
    net = made.net.eval()
    with torch.no_grad():
        _, whole = made.losses(net, made.batch([0, 1, 2, 3], [1, 2, 3, 4]))
        _, first = made.losses(net, made.batch([0, 2], [1, 3]))
        _, second = made.losses(net, made.batch([1, 3], [2, 4]))
    assert set(whole) == set(made.weights)
    for name, ratio in whole.items():
        torch.testing.assert_close(first[name].total + second[name].total, ratio.total, rtol=1e-4, atol=1e-4)
        assert float(first[name].size + second[name].size) == float(ratio.size)


def test_sizes_of_losses_by_hand() -> None:
    made = task()
    batch = made.batch([0, 3], [1, 2])
    _, parts = made.losses(made.net, batch)
    frames = sum(len(made.train[i]["mel"]) for i in (0, 3))
    voiced = sum(made.train[i]["voiced"].sum() for i in (0, 3))
    phones = sum(len(made.train[i]["ids"]) for i in (0, 3))
    assert {name: float(ratio.size) for name, ratio in parts.items()} == {
        "mel": frames,
        "voicing": frames,
        "f0": voiced,
        "duration": phones,
        "pitch": phones,
        "energy": phones,
    }


def test_phones_without_frames_have_only_a_duration() -> None:
    made = task()
    batch = made.batch([0], [1])
    batch["durations"] = batch["durations"].clone()
    batch["durations"][0, 2] = 0
    _, parts = made.losses(made.net, batch)
    phones = len(made.train[0]["ids"])
    assert float(parts["duration"].size) == phones
    assert float(parts["pitch"].size) == float(parts["energy"].size) == phones - 1


def test_every_loss_teaches() -> None:
    made = task()
    _, parts = made.losses(made.net, made.batch([0, 1], [1, 2]))
    for name in made.weights:
        made.net.zero_grad()
        parts[name].value.backward(retain_graph=True)
        assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in made.net.parameters()), name


def test_views_are_the_same_cut_of_both() -> None:
    made = task()
    long = max(range(4), key=lambda i: made.lengths[i])
    assert made.lengths[long] > CROP
    batch = made.batch([long, 0], [1, 2])
    out, _ = made.losses(made.net, batch)
    marked = out._replace(mel=batch["mel"] + 5.0)
    (fake,), (real,) = made.views(marked, batch)
    assert fake.shape == real.shape == (2, CROP, AUDIO.n_mels)
    start = int(batch["crop"][0])
    assert torch.equal(real[0], batch["mel"][0, start : start + CROP])
    torch.testing.assert_close(fake[0], real[0] + 5.0)


def test_nothing_is_judged_past_the_end() -> None:
    """A recording shorter than the view, beside a longer one: the frames after it are zero in both."""
    made = task()
    short = min(range(4), key=lambda i: made.lengths[i])
    long = max(range(4), key=lambda i: made.lengths[i])
    assert made.lengths[short] < CROP
    batch = made.batch([short, long], [1, 2])
    out, _ = made.losses(made.net, batch)
    (fake,), (real,) = made.views(out, batch)
    assert not fake[0, made.lengths[short] :].any()
    assert not real[0, made.lengths[short] :].any()
    assert fake[0, : made.lengths[short]].abs().sum(1).min() > 0


def test_cuts_depend_on_the_seed_alone() -> None:
    made = task()
    long = max(range(4), key=lambda i: made.lengths[i])
    starts = {int(made.batch([long], [seed])["crop"][0]) for seed in range(60)}
    assert starts <= set(range(made.lengths[long] - CROP + 1))
    assert len(starts) > 1
    assert torch.equal(made.batch([0, long], [5, 6])["crop"][1:], made.batch([long], [6])["crop"])


def test_evaluation_is_over_all_that_is_held_out() -> None:
    made = task()
    values = made.evaluate(made.net.eval())
    with torch.no_grad():
        _, parts = made.losses(made.net, made._collate(made.heldout))
    assert values == pytest.approx({name: float(ratio.value) for name, ratio in parts.items()}, rel=1e-5)
    made.heldout = []
    assert made.evaluate(made.net) == {}


def test_pictures(tmp_path: Path) -> None:
    made = task()
    made.illustrate(made.net.eval(), tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mel0.png", "mel1.png"]


def test_pace_of_the_corpus_is_measured() -> None:
    made = task()
    net = made.net.eval()
    assert isinstance(net, AcousticNet)
    net.variance.head.weight.data.zero_()
    net.variance.head.bias.data[0] = float(np.log1p(6.0))
    speech = np.concatenate([item["durations"][1:-1] for item in made.heldout])
    made.finish(net)
    assert net.config.duration_scale == pytest.approx(speech.mean() / 6.0, abs=1e-4)
    net.variance.head.bias.data[0] = 9.0
    made.finish(net)
    assert net.config.duration_scale == 0.5


def test_pitch_is_spread_as_hers_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says the recordings with 0.8 of their spread is told how to come to nine tenths."""
    made = task()
    net = made.net.eval()
    assert isinstance(net, AcousticNet)
    items = iter(made.heldout)

    def flat(ids: torch.Tensor, speed: torch.Tensor, shift: torch.Tensor) -> SimpleNamespace:
        assert net.config.f0_scale == 1
        item = next(items)
        log_f0 = 0.8 * item["log_f0"] * made.config.log_f0_std + made.config.log_f0_mean
        return SimpleNamespace(
            log_f0=torch.from_numpy(log_f0)[None], voicing=torch.from_numpy(item["voiced"])[None]
        )

    monkeypatch.setattr(net, "speak", flat)
    made.finish(net)
    assert net.config.f0_scale == pytest.approx(1.25 * LIVELINESS, abs=1e-3)


def test_mel_of_a_recording_is_unscaled() -> None:
    made = task()
    mel = made.predict(CORPUS.train[1])
    assert mel.shape == CORPUS.train[1].features.mel.shape
    with torch.no_grad():
        out, _ = made.losses(made.net.eval(), made._collate([made.train[1]]))
    wanted = out.mel[0, : len(mel)].numpy() * made.config.mel_std + made.config.mel_mean
    np.testing.assert_allclose(mel, wanted, atol=1e-5)


def test_learns_a_recording_by_heart() -> None:
    made = task({"width": 32})
    optimizer = torch.optim.AdamW(made.net.parameters(), lr=5e-3)
    batch = made.batch([0], [1])
    values = []
    for _ in range(60):
        _, parts = made.losses(made.net, batch)
        total = sum(weight * parts[name].value for name, weight in made.weights.items())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        values.append(float(total.detach()))
    assert values[-1] < 0.3 * values[0]

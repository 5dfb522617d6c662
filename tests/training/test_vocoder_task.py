"""The vocoder's segments, losses and views."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.synthetic import AUDIO, LEVEL, check_losses_add_up, corpus, small_recipe
from tiedtts.audio import files
from tiedtts.audio.mel import FLOOR
from tiedtts.errors import ConfigError
from tiedtts.nets.vocoder import HarmonicVocoder
from tiedtts.training import losses
from tiedtts.training.part_recipe import Stage
from tiedtts.training.tasks.vocoder import JUDGED, PredictMel, VocoderTask

CORPUS = corpus()
HOP = AUDIO.hop


def task(predict: PredictMel | None = None, **changes: Any) -> VocoderTask:
    torch.manual_seed(0)
    return VocoderTask(CORPUS, dataclasses.replace(small_recipe().vocoder, **changes), None, predict)


def test_net_is_set_up_for_the_corpus() -> None:
    net = task().net
    assert isinstance(net, HarmonicVocoder)
    config, scale = net.config, CORPUS.scale
    assert (config.hop, config.sample_rate, config.n_mels) == (HOP, AUDIO.sample_rate, AUDIO.n_mels)
    assert (config.mel_std, config.log_f0_mean) == (scale.mel_std, scale.log_f0_mean)


def test_segments_are_one_stretch_of_everything() -> None:
    made = task()
    batch = made.batch([2, 0], [11, 12])
    assert {name: tuple(tensor.shape) for name, tensor in batch.items()} == {
        "mel": (2, 16, AUDIO.n_mels),
        "log_f0": (2, 16),
        "voiced": (2, 16),
        "pulses": (2, 16 * HOP),
        "samples": (2, 16 * HOP),
        "noise": (2, 16 * HOP),
    }
    f = CORPUS.train[2].features
    (start,) = (s for s in range(f.frames - 15) if np.array_equal(f.mel[s : s + 16], batch["mel"][0].numpy()))
    inside = slice(start * HOP, (start + 16) * HOP)
    np.testing.assert_array_equal(batch["samples"][0].numpy(), f.samples[inside])
    np.testing.assert_array_equal(batch["pulses"][0].numpy(), made.pulses[2][inside])
    np.testing.assert_array_equal(batch["log_f0"][0].numpy(), f.log_f0[start : start + 16])
    np.testing.assert_array_equal(batch["voiced"][0].numpy(), f.voiced[start : start + 16])


def test_segments_lie_anywhere() -> None:
    made = task()
    f = CORPUS.train[0].features
    first = {tuple(made.batch([0], [seed])["log_f0"][0].tolist()) for seed in range(400)}
    assert len(first) == f.frames - 15
    assert tuple(f.log_f0[-16:].tolist()) in first


def test_segments_depend_on_the_seed_alone() -> None:
    made = task()
    both, alone = made.batch([1, 3], [5, 6]), made.batch([3], [6])
    assert all(torch.equal(both[name][1:], alone[name]) for name in both)
    noise = both["noise"]
    assert not torch.equal(noise[0], noise[1])
    assert float(noise.std()) == pytest.approx(1, abs=0.05)


def test_short_recordings_go_on_in_silence() -> None:
    frames = CORPUS.train[0].features.frames
    batch = task(segment_frames=frames + 6).batch([0], [1])
    for name in ("samples", "pulses"):
        assert batch[name].shape == (1, (frames + 6) * HOP)
        assert not batch[name][0, frames * HOP :].any()
    assert not batch["voiced"][0, frames:].any()
    assert torch.equal(batch["mel"][0, frames:], torch.full((6, AUDIO.n_mels), math.log(FLOOR)))
    assert batch["log_f0"][0, frames:].tolist() == [float(CORPUS.train[0].features.log_f0[-1])] * 6
    np.testing.assert_array_equal(batch["mel"][0, :frames].numpy(), CORPUS.train[0].features.mel)


@pytest.mark.parametrize(("frames", "fits"), [(6, False), (7, True)])
def test_segments_hold_the_longest_window(frames: int, fits: bool) -> None:
    """1024 samples are mirrored at the ends, so that there must be at least 1025: seven hops of 160."""
    if not fits:
        with pytest.raises(ConfigError, match=r"^`segment_frames` must be at least 7, got: 6$"):
            task(segment_frames=frames)
        return
    made = task(segment_frames=frames)
    made.losses(made.net, made.batch([0], [1]))


def test_some_mels_are_predicted() -> None:
    made = task(lambda u: np.full_like(u.features.mel, 7.0), predicted_mels=0.3)
    seen = [float(made.batch([0], [seed])["mel"].mean()) == 7.0 for seed in range(300)]
    assert np.mean(seen) == pytest.approx(0.3, abs=0.08)
    assert not any(float(task().batch([0], [seed])["mel"].mean()) == 7.0 for seed in range(5))


def test_pulses_are_locked_in_training_and_free_in_evaluation() -> None:
    made = task()
    locked = made._pulses(CORPUS.train[1], locked=True)
    np.testing.assert_array_equal(made.pulses[1], locked)
    assert not np.allclose(locked, made._pulses(CORPUS.train[1], locked=False))


def test_locked_pulses_are_nearer_to_the_recording() -> None:
    """The complex loss, which needs the phase, tells them apart."""
    made = task()
    f = CORPUS.train[1].features
    inside = np.convolve(f.voiced, np.ones(7), mode="same") == 7
    target, voiced = torch.from_numpy(f.samples)[None], torch.from_numpy(inside)[None].float()

    def loss(locked: bool) -> float:
        pulses = LEVEL * torch.from_numpy(made._pulses(CORPUS.train[1], locked=locked))[None]
        return float(losses.complex_spectral(pulses, target, voiced, HOP, AUDIO.sample_rate, 5_000.0).value)

    assert loss(True) < 0.05
    assert loss(False) > 1


def test_repulsion_draws_each_segment_twice() -> None:
    made = task()
    plain = made.batch([0, 1], [5, 6])
    made.begin(Stage(steps=1, learning_rate=1e-3, repulsion=1.0))
    batch = made.batch([0, 1], [5, 6])
    assert batch["noise"].shape == (2, 2, 16 * HOP)
    assert not torch.equal(batch["noise"][:, 0], batch["noise"][:, 1])
    net = made.net.eval()
    with torch.no_grad():
        first, parts = made.losses(net, batch)
        alone, _ = made.losses(net, {**batch, "noise": batch["noise"].flip(1)})
        made.begin(Stage(steps=1, learning_rate=1e-3))
        single, mere = made.losses(net, {**plain, "noise": batch["noise"][:, 0]})
    torch.testing.assert_close(first, single)
    assert not torch.equal(first, alone)
    assert set(parts) == set(mere) == set(made.weights)
    assert float(parts["log512"].value) < float(mere["log512"].value)


def test_losses_of_processes_add_up() -> None:
    check_losses_add_up(task())


def test_weights() -> None:
    made = task(complex_weight=0.25)
    assert made.weights.pop("complex") == 0.25
    assert len(made.weights) == 8
    assert set(made.weights.values()) == {0.25}


def test_phase_is_learnt_from_harmonics_alone() -> None:
    """The complex loss does not reach the noise."""
    made = task()
    _, parts = made.losses(made.net, made.batch([0, 1], [1, 2]))
    parts["complex"].value.backward()
    head = made.net.head.bias.grad.view(2, 3, -1)
    assert head[:, 0].abs().sum() > 0
    assert head[:, 1].abs().sum() > 0
    assert not head[:, 2].any()


def test_views_are_log_spectrograms() -> None:
    made = task()
    batch = made.batch([0, 1], [1, 2])
    fake, real = made.views(batch["samples"], batch)
    sizes = [(2, 16 * HOP * 4 // window + 1, window // 2 + 1) for window in JUDGED]
    assert [tuple(x.shape) for x in real] == sizes
    assert all(torch.equal(a, b) for a, b in zip(fake, real, strict=True))
    louder, _ = made.views(2 * batch["samples"], batch)
    loud = real[0] > 0
    torch.testing.assert_close(louder[0][loud], real[0][loud] + math.log(2) / 3, atol=0.01, rtol=0)


def test_views_teach_the_net() -> None:
    made = task()
    batch = made.batch([0], [1])
    out, _ = made.losses(made.net, batch)
    judges = made.discriminator()
    scores = judges(made.views(out, batch)[0])
    sum(losses.generator_loss(score).value for score, _ in scores).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in made.net.parameters())


def test_evaluation_by_hand() -> None:
    made = task()
    net = made.net.eval()
    wanted = []
    for u in CORPUS.heldout:
        parts = losses.multi_resolution(made.copy(net, u), torch.from_numpy(u.features.samples)[None])
        wanted.append(sum(float(ratio.value) for ratio in parts.values()) / 4)
    assert made.evaluate(net) == pytest.approx({"spectral": np.mean(wanted)})
    made.heldout = ()
    assert made.evaluate(net) == {}


def test_copy_is_of_the_whole_recording_and_always_the_same() -> None:
    made = task()
    first, second = (made.copy(made.net.eval(), CORPUS.heldout[0]) for _ in range(2))
    assert first.shape == (1, len(CORPUS.heldout[0].features.samples))
    assert torch.equal(first, second)


def test_sounds_and_pictures(tmp_path: Path) -> None:
    made = task()
    made.illustrate(made.net.eval(), tmp_path)
    kinds = ("copy0.png", "copy0.wav", "recorded0.wav", "copy1.png", "copy1.wav", "recorded1.wav")
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(kinds)
    recorded = files.read(tmp_path / "recorded0.wav")
    assert recorded.rate == AUDIO.sample_rate
    np.testing.assert_allclose(recorded.mono, CORPUS.heldout[0].features.samples, atol=1e-4)


def test_learns_a_segment() -> None:
    made = task()
    batch = made.batch([0, 1], [1, 2])
    optimizer = torch.optim.AdamW(made.net.parameters(), lr=1e-2)
    values = []
    for _ in range(40):
        _, parts = made.losses(made.net, batch)
        total = sum(weight * parts[name].value for name, weight in made.weights.items())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        values.append(float(total.detach()))
    assert values[-1] < 0.7 * values[0]

"""Joint training of acoustic net and vocoder: segments, losses, views, and what is measured at the end."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.synthetic import AUDIO, STAGES, check_losses_add_up, corpus, small_recipe
from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.nets.acoustic import AcousticNet
from tiedtts.nets.joint import JointNet
from tiedtts.nets.vocoder import HarmonicVocoder, knot_frequencies
from tiedtts.training import losses, noise_level, state
from tiedtts.training.joint_recipe import JointRecipe
from tiedtts.training.part_recipe import Stage
from tiedtts.training.tasks.acoustic import AcousticTask
from tiedtts.training.tasks.joint import INPUTS, JointTask
from tiedtts.training.tasks.segments import Segments
from tiedtts.training.tasks.vocoder import VocoderTask

CORPUS = corpus()
HOP = AUDIO.hop
RECIPE = JointRecipe(stages=STAGES, batch_size=3, segment_frames=16, context_frames=4, channels=2)


def nets() -> JointNet:
    torch.manual_seed(0)
    plan = small_recipe()
    acoustic = AcousticTask(CORPUS, plan.acoustic, None).net
    vocoder = VocoderTask(CORPUS, plan.vocoder, None).net
    assert isinstance(acoustic, AcousticNet)
    assert isinstance(vocoder, HarmonicVocoder)
    return JointNet(acoustic, vocoder)


def task(**changes: Any) -> JointTask:
    return JointTask(CORPUS, dataclasses.replace(RECIPE, **changes), nets())


def segments(context: int) -> Segments:
    return Segments(CORPUS.train, nets().acoustic.config, AUDIO, 16, context)


def test_segments_are_one_stretch_of_everything() -> None:
    batch = task().batch([2, 0], [11, 12])
    f = CORPUS.train[2].features
    (start,) = (
        s
        for s in range(f.frames - 15)
        if torch.equal(batch["log_f0"][0], torch.from_numpy(f.log_f0[s : s + 16]))
    )
    config = nets().acoustic.config
    mel = batch["mel"][0].numpy() * config.mel_std + config.mel_mean
    np.testing.assert_allclose(mel, f.mel[start : start + 16], atol=1e-5)
    inside = slice(start * HOP, (start + 16) * HOP)
    np.testing.assert_array_equal(batch["samples"][0].numpy(), f.samples[inside])
    # The frames of the segment, among those that the acoustic net makes, belong to the phones said then.
    phones = np.repeat(np.arange(len(CORPUS.train[2].durations)), CORPUS.train[2].durations)
    seen = batch["index"][0][batch["place"][0]]
    np.testing.assert_array_equal(seen.numpy(), phones[start : start + 16])
    assert batch["index"].shape[1] % config.stride == 0
    assert batch["pulses"].shape == (2, 16 * HOP)
    assert batch["noise"].shape == (2, 16 * HOP)


def test_pulses_of_a_segment_are_those_of_the_whole_recording() -> None:
    """Cut out of the middle, they are still locked to its phase."""
    whole = VocoderTask(CORPUS, small_recipe().vocoder, None)
    f = CORPUS.train[1].features
    for seed in range(4):
        row = segments(0).batch([1], [seed], 1)
        start = next(
            s for s in range(f.frames) if np.array_equal(f.log_f0[s : s + 16], row["log_f0"][0].numpy())
        )
        # Between its last frame and the next one it does not know where the pitch goes.
        wanted = whole.pulses[1][start * HOP : (start + 15) * HOP]
        np.testing.assert_allclose(row["pulses"][0].numpy()[: 15 * HOP], wanted, atol=2e-3)


def test_with_enough_around_it_a_segment_is_that_of_the_whole_sentence() -> None:
    net = nets().eval()
    spectrum = AcousticTask(CORPUS, small_recipe().acoustic, net.acoustic)
    utterance = CORPUS.train[2]
    whole = spectrum.foretell(net.acoustic, utterance)
    batch = segments(200).batch([2], [5], 1)
    start = next(
        s
        for s in range(utterance.features.frames)
        if np.array_equal(utterance.features.log_f0[s : s + 16], batch["log_f0"][0].numpy())
    )
    with torch.no_grad():
        heard = net(*(batch[name] for name in INPUTS))
    config = net.acoustic.config
    made = heard.mel[0].numpy() * config.mel_std + config.mel_mean
    np.testing.assert_allclose(made, whole[start : start + 16], atol=1e-3)


def test_short_recordings_go_on_in_silence() -> None:
    frames = CORPUS.train[0].features.frames
    batch = task(segment_frames=frames + 6).batch([0], [1])
    assert not batch["samples"][0, frames * HOP :].any()
    assert batch["real"][0].tolist() == [1.0] * frames + [0.0] * 6
    assert not batch["voiced"][0, frames:].any()


def test_segments_hold_the_longest_window() -> None:
    with pytest.raises(ConfigError, match="`segment_frames` must be at least 26"):
        task(windows=(8192,))


def test_losses_of_processes_add_up() -> None:
    check_losses_add_up(task())


def test_the_waveform_teaches_both_nets() -> None:
    made = task()
    batch = made.batch([0, 1], [1, 2])
    out, _ = made.losses(made.net, batch)
    for turn in range(3):
        made.net.zero_grad()
        (view,), (real,) = made.views(out, batch, turn)
        window = RECIPE.windows[turn]
        assert view.shape == real.shape == (2, 16 * HOP * 4 // window + 1, window // 2 + 1)
        score, _ = made.discriminator().judges[turn](view)
        losses.generator_loss(score).value.backward(retain_graph=True)
        for name, parameter in made.net.named_parameters():
            # Which phone it is reaches the waveform, how long it lasts does not.
            reached = parameter.grad is not None and bool(parameter.grad.abs().sum() > 0)
            assert reached is not name.startswith("acoustic.variance."), name


def test_all_discriminators_see_their_own_window() -> None:
    together, by_turns = task(in_turn=False), task()
    batch = together.batch([0, 1], [3, 4])
    out, _ = together.losses(together.net, batch)
    made, real = together.views(out, batch)
    assert (together.turns, by_turns.turns) == (1, len(RECIPE.windows))
    for turn, window in enumerate(RECIPE.windows):
        (view,), (wanted,) = by_turns.views(out, batch, turn)
        assert torch.equal(made[turn], view)
        assert torch.equal(real[turn], wanted)
        assert view.shape[2] == window // 2 + 1


def test_repulsion_draws_each_segment_twice() -> None:
    made = task()
    made.begin(Stage(steps=1, learning_rate=1e-3, repulsion=0.5))
    batch = made.batch([0, 1], [5, 6])
    assert batch["noise"].shape == (2, 2, 16 * HOP)
    _, parts = made.losses(made.net, batch)
    assert set(parts) == set(made.weights)


def test_learns_a_segment() -> None:
    made = task()
    batch = made.batch([0, 1], [1, 2])
    optimizer = torch.optim.AdamW(made.net.parameters(), lr=1e-2)
    values = []
    for _ in range(25):
        _, parts = made.losses(made.net, batch)
        total = sum(weight * parts[name].value for name, weight in made.weights.items())
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        values.append({name: float(part.value.detach()) for name, part in parts.items()})
    for name in ("mel", "log512", "convergence1024"):
        assert values[-1][name] < 0.9 * values[0][name], name


def test_evaluation_hears_the_spectra_that_are_made(tmp_path: Path) -> None:
    """The vocoder is judged on what the acoustic net gives it, not on the recording's spectra."""
    made = task()
    net = made.net.eval()
    found = made.evaluate(net)
    assert set(found) == {"mel", "f0", "voicing", "spectral"}
    net.acoustic.head.bias.data.add_(1.0)
    louder = made.evaluate(net)
    assert louder["mel"] != found["mel"]
    assert louder["spectral"] != found["spectral"]


def test_the_noise_is_set_at_the_end() -> None:
    made = task(noise=(0.5, 2.0), noise_hz=1_000.0)
    before = made.net.vocoder.head.bias.detach().clone()
    made.finish(made.net.eval())
    config = made.net.vocoder.config
    change = (made.net.vocoder.head.bias.detach() - before).view(config.substeps, 3, config.knots)
    assert not change[:, :2].any()
    hertz = knot_frequencies(config.knots, config.sample_rate)
    for shift in change[:, 2]:
        np.testing.assert_allclose(shift[hertz <= 1_000.0], math.log(0.5), rtol=1e-5)
        np.testing.assert_allclose(shift[hertz >= 2_000.0], math.log(2.0), rtol=1e-5)
    assert made.net.acoustic.config.f0_scale != 1.0


def test_a_tied_layer_without_biases_cannot_have_its_noise_set() -> None:
    net = nets()
    net.vocoder.head.register_parameter("bias", None)
    with pytest.raises(ConfigError, match="noise of this vocoder cannot be set"):
        JointTask(CORPUS, dataclasses.replace(RECIPE, noise=(0.5, 1.0)), net)
    # Nothing is asked of it where nothing is to be set.
    noise_level.change(net.vocoder, 1.0, 1.0, 1_500.0)


def test_discriminators_of_another_run(tmp_path: Path) -> None:
    made = task()
    path = tmp_path / "last.safetensors"
    mean = state.RunningMean(made.net, 0.9)
    state.save(
        path, {"step": 1, "recipe": {}}, {"net": made.net, state.JUDGE: made.discriminator()}, mean, {}
    )
    other = task().discriminator()
    state.read_discriminators(path, other)
    for first, second in zip(made.discriminator().parameters(), other.parameters(), strict=True):
        assert torch.equal(first, second)
    with pytest.raises(CheckpointError, match="no discriminators of this number and size"):
        state.read_discriminators(path, task(channels=3).discriminator())

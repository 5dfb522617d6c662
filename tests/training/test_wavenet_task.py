"""The WaveNet's segments, loss and sounds."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.training.synthetic import AUDIO, STAGES, corpus
from tiedtts.audio import files
from tiedtts.errors import ConfigError
from tiedtts.nets.wavenet.config import CONTEXT, WaveNetConfig
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.training.part_recipe import Stage
from tiedtts.training.recipe import WaveNetRecipe, load
from tiedtts.training.tasks.wavenet import WaveNetTask

CORPUS = corpus()
HOP = AUDIO.hop
SMALL = WaveNetConfig(residual=8, gate=8, skip=8, layers=5, condition_width=8, order=12)


def task(noise: float = 0.3, **changes: Any) -> WaveNetTask:
    torch.manual_seed(0)
    net = dataclasses.replace(SMALL, **changes)
    recipe = WaveNetRecipe(batch_size=3, stages=STAGES, net=net, segment_frames=6, noise=noise)
    return WaveNetTask(CORPUS, recipe, None)


def test_net_is_set_up_for_the_corpus() -> None:
    made = task()
    assert isinstance(made.net, WaveNet)
    config, scale = made.net.config, CORPUS.scale
    assert config.audio == dataclasses.replace(AUDIO)
    assert (config.mel_std, config.log_f0_mean) == (scale.mel_std, scale.log_f0_mean)


def test_segments_are_one_stretch_of_everything() -> None:
    made = task(noise=0.0)
    batch = made.batch([2, 0], [11, 12])
    assert {name: tuple(tensor.shape) for name, tensor in batch.items()} == {
        "inputs": (2, made.config.inputs, 6 * HOP),
        "features": (2, 6 + 2 * CONTEXT + 1, made.config.features),
        "target": (2, 6 * HOP),
        "width": (2, 6 * HOP),
    }
    # Without noise what the net sees is what it was to say one sample before.
    torch.testing.assert_close(batch["inputs"][:, 0, 1:], torch.arcsinh(batch["target"][:, :-1]))
    f = CORPUS.train[2].features
    scaled = (f.mel - made.config.mel_mean) / made.config.mel_std
    middle = batch["features"][0, CONTEXT : CONTEXT + 6, : AUDIO.n_mels].numpy()
    distance = [np.abs(scaled[s : s + 6] - middle).max() for s in range(f.frames - 5)]
    start = int(np.argmin(distance))
    assert distance[start] < 0.01
    # Sample and prediction are those of the recording: together with the target they give the next sample.
    gain = 1 / 32_768 / batch["width"][0].numpy()
    predicted = np.sinh(batch["inputs"][0, 2].numpy()) * gain
    spoken = f.samples[start * HOP : (start + 6) * HOP]
    np.testing.assert_allclose(predicted + gain * batch["target"][0].numpy(), spoken, atol=1e-4)


def test_noise_is_in_the_past_and_not_in_the_target() -> None:
    quiet, loud = task(noise=0.0).batch([1], [3]), task(noise=0.5).batch([1], [3])
    assert torch.equal(quiet["target"], loud["target"])
    apart = (torch.sinh(loud["inputs"][0, 0]) - torch.sinh(quiet["inputs"][0, 0])).std()
    assert 0.001 < float(apart) < 0.5
    assert not torch.allclose(quiet["inputs"][0, 1], loud["inputs"][0, 1])
    assert torch.equal(quiet["inputs"][0, 3:5], loud["inputs"][0, 3:5])


def test_segments_depend_on_the_seed_alone() -> None:
    made = task()
    both, alone = made.batch([1, 3], [5, 6]), made.batch([3], [6])
    assert all(torch.equal(both[name][1:], alone[name]) for name in both)


def test_prediction_leaves_about_the_gain() -> None:
    target = task().batch([0, 1, 2], [1, 2, 3])["target"]
    assert 0.3 < float(target.std()) < 3


def test_loss_in_bits() -> None:
    """The loss of mu-law numbers that are all as likely is eight bits."""
    made = task(output="mu-law")
    with torch.no_grad():
        made.net.head.weight.zero_()
    _, parts = made.losses(made.net, made.batch([0], [1]))
    assert float(parts["bits"].value.detach()) == pytest.approx(8, abs=1e-4)


@pytest.mark.parametrize(
    "changes", [{}, {"output": "mu-law"}, {"condition": "lpc"}, {"linear_prediction": False}]
)
def test_learns_a_segment(changes: dict[str, Any]) -> None:
    made = task(**changes)
    batch = made.batch([0, 1], [1, 2])
    optimizer = torch.optim.AdamW(made.net.parameters(), lr=1e-2)
    values = []
    for _ in range(25):
        _, parts = made.losses(made.net, batch)
        optimizer.zero_grad()
        parts["bits"].value.backward()
        optimizer.step()
        values.append(float(parts["bits"].value.detach()))
    assert values[-1] < values[0] - 0.2


def test_losses_of_processes_add_up() -> None:
    made = task()
    with torch.no_grad():
        whole, first, second = (
            made.losses(made.net, made.batch(i, s))[1]["bits"]
            for i, s in (([0, 1, 2], [1, 2, 3]), ([0], [1]), ([1, 2], [2, 3]))
        )
    torch.testing.assert_close(first.total + second.total, whole.total, rtol=1e-4, atol=1e-4)
    assert first.size + second.size == whole.size


def test_evaluation_is_always_the_same() -> None:
    made = task()
    first, second = made.evaluate(made.net), made.evaluate(made.net)
    assert first == second
    assert math.isfinite(first["bits"])
    made.heldout = ()
    assert made.evaluate(made.net) == {}


def test_sounds_and_pictures(tmp_path: Path) -> None:
    made = task()
    made.illustrate(made.net, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copy0.png", "copy0.wav", "recorded0.wav"]
    count = min(CORPUS.heldout[0].features.frames, 100)
    assert len(files.read(tmp_path / "copy0.wav").mono) == count * HOP


def test_recipe() -> None:
    recipe = load("wavenet").vocoder
    assert isinstance(recipe, WaveNetRecipe)
    assert recipe.net.receptive_field > 1_000
    with pytest.raises(ConfigError, match=r"^WaveNet is trained without a discriminator"):
        dataclasses.replace(recipe, stages=(Stage(steps=1, learning_rate=1e-3, adversarial=0.1),))

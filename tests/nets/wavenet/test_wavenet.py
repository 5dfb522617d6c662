"""WaveNet: causality, what it is told, likelihood, and samples that are the same with and without memory."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.nets.wavenet.naive import sample_naively
from tiedtts.audio import lpc
from tiedtts.audio.lpc import LpcFrames
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import ConfigError
from tiedtts.nets.wavenet import conditioning as conditionings
from tiedtts.nets.wavenet import logistics, mulaw, residual, synthesis
from tiedtts.nets.wavenet.config import CONTEXT, WaveNetConfig
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.tying import TiePlan, count_parameters, tie

SMALL: dict[str, Any] = {
    "residual": 6,
    "gate": 5,
    "skip": 7,
    "stacks": 2,
    "layers": 4,
    "condition_width": 8,
    "order": 8,
    "hop": 32,
    "substeps": 2,
    "n_fft": 256,
    "n_mels": 12,
    "f_max": 4_000.0,
    "sample_rate": 8_000,
}
FRAMES = 12
FEW_FRAMES = 7
SHARED = {"tie": [{"layers": "layers.*.dilated", "scheme": "share"}]}
LOW_RANK = {"tie": [{"layers": "layers.*.dilated", "scheme": "lowrank", "options": {"rank": 3}}]}


def small(**changes: Any) -> WaveNet:
    """A net whose every weight matters, with a sure and lively opinion."""
    torch.manual_seed(0)
    net = WaveNet(WaveNetConfig(**{**SMALL, **changes})).eval()
    with torch.no_grad():
        net.head.weight.normal_(0, 0.3)
        for parameter in net.parameters():
            if parameter.ndim == 1:
                parameter += 0.1 * torch.randn_like(parameter)
    return net


def frames(config: WaveNetConfig, count: int = FRAMES, seed: int = 0) -> tuple[Any, ...]:
    """Mel, filters, log F0, voiced."""
    rng = np.random.default_rng(seed)
    mel = rng.normal(-4, 1, (count, config.n_mels)).astype(np.float32)
    filters = lpc.from_mel(mel, config.audio, config.order)
    log_f0 = (5.2 + 0.1 * rng.standard_normal(count)).astype(np.float32)
    return mel, filters, log_f0, rng.random(count) > 0.3


@pytest.mark.parametrize(("kernel", "field"), [(2, 31), (3, 61)])
def test_looks_back_as_far_as_it_says_and_never_ahead(kernel: int, field: int) -> None:
    net = small(kernel=kernel)
    config = net.config
    assert config.receptive_field == field
    inputs = torch.randn(1, config.inputs, 4 * 32, requires_grad=True)
    features = torch.randn(1, 4 + 2 * CONTEXT + 1, config.features)
    net(inputs, features)[0, :, 100].sum().backward()
    assert inputs.grad is not None
    moved = inputs.grad[0].abs().sum(0).nonzero().ravel()
    assert (int(moved[0]), int(moved[-1])) == (100 - field + 1, 100)


def test_default_reaches_a_thousand_samples() -> None:
    assert WaveNetConfig().receptive_field > 1_000


def test_crop_is_the_whole() -> None:
    net = small()
    features = torch.randn(2, 20 + 2 * CONTEXT + 1, net.config.features)
    for whole, crop in zip(net.upsample(features), net.upsample(features[:, 5:]), strict=True):
        assert whole.shape == (2, 10, 40)
        torch.testing.assert_close(whole[..., 10:], crop)


def test_guide_of_a_crop_is_a_crop_of_the_guide() -> None:
    config = small().config
    known = conditionings.clean_frames(config, *frames(config), np.linspace(0, 9, FRAMES, dtype=np.float32))
    whole, crop = (
        conditionings.conditioning(config, known, 0, 8),
        conditionings.conditioning(config, known, 3, 5),
    )
    assert np.array_equal(whole.predictor[6:], crop.predictor)
    np.testing.assert_allclose(whole.gain[96:], crop.gain, rtol=1e-6)
    assert np.array_equal(whole.lag[96:], crop.lag)
    np.testing.assert_allclose(whole.clock[96:], crop.clock, atol=1e-5)
    before = conditionings.conditioning(config, known, -4, 12)
    np.testing.assert_allclose(before.clock[128:], whole.clock, atol=1e-5)


def test_clock_turns_with_the_pitch() -> None:
    """At 200 Hz and 8 kHz a turn takes 40 samples."""
    config = small().config
    mel, filters, log_f0, voiced = frames(config)
    known = conditionings.clean_frames(
        config, mel, filters, np.full_like(log_f0, np.log(200)), np.ones_like(voiced)
    )
    given = conditionings.conditioning(config, known, 0, FRAMES)
    assert set(given.lag) == {40}
    np.testing.assert_allclose(given.clock[0], [0, 1], atol=1e-6)
    np.testing.assert_allclose(given.clock[40:], given.clock[:-40], atol=1e-4)
    np.testing.assert_allclose(given.clock[10], [1, 0], atol=1e-4)


def test_what_is_left_makes_the_signal_again() -> None:
    config = small().config
    given = conditionings.conditioning(config, conditionings.clean_frames(config, *frames(config)), 0, FRAMES)
    signal = np.random.default_rng(1).normal(0, 0.02, config.order + FRAMES * 32).astype(np.float32)
    signal[: config.order] = 0
    left = residual.to_residual(given, signal)
    np.testing.assert_allclose(residual.to_signal(given, left), signal[config.order :], atol=1e-5)
    n = 77
    by_hand = signal[n : n + config.order][::-1] @ given.predictor[n // 16]
    assert left[n] == pytest.approx((signal[config.order + n] - by_hand) / given.gain[n], rel=1e-3)


def test_the_net_sees_only_the_past() -> None:
    config = small().config
    given = conditionings.conditioning(config, conditionings.clean_frames(config, *frames(config)), 0, FRAMES)
    rng = np.random.default_rng(1)
    left = rng.standard_normal(FRAMES * 32).astype(np.float32)
    signal = rng.normal(0, 0.02, config.order + FRAMES * 32).astype(np.float32)
    first = 192
    seen = residual.net_inputs(config, given, left, signal, first)
    assert seen.shape == (config.inputs, FRAMES * 32 - first)
    changed, louder = left.copy(), signal.copy()
    changed[300:] += 1
    louder[config.order + 300 :] += 1
    again = residual.net_inputs(config, given, changed, louder, first)
    assert np.array_equal(seen[:, : 301 - first], again[:, : 301 - first])
    assert not np.isclose(seen[:3, 301 - first], again[:3, 301 - first]).any()
    np.testing.assert_allclose(seen[0], np.arcsinh(left[first - 1 : -1]), rtol=1e-6)


def test_probabilities_of_all_intervals_add_up_to_one() -> None:
    parameters = torch.tensor([0.3, -1.0, 0.5, -2.0, 0.1, 3.0, -3.0, -1.0, 0.4]).view(1, 9, 1)
    width = 0.05
    values = torch.arange(-40, 40, width)
    nats = logistics.negative_log_likelihood(
        parameters.expand(1, 9, len(values)), values[None], torch.full((1, len(values)), width)
    )
    assert float(torch.exp(-nats).sum()) == pytest.approx(1, abs=1e-3)


def test_likelihood_stays_finite_with_gradient_far_away() -> None:
    parameters = torch.zeros(1, 3, 4)
    parameters[:, 2] = -50.0
    parameters.requires_grad_()
    values = torch.tensor([[-32.0, 0.0, 1e-4, 32.0]])
    nats = logistics.negative_log_likelihood(parameters, values, torch.full((1, 4), 1e-3))
    nats.sum().backward()
    assert torch.isfinite(nats).all()
    assert parameters.grad is not None
    assert torch.isfinite(parameters.grad).all()


def test_mu_law() -> None:
    numbers = np.arange(256)
    assert np.array_equal(mulaw.encode(mulaw.decode(numbers)), numbers)
    assert mulaw.decode(np.array([0, 255])).tolist() == [-1.0, 1.0]
    assert mulaw.encode(np.array([-9.0, 0.0, 9.0])).tolist() == [0, 128, 255]


def test_fresh_net_says_noise_of_variance_one() -> None:
    torch.manual_seed(0)
    net = WaveNet(WaveNetConfig(**SMALL)).eval()
    config = net.config
    mel, filters, log_f0, voiced = frames(config, 60)
    made = synthesis.generate(net, np.full_like(mel, -4.0), filters, log_f0, voiced, pieces=1)
    known = conditionings.clean_frames(config, np.full_like(mel, -4.0), filters, log_f0, voiced)
    given = conditionings.conditioning(config, known, 0, 60)
    left = residual.to_residual(given, np.pad(made, (config.order, 0)))
    assert float(left.std()) == pytest.approx(1.1, abs=0.15)


KINDS: list[dict[str, Any]] = [
    {},
    {"kernel": 3, "stacks": 1},
    {"output": "mu-law"},
    {"output": "mu-law", "linear_prediction": False, "emphasis": 0.85},
    {"condition": "lpc", "lagged": 0},
    {"clock": False, "components": 1, "hop": 36, "substeps": 3},
    {"layers": 7, "stacks": 1},
]


@pytest.mark.parametrize("changes", KINDS, ids=str)
def test_memory_changes_nothing(changes: dict[str, Any]) -> None:
    same_samples(small(**changes))


@pytest.mark.parametrize("plan", [SHARED, LOW_RANK], ids=["share", "lowrank"])
def test_memory_changes_nothing_of_a_tied_net(plan: dict[str, Any], tmp_path: Path) -> None:
    net = small()
    tied, _ = tie(net, TiePlan.from_dict(plan))
    assert count_parameters(tied) < count_parameters(net)
    inputs = torch.randn(1, net.config.inputs, 64)
    before = [p.detach().clone() for p in tied.parameters()]
    optimizer = torch.optim.AdamW(tied.parameters(), lr=1e-2)
    tied(inputs, torch.randn(1, 2 + 2 * CONTEXT + 1, net.config.features)).square().mean().backward()
    optimizer.step()
    assert all(not torch.equal(a, b) for a, b in zip(before, tied.parameters(), strict=True))
    same_samples(tied)
    path = tmp_path / "tied.safetensors"
    checkpoint.save(path, Checkpoint({"vocoder": tied}, None))
    loaded = checkpoint.load(path).part("vocoder")
    arguments = frames(net.config)
    assert np.array_equal(synthesis.generate(loaded, *arguments), synthesis.generate(tied, *arguments))


def same_samples(net: Any) -> None:
    config = net.config
    # More samples than the longest receptive field has.
    arguments = frames(config, FEW_FRAMES)
    assert FEW_FRAMES * config.hop > 1.5 * config.receptive_field
    cached = synthesis.generate(net, *arguments, seed=5, pieces=1)
    naive = sample_naively(net, *arguments, seed=5)
    assert cached.shape == naive.shape == (FEW_FRAMES * config.hop,)
    assert np.abs(naive).max() > 1e-4
    if config.output == "mu-law":
        assert np.array_equal(cached, naive)
    else:
        np.testing.assert_allclose(cached, naive, atol=1e-4 * np.abs(naive).max())


def test_pieces_follow_each_other() -> None:
    """Each piece begins early enough to have forgotten its beginning, and meets the same chances."""
    net = small(linear_prediction=False, lagged=0, clock=False)
    arguments = frames(net.config, 40)
    whole = synthesis.generate(net, *arguments, pieces=1)
    parts = synthesis.generate(net, *arguments, pieces=4)
    assert parts.shape == whole.shape
    assert not np.array_equal(parts, whole)
    apart = np.abs(parts - whole).reshape(40, -1).max(axis=1)
    assert (apart < 0.05 * np.abs(whole).max()).mean() > 0.5


def test_seeds_and_temperature() -> None:
    net = small()
    arguments = frames(net.config)
    made = synthesis.generate(net, *arguments, seed=1)
    assert np.array_equal(made, synthesis.generate(net, *arguments, seed=1))
    assert not np.array_equal(made, synthesis.generate(net, *arguments, seed=2))
    calmer = synthesis.generate(net, *arguments, seed=1, temperature=0.5)
    assert calmer.std() != made.std()
    unvoiced = (*arguments[:3], np.zeros(FRAMES))
    first, second = (synthesis.generate(net, *unvoiced, temperature=t) for t in (1.0, 0.5))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("changes", [{}, {"condition": "lpc"}, {"output": "mu-law"}], ids=str)
@pytest.mark.parametrize("size", [1e30, -1e30, 300.0])
def test_anything_finite_gives_samples(changes: dict[str, Any], size: float) -> None:
    net = small(**changes)
    config = net.config
    rng = np.random.default_rng(0)
    mel = (rng.standard_normal((6, config.n_mels)) * size).astype(np.float32)
    lsf = (rng.standard_normal((6, config.order)) * size).astype(np.float32)
    filters = LpcFrames(lsf, mel[:, 0])
    made = synthesis.generate(net, mel, filters, mel[:, 1], mel[:, 2])
    assert made.shape == (6 * config.hop,)
    assert np.isfinite(made).all()
    assert np.abs(made).max() <= 1


def test_nothing_and_a_single_frame() -> None:
    net = small()
    for count in (0, 1):
        mel, filters, log_f0, voiced = frames(net.config, max(count, 1))
        cut = LpcFrames(filters.lsf[:count], filters.log_gain[:count])
        made = synthesis.generate(net, mel[:count], cut, log_f0[:count], voiced[:count])
        assert made.shape == (count * net.config.hop,)


def test_progress_is_told() -> None:
    net = small()
    told: list[tuple[int, int]] = []
    synthesis.generate(net, *frames(net.config), pieces=1, progress=lambda done, of: told.append((done, of)))
    assert told == [(0, FRAMES * 32), (FRAMES * 32, FRAMES * 32)]


def test_filters_are_needed() -> None:
    net = small(condition="lpc")
    mel, _, log_f0, voiced = frames(net.config)
    with pytest.raises(ConfigError, match=r"^this WaveNet reads linear prediction of order 8, got: none$"):
        synthesis.generate(net, mel, None, log_f0, voiced)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("residual", 0, "at least 1"),
        ("condition", "text", "mel or lpc"),
        ("output", "gaussian", "logistics or mu-law"),
        ("kernel", 1, "2 to 65536"),
        ("order", 65, "2 to 64"),
        ("emphasis", 1.0, r"in \[0, 1\)"),
        ("lagged", 4, "0 or odd and at most 31"),
        ("mel_std", 0.0, "positive"),
    ],
)
def test_sizes_that_cannot_be(name: str, value: Any, wanted: str) -> None:
    with pytest.raises(ConfigError, match=rf"^`{name}` must be {wanted}, got: {value}$"):
        WaveNetConfig(**{name: value})


def test_steps_must_fit_a_frame() -> None:
    config = dataclasses.replace(WaveNetConfig(**SMALL), substeps=5)
    with pytest.raises(ConfigError, match=r"^`hop` 32 must be a multiple of `substeps` 5$"):
        WaveNet(config)

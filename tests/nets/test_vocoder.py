"""The harmonic-plus-noise vocoder: filters, interpolation, resynthesis."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tiedtts.errors import ConfigError
from tiedtts.nets.vocoder import (
    LOG_GAIN_RANGE,
    LOG_NOISE_RANGE,
    NOISE_OFFSET,
    PHASE_SCALE,
    HarmonicVocoder,
    VocoderConfig,
    knot_interpolation,
)

SMALL = {"width": 8, "blocks": 2, "knots": 6, "n_fft": 64, "hop": 32, "n_mels": 4, "sample_rate": 8_000}
FRAMES = 40


def small(**changes: Any) -> HarmonicVocoder:
    torch.manual_seed(0)
    return HarmonicVocoder(VocoderConfig(**{**SMALL, **changes})).eval()


def inputs(batch: int = 1, frames: int = FRAMES, hop: int = 32) -> tuple[Tensor, ...]:
    """Mel, log F0, voiced, pulses, noise."""
    torch.manual_seed(1)
    mel = torch.randn(batch, frames, 4)
    log_f0 = 5 + 0.2 * torch.randn(batch, frames)
    voiced = (torch.rand(batch, frames) > 0.3).float()
    return mel, log_f0, voiced, torch.randn(batch, frames * hop), torch.randn(batch, frames * hop)


@torch.no_grad()
def constant(net: HarmonicVocoder, gain: float, phase: float, noise: float) -> HarmonicVocoder:
    """Make a net say the same of every frame and knot."""
    net.head.weight.zero_()
    net.head.bias.view(net.config.substeps, 3, net.config.knots)[:] = torch.tensor(
        [gain, phase / PHASE_SCALE, noise + NOISE_OFFSET]
    )[:, None]
    return net


@pytest.mark.parametrize("kernel", [1, 5])
def test_the_stem_sees_as_many_frames_as_its_kernel(kernel: int) -> None:
    net = small(stem_kernel=kernel)
    mel = torch.zeros(1, net.config.n_mels + 2, 9)
    other = mel.clone()
    other[..., 4] = 1.0
    with torch.no_grad():
        changed = (net.stem(mel) != net.stem(other)).any(1)[0]
    assert changed.nonzero().flatten().tolist() == list(range(4 - kernel // 2, 5 + kernel // 2))


@pytest.mark.parametrize("substeps", [1, 2, 4])
def test_filters_of_one_pass_everything(substeps: int) -> None:
    net = constant(small(substeps=substeps), 0.0, 0.0, 0.0)
    mel, log_f0, voiced, pulses, noise = inputs()
    with torch.no_grad():
        harmonic, hiss = net(mel, log_f0, voiced, pulses, noise)
    assert harmonic.shape == hiss.shape == (1, FRAMES * 32)
    # The window centred on the very end is missing, which only the last samples feel.
    torch.testing.assert_close(harmonic[:, :-32], pulses[:, :-32], atol=1e-5, rtol=0)
    torch.testing.assert_close(hiss[:, :-32], noise[:, :-32], atol=1e-5, rtol=0)


def test_gain_phase_and_noise() -> None:
    """Half a turn and a gain of two: minus two; noise a tenth as loud."""
    net = constant(small(), math.log(2), math.pi, math.log(0.1))
    mel, log_f0, voiced, pulses, noise = inputs()
    with torch.no_grad():
        harmonic, hiss = net(mel, log_f0, voiced, pulses, noise)
    torch.testing.assert_close(harmonic[:, :-32], -2 * pulses[:, :-32], atol=1e-4, rtol=0)
    torch.testing.assert_close(hiss[:, :-32], 0.1 * noise[:, :-32], atol=1e-5, rtol=0)


def test_gains_stay_in_range() -> None:
    mel, log_f0, voiced, _, _ = inputs()
    for sign, side in ((-1, 0), (1, 1)):
        filters = constant(small(), sign * 99.0, 0.0, sign * 99.0).filters(mel, log_f0, voiced)
        torch.testing.assert_close(filters.harmonic, torch.full_like(filters.harmonic, LOG_GAIN_RANGE[side]))
        torch.testing.assert_close(filters.noise, torch.full_like(filters.noise, LOG_NOISE_RANGE[side]))


def test_fresh_net_is_nearly_silent_in_noise() -> None:
    mel, log_f0, voiced, _, _ = inputs()
    filters = small().filters(mel, log_f0, voiced)
    assert filters.harmonic.abs().max() < 0.5
    assert (filters.noise + NOISE_OFFSET).abs().max() < 0.5


def test_pitch_of_unvoiced_frames_does_not_matter() -> None:
    net = small()
    torch.nn.init.normal_(net.head.weight)
    mel, log_f0, voiced, _, _ = inputs()
    other = torch.where(voiced > 0, log_f0, log_f0 + 3)
    for a, b in zip(net.filters(mel, log_f0, voiced), net.filters(mel, other, voiced), strict=True):
        assert torch.equal(a, b)
    moved = net.filters(mel, log_f0 + 0.5 * voiced, voiced)
    assert not torch.allclose(moved.harmonic, net.filters(mel, log_f0, voiced).harmonic)


def test_crop_is_the_whole_within_reach() -> None:
    """Five taps of the stem and two blocks of seven: eight frames each way."""
    net = small()
    torch.nn.init.normal_(net.head.weight)
    mel, log_f0, voiced, _, _ = inputs()
    whole = net.filters(mel, log_f0, voiced)
    crop = net.filters(mel[:, 10:34], log_f0[:, 10:34], voiced[:, 10:34])
    for a, b in zip(whole, crop, strict=True):
        torch.testing.assert_close(a[:, 2 * 18 : 2 * 26], b[:, 2 * 8 : 2 * 16])
        assert not torch.allclose(a[:, 2 * 17], b[:, 2 * 7])


def test_batch_is_its_members() -> None:
    net = small()
    torch.nn.init.normal_(net.head.weight)
    batch = inputs(batch=3)
    together = net(*batch)
    for row in range(3):
        alone = net(*(tensor[row : row + 1] for tensor in batch))
        for a, b in zip(together, alone, strict=True):
            torch.testing.assert_close(a[row : row + 1], b, atol=1e-3, rtol=1e-3)


def test_every_weight_learns_even_from_silence() -> None:
    net = small()
    mel, log_f0, voiced, pulses, noise = inputs()
    pulses[:, : pulses.shape[1] // 2] = 0
    harmonic, hiss = net(mel, log_f0, voiced, pulses, noise)
    (harmonic.square().sum() + hiss.square().sum()).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_bins_between_knots_lie_on_straight_lines() -> None:
    weights = knot_interpolation(257, 72, 24_000).numpy().astype(np.float64)
    assert weights.shape == (72, 257)
    np.testing.assert_allclose(weights.sum(0), 1, atol=1e-6)
    assert ((weights > 1e-9).sum(0) <= 2).all()
    mels = np.log1p(np.linspace(0, 12_000, 257) / 700)
    # What is linear in mel is drawn as it is; the ends are knots.
    np.testing.assert_allclose(np.linspace(0, mels[-1], 72) @ weights, mels, atol=1e-6)
    assert weights[0, 0] == weights[71, 256] == 1


def test_constants_are_not_stored() -> None:
    names = small().state_dict().keys()
    assert not {"window", "interpolation"} & names


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("width", 0, "at least 1"),
        ("blocks", 0, "at least 1"),
        ("knots", 0, "at least 1"),
        ("kernel", 6, "odd and at least 1"),
        ("stem_kernel", 2, "odd and at least 1"),
        ("mel_std", 0.0, "positive"),
        ("log_f0_std", -1.0, "positive"),
    ],
)
def test_sizes_that_cannot_be(name: str, value: float, wanted: str) -> None:
    with pytest.raises(ConfigError, match=rf"^`{name}` must be {wanted}, got: {value}$"):
        VocoderConfig(**{name: value})


@pytest.mark.parametrize(("hop", "substeps", "n_fft"), [(33, 2, 64), (32, 2, 30), (32, 1, 80)])
def test_windows_that_do_not_fit(hop: int, substeps: int, n_fft: int) -> None:
    message = f"^`hop` {hop}, `substeps` {substeps} and `n_fft` {n_fft} do not fit$"
    with pytest.raises(ConfigError, match=message):
        small(hop=hop, substeps=substeps, n_fft=n_fft)

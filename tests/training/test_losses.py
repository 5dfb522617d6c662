"""Losses by hand, their gradients, and that parts add up to the whole."""

import math

import pytest
import torch

from tiedtts.training import losses
from tiedtts.training.losses import Ratio


def test_masked_mean_by_hand() -> None:
    ratio = losses.masked(torch.tensor([[1.0, 2.0, 99.0]]), torch.tensor([[1.0, 1.0, 0.0]]))
    assert [float(x) for x in (*ratio, ratio.value)] == [3.0, 2.0, 1.5]


def test_nothing_to_average_is_zero() -> None:
    assert float(losses.masked(torch.ones(2, 3), torch.zeros(2, 3)).value) == 0.0


def test_mean_by_hand() -> None:
    ratio = losses.mean(torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
    assert [float(x) for x in (*ratio, ratio.value)] == [12.0, 4.0, 3.0]


def test_voicing_by_hand() -> None:
    ratio = losses.voicing(
        torch.tensor([[0.0, 2.0, 5.0]]), torch.tensor([[1.0, 0.0, 1.0]]), torch.tensor([[1.0, 1.0, 0.0]])
    )
    assert float(ratio.value) == pytest.approx((math.log(2) + math.log(1 + math.exp(2))) / 2)


def test_least_squares_by_hand() -> None:
    real, made = torch.tensor([1.0, 0.5]), torch.tensor([0.0, 0.5])
    assert float(losses.discriminator_loss(real, made).value) == pytest.approx((0 + 0 + 0.25 + 0.25) / 2)
    assert float(losses.generator_loss(made).value) == pytest.approx((1 + 0.25) / 2)


def test_feature_matching_teaches_only_the_made() -> None:
    real = [torch.zeros(2, 3, requires_grad=True), torch.ones(4, requires_grad=True)]
    made = [torch.full((2, 3), 0.5, requires_grad=True), torch.ones(4, requires_grad=True)]
    parts = losses.feature_matching(real, made)
    assert {name: float(ratio.value.detach()) for name, ratio in parts.items()} == {
        "layer0": 0.5,
        "layer1": 0.0,
    }
    sum(ratio.value for ratio in parts.values()).backward()
    assert real[0].grad is None
    torch.testing.assert_close(made[0].grad, torch.full((2, 3), 1 / 6))


def test_same_signal_costs_nothing() -> None:
    signal = torch.randn(2, 4000)
    parts = losses.multi_resolution(signal, signal)
    assert len(parts) == 8
    assert all(float(ratio.value) == 0.0 for ratio in parts.values())


def test_twice_as_loud() -> None:
    """The log distance is that of the amplitudes, the relative one is one, at every resolution."""
    signal = torch.randn(1, 6000)
    for name, ratio in losses.multi_resolution(2 * signal, signal).items():
        wanted = math.log(2) if name.startswith("log") else 1.0
        assert float(ratio.value) == pytest.approx(wanted, abs=0.01), name


def energy(level: float, real: torch.Tensor, repulsion: float = 1.0) -> float:
    """Return the loss of noise of some level against a recording, the mean of all resolutions."""
    first, second = level * torch.randn_like(real), level * torch.randn_like(real)
    parts = losses.spectral_energy(first, second, real, repulsion)
    return sum(float(ratio.value) for ratio in parts.values()) / len(parts)


def test_energy_distance_asks_for_as_much_noise_as_was_recorded() -> None:
    """A mere distance asks for less: what lies in the middle is nearer to all that could have been."""
    torch.manual_seed(0)
    real = torch.randn(8, 6000)
    levels = (0.5, 0.8, 1.0, 1.25, 2.0)
    best = [min(levels, key=lambda level: energy(level, real, repulsion)) for repulsion in (1.0, 0.0)]
    assert best == [1.0, 0.8]


def test_energy_distance_without_repulsion_is_the_mean_of_two_distances() -> None:
    torch.manual_seed(0)
    first, second, real = torch.randn(3, 2, 4000)
    both = losses.spectral_energy(first, second, real, 0.0)
    one, two = losses.multi_resolution(first, real), losses.multi_resolution(second, real)
    for name, ratio in both.items():
        wanted = (one[name].value + two[name].value) / 2
        torch.testing.assert_close(ratio.value, wanted, msg=name)


def test_magnitude_of_silence_has_a_gradient() -> None:
    signal = torch.zeros(1, 3000, requires_grad=True)
    parts = losses.multi_resolution(signal, torch.randn(1, 3000))
    sum(ratio.value for ratio in parts.values()).backward()
    assert signal.grad is not None
    assert torch.isfinite(signal.grad).all()


def test_spectrum_is_windowed_and_quarter_overlapped() -> None:
    signal = torch.randn(1, 1024)
    spectra = losses.spectrum(signal, 256)
    assert spectra.shape == (1, 129, 17)
    n = torch.arange(256)
    window = 0.5 - 0.5 * torch.cos(2 * math.pi * n / 256)
    # Frame 8 is centred on sample 512; a cosine of five periods a window.
    value = (signal[0, 384:640] * window * torch.exp(-2j * math.pi * 5 * n / 256)).sum()
    torch.testing.assert_close(spectra[0, 5, 8], value, atol=1e-4, rtol=1e-4)


def complex_loss(harmonic: torch.Tensor, target: torch.Tensor, voiced: torch.Tensor) -> float:
    return float(losses.complex_spectral(harmonic, target, voiced, 160, 16_000, 5_000.0).value)


def test_complex_loss_knows_phase() -> None:
    time = torch.arange(160 * 40) / 16_000
    tone = torch.cos(2 * math.pi * 400 * time)[None]
    ahead = torch.cos(2 * math.pi * 400 * time + 0.5)[None]
    voiced = torch.zeros(1, 40)
    voiced[:, 5:-5] = 1  # where the window sees no mirrored end
    assert complex_loss(tone, tone, voiced) == 0.0
    # |1 - exp(0.5i)|^2 of the target's own size; 2^2 for the opposite; 1 for nothing.
    assert complex_loss(ahead, tone, voiced) == pytest.approx((2 * math.sin(0.25)) ** 2, abs=0.01)
    assert complex_loss(-tone, tone, voiced) == pytest.approx(4.0, rel=1e-4)
    assert complex_loss(0 * tone, tone, voiced) == pytest.approx(1.0, rel=1e-4)
    # Magnitudes are compressed: a tenth counts as 0.4 of the whole.
    assert complex_loss(0.1 * tone, tone, voiced) == pytest.approx((1 - 0.1**0.4) ** 2, abs=0.03)


def test_phase_loss_knows_nothing_of_loudness() -> None:
    time = torch.arange(160 * 40) / 16_000
    tone, ahead = (torch.cos(2 * math.pi * 400 * time + shift)[None] for shift in (0.0, 0.5))
    voiced = torch.zeros(1, 40)
    voiced[:, 5:-5] = 1  # where the window sees no mirrored end

    def loss(harmonic: torch.Tensor) -> float:
        return float(losses.harmonic_phase(harmonic, tone, voiced, 160, 16_000, 5_000.0).value)

    assert loss(tone) == pytest.approx(0.0, abs=1e-3)
    assert loss(ahead) == pytest.approx(1 - math.cos(0.5), abs=0.01)
    assert loss(-tone) == pytest.approx(2.0, abs=0.01)
    # Quieter is no better and no worse, so that harmonics of unknown phase are not driven to silence.
    assert loss(0.1 * ahead) == pytest.approx(loss(ahead), abs=0.01)
    quiet = (0.1 * ahead).requires_grad_()
    losses.harmonic_phase(quiet, tone, voiced, 160, 16_000, 5_000.0).value.backward()
    assert quiet.grad is not None
    louder, turned = (float((quiet.grad * way).sum()) for way in (ahead, torch.roll(ahead, 10)))
    assert abs(louder) < 0.02 * abs(turned)


def test_complex_loss_hears_only_voiced_frames_and_low_tones() -> None:
    torch.manual_seed(0)
    tone = torch.cos(2 * math.pi * 400 / 16_000 * torch.arange(160 * 40))[None]
    voiced = torch.zeros(1, 40)
    voiced[:, :10] = 1
    other = tone.clone()
    other[:, 160 * 9 + 513 :] = torch.randn(160 * 31 - 513)
    assert complex_loss(other, tone, voiced) == 0.0
    assert complex_loss(other, tone, 0 * voiced) == 0.0
    hiss = 0.3 * torch.cos(2 * math.pi * 6_500 / 16_000 * torch.arange(160 * 40))[None]
    assert complex_loss(tone + hiss, tone, voiced) < 1e-3


def test_complex_loss_of_silence_has_a_gradient() -> None:
    harmonic = torch.zeros(1, 160 * 20, requires_grad=True)
    target = torch.randn(1, 160 * 20)
    losses.complex_spectral(harmonic, target, torch.ones(1, 20), 160, 16_000, 5_000.0).value.backward()
    assert harmonic.grad is not None
    assert torch.isfinite(harmonic.grad).all()


def test_parts_of_a_batch_add_up() -> None:
    torch.manual_seed(0)
    made, real = torch.randn(5, 3200), torch.randn(5, 3200)
    voiced = (torch.rand(5, 20) > 0.4).float()

    def everything(rows: slice) -> dict[str, Ratio]:
        parts = losses.multi_resolution(made[rows], real[rows])
        parts["complex"] = losses.complex_spectral(made[rows], real[rows], voiced[rows], 160, 16_000, 5_000.0)
        parts["judge"] = losses.discriminator_loss(real[rows], made[rows])
        parts["fooled"] = losses.generator_loss(made[rows])
        parts["masked"] = losses.masked(made[rows, :20], voiced[rows])
        parts["voicing"] = losses.voicing(made[rows, :20], voiced[rows], voiced[rows])
        return parts

    whole, first, second = (everything(slice(*ends)) for ends in ((0, 5), (0, 2), (2, 5)))
    for name, ratio in whole.items():
        torch.testing.assert_close(first[name].total + second[name].total, ratio.total, msg=name)
        torch.testing.assert_close(first[name].size + second[name].size, ratio.size, msg=name)

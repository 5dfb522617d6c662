"""Filtering in the short-time spectrum."""

import numpy as np
import pytest
import torch

from tiedtts.audio import filtering
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig


@pytest.mark.parametrize("count", [1, 5, 50, 300])
def test_overlap_add_undoes_spectrum(count: int) -> None:
    signal = np.random.default_rng(0).standard_normal(count * 128).astype(np.float32)
    again = filtering.overlap_add(filtering.spectrum(signal, 512, 128), 512, 128)
    assert again.shape == signal.shape
    # The window centred on the very end is missing, which only the last samples feel.
    np.testing.assert_allclose(again[:-256], signal[:-256], atol=1e-5)


def test_unit_filters_pass_pulses_and_noise() -> None:
    rng = np.random.default_rng(1)
    pulses, noise = (rng.standard_normal(40 * 128).astype(np.float32) for _ in range(2))
    one, zero = np.ones((40, 257), np.float32), np.zeros((40, 257), np.float32)
    both = filtering.shape(pulses, noise, one, zero, one, 512, 128)
    np.testing.assert_allclose(both[:-256], (pulses + noise)[:-256], atol=1e-5)


@pytest.mark.parametrize("frames", [2, 9, 70])  # 70: more windows than a block has
def test_shape_is_what_training_hears(frames: int) -> None:
    """The vocoder in torch and the voice in numpy make the same samples."""
    torch.manual_seed(0)
    net = HarmonicVocoder(VocoderConfig(width=8, blocks=1)).eval()
    torch.nn.init.normal_(net.head.weight, 0.0, 0.3)
    mel, log_f0, voiced = torch.randn(1, frames, 80), torch.full((1, frames), 5.0), torch.ones(1, frames)
    pulses, noise = torch.randn(1, frames * 256), torch.randn(1, frames * 256)
    with torch.no_grad():
        wanted = sum(net(mel, log_f0, voiced, pulses, noise))[0].numpy()
        filters = net.filters(mel, log_f0, voiced)
    harmonic = torch.polar(filters.harmonic.exp(), filters.phase)[0].numpy()
    made = filtering.shape(
        pulses[0].numpy(),
        noise[0].numpy(),
        np.ascontiguousarray(harmonic.real),
        np.ascontiguousarray(harmonic.imag),
        filters.noise.exp()[0].numpy(),
        512,
        128,
    )
    np.testing.assert_allclose(made, wanted, atol=1e-5)

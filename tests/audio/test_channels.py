import numpy as np
import pytest

from tiedtts.audio.channels import mix

TIME = np.arange(24_000) / 24_000
SPEECH = (0.3 * np.sin(2 * np.pi * 200 * TIME) * np.sin(2 * np.pi * 3 * TIME)).astype(np.float32)
NOISE = (0.01 * np.random.default_rng(0).standard_normal((24_000, 3))).astype(np.float32)


@pytest.mark.parametrize("second", [-1.0, -0.6, -1.3])
@pytest.mark.parametrize("noise", [0, 1])
def test_opposite_phase_is_turned_round(second: float, noise: int) -> None:
    samples = np.stack([SPEECH, second * SPEECH], 1) + noise * NOISE[:, :2]
    mono, turned = mix(samples)
    assert turned
    assert abs(np.corrcoef(mono, SPEECH)[0, 1]) > 0.95
    assert mono.std() > 0.7 * SPEECH.std()
    assert mono.dtype == np.float32


@pytest.mark.parametrize("factors", [(1.0, 1.0), (1.0, 0.2), (1.0, 0.0), (1.0, -0.05), (0.0, 1.0)])
def test_other_channels_are_averaged(factors: "tuple[float, float]") -> None:
    samples = np.stack([factor * SPEECH for factor in factors], 1).astype(np.float32)
    mono, turned = mix(samples)
    assert not turned
    np.testing.assert_array_equal(mono, samples.mean(1, dtype=np.float32))


def test_three_channels_silence_and_nothing() -> None:
    mono, turned = mix(np.stack([SPEECH, -SPEECH, SPEECH * 0.01], 1))
    assert turned
    assert mono.std() > 0.5 * SPEECH.std()
    assert mix(np.zeros((10, 2), np.float32))[1] is False
    assert mix(np.zeros((0, 2), np.float32))[0].shape == (0,)
    assert mix(np.full((10, 2), np.nan, np.float32))[1] is False

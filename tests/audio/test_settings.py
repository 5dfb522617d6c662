"""Audio settings: what fits together and what does not."""

from typing import Any

import pytest

from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import ConfigError


def test_round_trip_keeps_every_field() -> None:
    settings = AudioSettings(sample_rate=16_000, hop=200, f_max=7_000.0, f0_min=60.0, level=0.1)
    assert AudioSettings.from_dict(settings.to_dict()) == settings


def test_frame_rate() -> None:
    assert AudioSettings().frame_rate == 93.75
    assert AudioSettings(hop=240).frame_rate == 100.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sample_rate": 7_999}, "`sample_rate` must be 8000 to 48000 Hz, got: 7999"),
        ({"sample_rate": 48_001}, "`sample_rate` must be 8000 to 48000 Hz, got: 48001"),
        ({"hop": 0}, "`n_fft` must be at least twice `hop`, got: 1024 and 0"),
        ({"hop": 513}, "`n_fft` must be at least twice `hop`, got: 1024 and 513"),
        ({"n_mels": 0}, "`n_mels` must be 1 to 1024, got: 0"),
        ({"level": 0.0}, r"`level` must be in \(0, 1\), got: 0.0"),
        ({"level": float("nan")}, r"`level` must be in \(0, 1\), got: nan"),
        ({"f_max": 12_001.0}, "mel range 0.0-12001.0 Hz does not fit 24000 Hz"),
        ({"f_min": -1.0}, "mel range -1.0-12000.0 Hz does not fit 24000 Hz"),
        ({"sample_rate": 16_000}, "mel range 0.0-12000.0 Hz does not fit 16000 Hz"),
        ({"f0_min": 39.0}, "pitch range 39.0-400.0 Hz is not a voice's"),
        ({"f0_min": 400.0}, "pitch range 400.0-400.0 Hz is not a voice's"),
    ],
)
def test_values_that_do_not_fit(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{message}$"):
        AudioSettings(**values)


@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_edges_of_the_rate_fit(rate: int) -> None:
    assert AudioSettings(sample_rate=rate, f_max=4_000.0).sample_rate == rate


def test_unknown_key_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^unknown keys in the audio settings: hopp, zoom$") as error:
        AudioSettings.from_dict({"zoom": 1, "hopp": 256})
    assert error.value.hint is not None
    assert "hop, level" in error.value.hint


def test_value_of_another_kind() -> None:
    with pytest.raises(ConfigError, match="`sample_rate` must be a whole number"):
        AudioSettings.from_dict({"sample_rate": "24000"})

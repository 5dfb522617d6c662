from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus.corpora import RATE, voice, write
from tiedtts.corpus import checks
from tiedtts.corpus.checks import inspect, speaking_rate

Samples = npt.NDArray[np.float64]
LOUD = voice(0) * 4


def with_nan() -> Samples:
    samples = voice(0)
    samples[100] = np.nan
    return samples


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (voice(0), None),
        (np.zeros(0), checks.EMPTY),
        (np.zeros(RATE), checks.SILENT),
        (np.full(RATE, 0.2), checks.SILENT),
        (voice(0) * 1e-3, checks.SILENT),
        (np.clip(10 * LOUD, -1, 1), checks.CLIPPED),
        (np.clip(10 * LOUD, -1, 1) / 4, checks.CLIPPED),
        (with_nan(), checks.NO_NUMBERS),
        (voice(0)[: RATE // 5 - 1], checks.SHORT),
        (voice(0)[RATE // 2 :][: RATE // 5], None),
        (voice(0, 20.15), None),
        (voice(0, 20.25), checks.LONG),
        (np.concatenate([voice(0, 15), np.zeros(RATE * 15)]), None),
    ],
)
def test_rejections(tmp_path: Path, samples: Samples, reason: "str | None") -> None:
    import soundfile

    path = tmp_path / "a.wav"
    soundfile.write(path, samples, RATE, "FLOAT")
    found = inspect(path, RATE)
    assert (found.rejected, found.notes) == (reason, ())
    assert bool(len(found.samples)) == (reason is None)


def test_files_that_are_no_sounds(tmp_path: Path) -> None:
    assert inspect(tmp_path / "a.wav", RATE).rejected == checks.MISSING
    assert inspect(tmp_path, RATE).rejected == checks.NOT_PLAIN
    for content in (b"", b"RIFF", b"no sound at all"):
        (tmp_path / "a.wav").write_bytes(content)
        assert inspect(tmp_path / "a.wav", RATE).rejected == checks.UNREADABLE


def test_a_very_long_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.wav", np.zeros(301 * 8_000), 8_000)
    monkeypatch.setattr(checks.files, "read", None)
    assert inspect(tmp_path / "a.wav", RATE).rejected == checks.LONG


def test_notes(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write(path, voice(0, rate=16_000), 16_000)
    assert inspect(path, 16_000).notes == ()
    assert inspect(path, RATE).notes == (checks.RESAMPLED,)
    write(path, np.stack([voice(0), voice(1)], 1))
    assert inspect(path, RATE).notes == (checks.MIXED,)
    np.testing.assert_allclose(inspect(path, RATE).samples, (voice(0) + voice(1)) / 2, atol=1e-4)
    clipped = voice(0)
    clipped[6_000:6_020] = 0.999
    write(path, clipped)
    assert inspect(path, RATE).notes == (checks.SLIGHTLY_CLIPPED,)


@pytest.mark.parametrize("hertz", [50, 200, 1_000])
def test_a_pure_tone_is_not_clipped(hertz: int) -> None:
    tone = np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)
    assert checks.clipping(tone.astype(np.float32)) == 0.0
    assert checks.clipping(np.clip(1.2 * tone, -1, 1).astype(np.float32)) > checks.HEAVY_CLIPPING


def test_clipping_is_a_share() -> None:
    samples = np.zeros(1_000, np.float32)
    samples[100:112] = -0.8
    assert checks.clipping(samples) == 10 / 1_000
    assert checks.clipping(samples / 10) == 0.0
    samples[100:112:2] = 0.0
    assert checks.clipping(samples) == 0.0


def test_silence_is_cut_only_beyond_the_edges(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write(path, voice(0))
    found = inspect(path, RATE)
    assert len(found.trimmed) == len(found.samples) == round(1.2 * RATE)
    assert found.speech == pytest.approx(1.0, abs=0.05)
    rng = np.random.default_rng(0)
    quiet = 0.0005 * rng.standard_normal(2 * RATE)
    write(path, np.concatenate([quiet, voice(0), quiet]))
    found = inspect(path, RATE)
    assert found.start == pytest.approx(2.1 * RATE, abs=0.03 * RATE)
    assert found.end == pytest.approx(3.1 * RATE, abs=0.03 * RATE)
    assert len(found.trimmed) == found.end - found.start + 2 * round(0.3 * RATE)


def test_a_steady_sound_has_no_edges() -> None:
    tone = np.sin(np.arange(RATE) * 2 * np.pi * 200 / RATE).astype(np.float32)
    assert checks.edges(tone, RATE) == (0, RATE)


@pytest.mark.parametrize(
    ("phones", "seconds", "reason"),
    [
        (13, 1.0, None),
        (1, 1.4, None),
        (1, 1.6, checks.SLOW),
        (30, 1.0, None),
        (31, 1.0, checks.FAST),
        (18, 10.0, None),
        (17, 10.0, checks.SLOW),
    ],
)
def test_speaking_rates(phones: int, seconds: float, reason: "str | None") -> None:
    assert speaking_rate(phones, seconds) == reason


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a_0-1.x", "a_0-1.x"),
        ("a/b c", "a_b_c"),
        ("../x", "_x"),
        ("été", "_t_"),
        ("", "_"),
        ("x" * 99, "x" * 80),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert checks.safe_name(name) == safe

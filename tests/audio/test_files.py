"""Sound files: read anything, write all or nothing."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tiedtts.audio import files, pipe, wav
from tiedtts.errors import AudioError

RATE = 24_000
TONE = (0.5 * np.sin(np.arange(RATE // 2) * 0.05)).astype(np.float32)


def test_pcm16_rounds_and_clips() -> None:
    samples = np.array([0.0, 1.0, -1.0, 1.5, -7.0, 1 / 32_767, 0.4 / 32_767, -0.6 / 32_767])
    pcm = files.to_pcm16(samples)
    assert pcm.dtype == np.int16
    assert pcm.tolist() == [0, 32_767, -32_767, 32_767, -32_767, 1, 0, -1]


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".WAV"])
def test_lossless_round_trip(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"tone{suffix}"
    files.write(path, TONE, RATE)
    sound = files.read(path)
    assert (sound.rate, sound.channels) == (RATE, 1)
    # Written in steps of 1/32767, read in steps of 1/32768.
    np.testing.assert_array_equal(sound.mono * 32_768, files.to_pcm16(TONE))


@pytest.mark.parametrize(("suffix", "error"), [(".ogg", 0.02), (".mp3", 0.05)])
def test_lossy_formats_hold_the_sound(suffix: str, error: float, tmp_path: Path) -> None:
    path = tmp_path / f"tone{suffix}"
    files.write(path, TONE, RATE)
    mono = files.read(path).mono
    assert abs(len(mono) - len(TONE)) < 3_000
    assert np.abs(mono[2_000:8_000]).max() == pytest.approx(0.5, abs=error)


@pytest.mark.parametrize("name", ["WAV", "FLAC", "OGG", "MP3"])
def test_same_samples_same_bytes(name: str) -> None:
    assert files.encode(TONE, RATE, name) == files.encode(TONE, RATE, name)


def test_long_ogg() -> None:
    """Minutes at once overflow the stack of libsndfile's encoder."""
    data = files.encode(np.zeros(6 * 60 * RATE, np.float32), RATE, "OGG")
    assert soundfile.info(io.BytesIO(data)).frames == 6 * 60 * RATE


def test_rate_that_the_format_lacks() -> None:
    with pytest.raises(AudioError, match=r"^cannot encode 10000 Hz as MP3: .*sample rates") as error:
        files.encode(TONE, 10_000, "MP3")
    assert error.value.hint == "write .wav or .flac instead"


def test_stereo_is_averaged(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    soundfile.write(path, np.array([[0.5, 0.25], [-0.5, 0.5], [0.0, -0.25]]), RATE, subtype="FLOAT")
    sound = files.read(path)
    assert sound.channels == 2
    assert sound.samples.shape == (3, 2)
    assert sound.mono.dtype == np.float32
    assert sound.mono.tolist() == [0.375, 0.0, -0.125]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=rf"^no such sound file: {tmp_path}/no.wav$"):
        files.read(tmp_path / "no.wav")
    with pytest.raises(AudioError, match=r"^no such sound file"):
        files.read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a sound", b"RIFF\x00\x00\x00\x00WAVE"])
def test_damaged_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError, match=r"^cannot read .*bad.wav: "):
        files.read(path)


@pytest.mark.parametrize("name", ["speech", "speech.txt", "wav"])
def test_unknown_suffix(name: str, tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot tell the format") as error:
        files.write(tmp_path / name, TONE, RATE)
    assert error.value.hint == "use one of .wav, .flac, .ogg, .opus, .mp3"
    assert list(tmp_path.iterdir()) == []


def test_stream_is_a_whole_wav() -> None:
    stream = io.BytesIO()
    with pipe.stream_writer(stream, RATE) as add:
        add(TONE[:700])
        add(TONE[700:])
    data = stream.getvalue()
    assert len(data) == 44 + 2 * len(TONE)
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert int.from_bytes(data[40:44], "little") == 2 * len(TONE)


@pytest.mark.parametrize("suffix", sorted(files.FORMATS))
def test_a_full_disk_is_told_once(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(b"before")
    script = (
        "import resource, numpy as np; from pathlib import Path; from tiedtts.audio import files\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        f"files.write(Path({str(path)!r}), np.random.default_rng(1).normal(0, 0.1, 100_000), 24_000)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cffi" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("tiedtts.errors.OutputError: cannot write ")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {path.name: b"before"}


def test_a_sound_may_come_in_parts(tmp_path: Path) -> None:
    with files.writer(tmp_path / "parts.flac", RATE) as add:
        for start in range(0, len(TONE), 1000):
            add(TONE[start : start + 1000])
    files.write(tmp_path / "whole.flac", TONE, RATE)
    assert (tmp_path / "parts.flac").read_bytes() == (tmp_path / "whole.flac").read_bytes()


def test_a_wav_that_would_be_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wav, "LARGEST", 2 * len(TONE) - 2)
    with pytest.raises(AudioError, match="4 GiB at most"):
        files.write(tmp_path / "x.wav", TONE, RATE)
    assert list(tmp_path.iterdir()) == []

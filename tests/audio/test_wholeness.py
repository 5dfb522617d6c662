"""Half of a sound file is told from a whole one, and from what is no sound at all."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tiedtts.audio import files, wholeness
from tiedtts.audio.encoding import FORMATS
from tiedtts.errors import FolderError

SECONDS = 1.5


@pytest.fixture(params=sorted(FORMATS))
def sound(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"a{request.param}"
    chance = np.random.default_rng(0)
    files.write(path, chance.uniform(-0.3, 0.3, int(SECONDS * 24_000)).astype(np.float32), 24_000)
    return path


def test_whole_sounds_are_not_broken(sound: Path) -> None:
    assert not wholeness.is_broken(sound)
    assert not wholeness.is_broken(sound, SECONDS)
    assert wholeness.is_broken(sound, SECONDS + 1)


@pytest.mark.parametrize("share", [0.0, 0.0002, 0.01, 0.5, 0.95])
def test_parts_of_sounds_are_broken(sound: Path, share: float, capfd: pytest.CaptureFixture[str]) -> None:
    data = sound.read_bytes()
    sound.write_bytes(data[: int(share * len(data))])
    assert wholeness.is_broken(sound, SECONDS)
    assert capfd.readouterr().err == ""


def test_zeros_in_place_of_a_sound(sound: Path) -> None:
    sound.write_bytes(bytes(sound.stat().st_size))
    assert wholeness.is_broken(sound)


def test_what_is_no_sound_is_somebody_elses(sound: Path) -> None:
    sound.write_bytes(b"mine")
    assert not wholeness.is_broken(sound)


@pytest.mark.parametrize("name", ["a.json", "a.srt", "a.vtt", "a.TextGrid"])
def test_parts_of_times_are_broken(tmp_path: Path, name: str) -> None:
    whole = {
        "a.json": '{\n"x": 1\n}\n',
        "a.srt": "1\n0\nHi\n",
        "a.vtt": "WEBVTT\n\nHi\n",
        "a.TextGrid": "File type\n11\n",
    }
    path = tmp_path / name
    path.write_text(whole[name])
    assert not wholeness.is_broken_text(path)
    for part in ("", whole[name][:-2], "\0\0\0"):
        path.write_text(part)
        assert wholeness.is_broken_text(path)
    path.write_text("mine")
    assert not wholeness.is_broken_text(path)


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wav")
    with pytest.raises(FolderError, match="is a named pipe"):
        wholeness.is_broken(tmp_path / "a.wav")

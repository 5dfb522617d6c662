"""Chapters, tags and covers in sound files, which are played as before."""

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tiedtts.audio import chapters, files, ogg
from tiedtts.audio.encoding import Encoding

RATE = 24_000
SOUND = np.sin(np.arange(3 * RATE) / 20).astype(np.float32) / 2
COVER = (b"\xff\xd8\xff" + bytes(range(256)) * 300, "image/jpeg")
CONTENTS = chapters.Contents(
    [(0.0, "One"), (1.5, "Two: Ö")], 3.0, {"title": "T", "artist": "A", "album": "B", "date": "1903"}, COVER
)


@pytest.mark.parametrize("suffix", [".flac", ".opus", ".mp3"])
def test_the_sound_stays_as_it_is(suffix: str) -> None:
    encoding = Encoding(suffix=suffix).told_by("clara")
    plain = files.encoded(SOUND, RATE, encoding)
    file = io.BytesIO(plain)
    chapters.write(file, suffix, CONTENTS)
    with soundfile.SoundFile(io.BytesIO(file.getvalue())) as sound:
        assert (sound.title, sound.artist, sound.album, sound.date) == ("T", "A", "B", "1903")
        assert np.allclose(sound.read(), soundfile.read(io.BytesIO(plain))[0], atol=1e-6)
    again = io.BytesIO(plain)
    chapters.write(again, suffix, CONTENTS)
    assert again.getvalue() == file.getvalue(), "the same bytes each time"
    assert COVER[0] in file.getvalue() or suffix == ".opus"


def test_comments_of_flac_and_opus() -> None:
    for suffix in (".flac", ".opus"):
        file = io.BytesIO(files.encoded(SOUND, RATE, Encoding(suffix=suffix)))
        chapters.write(file, suffix, CONTENTS)
        data = file.getvalue()
        for text in (
            "CHAPTER001=00:00:00.000",
            "CHAPTER001NAME=One",
            "CHAPTER002=00:00:01.500",
            "CHAPTER002NAME=Two: Ö",
        ):
            assert text.encode() in data
        if suffix == ".opus":
            numbers, place = [], 0
            while place < len(data):
                head = data[place : place + 27]
                size = 27 + head[26] + sum(data[place + 27 : place + 27 + head[26]])
                page = data[place : place + size]
                assert ogg.checksum(page[:22] + bytes(4) + page[26:]) == int.from_bytes(page[22:26], "little")
                numbers.append(int.from_bytes(head[18:22], "little"))
                place += size
            assert numbers == list(range(len(numbers)))
            assert len(numbers) > 3, "the cover needs more than a page"


def test_frames_of_mp3() -> None:
    file = io.BytesIO(files.encoded(SOUND, RATE, Encoding(suffix=".mp3")))
    chapters.write(file, ".mp3", CONTENTS)
    data = file.getvalue()
    assert data[:6] == b"ID3\x04\0\0"
    end = 10 + int("".join(f"{byte:07b}" for byte in data[6:10]), 2)
    frames, place = [], 10
    while place < end:
        size = int("".join(f"{byte:07b}" for byte in data[place + 4 : place + 8]), 2)
        frames.append((data[place : place + 4], data[place + 10 : place + 10 + size]))
        place += 10 + size
    assert place == end
    assert data[end : end + 1] == b"\xff", "sound follows"
    found = dict(reversed(frames))
    assert found[b"CTOC"] == b"toc\0\x03\x02ch0\0ch1\0"
    (_, first), (_, second) = (frame for frame in frames if frame[0] == b"CHAP")
    assert first[:12] == b"ch0\0" + (0).to_bytes(4, "big") + (1500).to_bytes(4, "big")
    assert second[4:12] == (1500).to_bytes(4, "big") + (3000).to_bytes(4, "big")
    assert second.endswith("\x03Two: Ö".encode())


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="needs ffprobe")
@pytest.mark.parametrize("suffix", [".flac", ".opus", ".mp3"])
def test_another_program_reads_them(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"book{suffix}"
    file = io.BytesIO(files.encoded(SOUND, RATE, Encoding(suffix=suffix)))
    chapters.write(file, suffix, CONTENTS)
    path.write_bytes(file.getvalue())
    command = [
        "ffprobe",
        "-v",
        "error",
        "-show_chapters",
        "-show_format",
        "-show_streams",
        "-of",
        "json",
        str(path),
    ]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    marks = [(float(each["start_time"]), each["tags"]["title"]) for each in told["chapters"]]
    assert marks == [(0.0, "One"), (1.5, "Two: Ö")]
    assert float(told["chapters"][-1]["end_time"]) == pytest.approx(3.0, abs=0.05)
    tags = {
        name.lower(): value
        for each in (told["format"], *told["streams"])
        for name, value in each.get("tags", {}).items()
    }
    assert (tags["title"], tags["artist"], tags["album"], tags["date"]) == ("T", "A", "B", "1903")
    assert sum(each["disposition"]["attached_pic"] for each in told["streams"]) == 1


def test_other_formats_are_left() -> None:
    file = io.BytesIO(b"RIFF")
    chapters.write(file, ".wav", CONTENTS)
    assert file.getvalue() == b"RIFF"

"""Formats, kinds of numbers, rates and what files tell of themselves."""

import io
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tiedtts.audio import encoding as encodings
from tiedtts.audio import files, pipe, wav
from tiedtts.audio.encoding import FORMATS, SUBTYPES, Encoding
from tiedtts.errors import AudioError

RATE = 24_000
TONE = (0.5 * np.sin(np.arange(RATE // 2) * 0.05)).astype(np.float32)
KINDS = [(suffix, subtype) for suffix in FORMATS for subtype in SUBTYPES[suffix]]


def encode(encoding: Encoding, samples: np.ndarray = TONE, title: str = "") -> bytes:
    buffer = io.BytesIO()
    with encodings.encoder(buffer, RATE, encoding, title=title) as add:
        add(samples[:1001])
        add(samples[1001:])
    return buffer.getvalue()


@pytest.mark.parametrize(("suffix", "subtype"), KINDS)
def test_every_kind_holds_the_sound(suffix: str, subtype: str) -> None:
    sound = soundfile.SoundFile(io.BytesIO(encode(Encoding(suffix=suffix, subtype=subtype))))
    assert (sound.samplerate, sound.subtype) == (RATE, SUBTYPES[suffix][subtype])
    samples = sound.read(dtype="float32")
    assert len(samples) == len(TONE)
    allowed = {"16": 4e-5, "24": 3e-7, "float": 0.0}.get(subtype, 0.05)
    assert np.abs(samples - TONE)[500:-500].max() <= allowed


def test_the_same_sound_gives_the_same_bytes_later() -> None:
    kinds = [Encoding(suffix=suffix, subtype=subtype, voice="someone") for suffix, subtype in KINDS]
    first = [encode(encoding, title="One") for encoding in kinds]
    # A second later: some formats know the time of day.
    time.sleep(1.1 - time.time() % 1)
    for encoding, before in zip(kinds, first, strict=True):
        assert encode(encoding, title="One") == before, encoding


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_files_tell_what_they_are(suffix: str) -> None:
    told = soundfile.SoundFile(
        io.BytesIO(encode(Encoding(suffix=suffix, voice="kathleen"), title="Grüße, Bob"))
    )
    assert (told.title, told.artist) == ("Grüße, Bob", "kathleen")
    if suffix != ".mp3":
        assert told.software.startswith(encodings.SOFTWARE)


def test_without_a_voice_nothing_is_told() -> None:
    data = encode(Encoding())
    assert len(data) == 44 + 2 * len(TONE)
    assert data == files.encode(TONE, RATE)


@pytest.mark.parametrize("subtype", ["16", "24", "float"])
def test_wav_headers_are_those_of_the_standard(subtype: str) -> None:
    data = encode(Encoding(subtype=subtype, voice="x"), TONE[:999])
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert len(data) % 2 == 0
    if subtype != "float":
        with wave.open(io.BytesIO(data)) as read:
            assert (read.getnframes(), read.getframerate(), read.getnchannels()) == (999, RATE, 1)


def test_24_bits_round_and_clip() -> None:
    data = wav.quantise(np.array([0.0, 1.0, -1.0, 2.0, 1 / 8_388_607]), "24")
    assert [int.from_bytes(data[n : n + 3], "little", signed=True) for n in range(0, 15, 3)] == [
        0,
        8_388_607,
        -8_388_607,
        8_388_607,
        1,
    ]


def test_another_rate(tmp_path: Path) -> None:
    with files.writer(tmp_path / "a.flac", RATE, Encoding(suffix=".flac", sample_rate=48_000)) as add:
        for start in range(0, len(TONE), 777):
            add(TONE[start : start + 777])
    sound = files.read(tmp_path / "a.flac")
    assert (sound.rate, len(sound.samples)) == (48_000, 2 * len(TONE))
    np.testing.assert_allclose(sound.mono[1000:-1000:2], TONE[500:-500], atol=1e-4)


@pytest.mark.parametrize(
    ("own", "rate"), [(22_050, 24_000), (24_000, 24_000), (44_100, 48_000), (96_000, 48_000)]
)
def test_opus_gets_a_rate_that_it_knows(own: int, rate: int) -> None:
    assert Encoding(suffix=".opus").rate(own) == rate
    assert Encoding(suffix=".ogg").rate(own) == own
    assert Encoding(suffix=".opus", sample_rate=16_000).rate(own) == 16_000


def test_what_a_format_cannot_hold_is_refused() -> None:
    with pytest.raises(AudioError, match=r"^\.flac files have no subtype `float`$") as error:
        Encoding(suffix=".flac", subtype="float")
    assert error.value.hint == "use one of 16, 24"
    with pytest.raises(AudioError, match="cannot tell the format"):
        Encoding(suffix=".aiff")


class Pipe(io.BytesIO):
    """Bytes that are gone once they are written; what had come at each flush stands in `flushed`."""

    def __init__(self) -> None:
        super().__init__()
        self.flushed: list[int] = []

    def flush(self) -> None:
        self.flushed.append(len(self.getvalue()))

    def seek(self, *_: Any) -> int:
        raise OSError(29, "Illegal seek")


@pytest.fixture
def _pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipe, "_is_pipe", lambda stream: True)


@pytest.mark.usefixtures("_pipes")
def test_a_pipe_gets_every_part_at_once() -> None:
    stream = Pipe()
    with pipe.stream_writer(stream, RATE) as add:
        add(TONE[:1000])
        add(TONE[1000:])
    assert stream.flushed[:2] == [44 + 2000, 44 + 2 * len(TONE)]
    data = stream.getvalue()
    assert data[40:44] == b"\xff" * 4
    samples, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == RATE
    assert np.array_equal(samples, files.to_pcm16(TONE))


@pytest.mark.usefixtures("_pipes")
def test_what_is_one_part_has_its_length_in_the_header() -> None:
    stream = Pipe()
    with pipe.stream_writer(stream, RATE, whole=True) as add:
        add(TONE)
    assert stream.getvalue() == files.encode(TONE, RATE)


@pytest.mark.usefixtures("_pipes")
@pytest.mark.parametrize(("subtype", "kind"), [("16", "<i2"), ("float", "<f4")])
def test_raw_samples_are_all_there_is(subtype: str, kind: str) -> None:
    stream = Pipe()
    with pipe.stream_writer(stream, RATE, Encoding(subtype=subtype), raw=True) as add:
        add(TONE)
    expected = files.to_pcm16(TONE) if subtype == "16" else TONE
    assert np.array_equal(np.frombuffer(stream.getvalue(), kind), expected)


@pytest.mark.usefixtures("_pipes")
def test_a_short_flac_in_a_pipe_tells_its_length() -> None:
    stream = Pipe()
    with pipe.stream_writer(stream, RATE, Encoding(suffix=".flac")) as add:
        add(TONE)
    assert stream.getvalue() == files.encode(TONE, RATE, "FLAC")


@pytest.mark.usefixtures("_pipes")
@pytest.mark.parametrize("suffix", [".flac", ".opus", ".mp3", ".ogg"])
def test_other_formats_go_through_a_pipe_part_by_part(suffix: str) -> None:
    stream = Pipe()
    sound = np.tile(TONE, 1 + 4 * RATE // len(TONE))
    with pipe.stream_writer(stream, RATE, Encoding(suffix=suffix), live=True) as add:
        add(sound)
        assert len(stream.getvalue()) > 2_000
        add(sound)
    data = bytearray(stream.getvalue())
    if suffix == ".flac":
        # No length stands for an unknown one, with which libsndfile does not read.
        assert not any(data[22:26])
        data[22:26] = (2 * len(sound)).to_bytes(4, "big")
    assert len(soundfile.read(io.BytesIO(data))[0]) == pytest.approx(2 * len(sound), rel=0.05)


@pytest.mark.usefixtures("_pipes")
def test_an_empty_stream_is_a_file_too() -> None:
    stream = Pipe()
    with pipe.stream_writer(stream, RATE):
        pass
    assert stream.getvalue() == files.encode(TONE[:0], RATE)

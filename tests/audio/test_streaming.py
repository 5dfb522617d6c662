"""Sound files whose bytes come part by part."""

import io
from collections.abc import Iterator

import numpy as np
import pytest
import soundfile

from tiedtts.audio import files, streaming
from tiedtts.audio.encoding import Encoding

RATE = 24_000
SOUND = (np.sin(np.arange(3 * RATE) * 0.05) * 0.5).astype(np.float32)
SUFFIXES = (".wav", ".flac", ".mp3", ".opus", ".ogg")


def parts(count: int) -> Iterator[streaming.Part]:
    pieces = np.array_split(SOUND, count)
    for number, piece in enumerate(pieces):
        yield piece, number == count - 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_part_is_the_file_that_would_be_saved(suffix: str) -> None:
    encoding = Encoding(suffix=suffix)
    assert b"".join(streaming.encoded(parts(1), RATE, encoding)) == files.encoded(SOUND, RATE, encoding)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_several_parts_are_a_file_that_readers_take(suffix: str) -> None:
    pieces = list(streaming.encoded(parts(3), RATE, Encoding(suffix=suffix)))
    assert len(pieces) == 3
    if suffix not in (".ogg", ".flac"):
        # The encoder of Vorbis keeps a second or two to itself.
        assert all(len(piece) > 500 for piece in pieces), "sound goes out with each part"
    samples, rate = soundfile.read(io.BytesIO(b"".join(pieces)), dtype="float32")
    assert rate == RATE
    assert len(samples) == pytest.approx(len(SOUND), abs=2400)
    middle = np.abs(np.fft.rfft(samples[RATE : 2 * RATE]))
    assert int(np.argmax(middle)) == round(0.05 * RATE / (2 * np.pi))
    again = list(streaming.encoded(parts(3), RATE, Encoding(suffix=suffix)))
    assert again == pieces


def test_long_flac_goes_out_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(streaming.HELD_SECONDS, ".flac", 1.5)
    pieces = list(streaming.encoded(parts(3), RATE, Encoding(suffix=".flac")))
    assert [len(piece) > 500 for piece in pieces] == [False, True, True]
    data = bytearray(b"".join(pieces))
    # Samples are counted in the last 36 bits before the digest; none stands for unknown.
    assert int.from_bytes(data[21:26], "big") & (2**36 - 1) == 0
    data[22:26] = len(SOUND).to_bytes(4, "big")
    samples, _ = soundfile.read(io.BytesIO(data), dtype="int16")
    assert np.array_equal(samples, files.to_pcm16(SOUND))


def test_another_rate() -> None:
    data = b"".join(streaming.encoded(parts(2), RATE, Encoding(suffix=".wav", sample_rate=8_000)))
    samples, rate = soundfile.read(io.BytesIO(data))
    assert (rate, len(samples)) == (8_000, RATE)
    assert len(b"".join(streaming.raw(parts(3), RATE, 48_000))) == 2 * 2 * len(SOUND)


def test_raw_samples_come_with_their_part() -> None:
    pieces = list(streaming.raw(parts(3), RATE, RATE))
    assert [len(piece) for piece in pieces] == [2 * RATE] * 3
    assert b"".join(pieces) == files.to_pcm16(SOUND).astype("<i2").tobytes()


def test_a_reader_that_leaves_ends_the_encoder() -> None:
    ended: list[bool] = []

    def watched() -> Iterator[streaming.Part]:
        try:
            yield from parts(3)
        finally:
            ended.append(True)

    stream = streaming.encoded(watched(), RATE, Encoding(suffix=".flac"))
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    del stream
    assert ended == [True]

"""Serial numbers of Ogg pages."""

import io

import numpy as np
import pytest
import soundfile

from tiedtts.audio import ogg


@pytest.fixture(scope="module")
def stream() -> bytes:
    """Three seconds of noise: several pages."""
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).standard_normal(72_000) * 0.1
    soundfile.write(buffer, noise, 24_000, format="OGG", subtype="VORBIS")
    return buffer.getvalue()


def test_own_number_changes_nothing(stream: bytes) -> None:
    """The checksums are libogg's."""
    assert ogg.renumber(stream, int.from_bytes(stream[14:18], "little")) == stream


def test_number_of_all_pages(stream: bytes) -> None:
    other = ogg.renumber(stream, 0x01020304)
    pages = [i for i in range(len(other)) if other.startswith(b"OggS", i)]
    assert len(pages) > 3
    assert {other[i + 14 : i + 18] for i in pages} == {b"\x04\x03\x02\x01"}
    np.testing.assert_array_equal(*(soundfile.read(io.BytesIO(s))[0] for s in (stream, other)))


def test_checksum_by_long_division() -> None:
    remainder = 0
    for byte in b"OggS \x00\x80\xff page":
        remainder ^= byte << 24
        for _ in range(8):
            remainder = (remainder << 1) ^ (0x104C11DB7 if remainder & 0x80000000 else 0)
    assert ogg.checksum(b"OggS \x00\x80\xff page") == remainder

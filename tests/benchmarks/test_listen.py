"""The listening page: one scale for all pictures, one level for all sounds, and nothing from elsewhere."""

import base64
import io
import re

import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.benchmarks import listening_page
from tests.benchmarks.listening_page import Column, Row

RATE = 24_000


def tone(hertz: float, seconds: float, amplitude: float = 0.1) -> np.ndarray:
    return np.asarray(
        amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE), np.float32
    )


@pytest.fixture(scope="module")
def page() -> str:
    columns = [Column("Recorded", "The <reader>."), Column("Made", "The voice.")]
    rows = [
        Row("Tea & toast.", [tone(1_000, 2.5), tone(1_000, 1.25, 0.01)]),
        Row("Fine.", [tone(4_000, 0.5), tone(300, 3.0)]),
    ]
    return listening_page.page("A & B", "Listen.", columns, rows, RATE)


def test_rows_and_columns(page: str) -> None:
    assert page.count("<tr>") == 3
    assert re.findall(r'<th scope="col">(.*?)</th>', page) == ["Recorded", "Made"]
    assert re.findall(r'<th scope="row">(.*?)</th>', page) == ["Tea &amp; toast.", "Fine."]
    assert "<dd>The &lt;reader&gt;.</dd>" in page
    assert "--columns: 2; --longest: 3.00" in page
    assert re.findall(r'class="take" style="--long:([\d.]+)"', page) == ["2.500", "1.250", "0.500", "3.000"]
    assert 'aria-label="Play Recorded, 2.5 seconds: Tea &amp; toast."' in page
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page), "it needs nothing else"


def test_axes(page: str) -> None:
    takes = page.split('class="take"')[1:]
    assert re.findall(r'<i style="--at:(\d+)">', takes[0]) == ["0", "1", "2"]
    assert re.findall(r"<b style=.*?>(\d+)</b>", takes[0]) == ["0", "2", "4", "6", "8"]


def test_all_sounds_are_equally_loud(page: str) -> None:
    found = [
        soundfile.read(io.BytesIO(base64.b64decode(data)))[0]
        for data in re.findall(r'src="data:audio/flac;base64,([^"]+)"', page)
    ]
    levels = [20 * np.log10(np.sqrt((samples**2).mean())) for samples in found]
    assert np.allclose(levels, listening_page.LEVEL_DB, atol=0.1)
    assert [len(samples) for samples in found] == [60_000, 30_000, 12_000, 72_000]


@pytest.mark.parametrize("hertz", [500, 2_000, 6_000])
def test_a_tone_stands_at_its_frequency(hertz: int) -> None:
    shown = Image.open(io.BytesIO(listening_page.spectrogram(tone(hertz, 1.0), RATE)))
    assert shown.size == (101, listening_page.ROWS)
    brightness = np.asarray(shown.convert("L"), float)[:, 20:-20].mean(axis=1)
    height = 1 - (int(brightness.argmax()) + 0.5) / listening_page.ROWS
    assert abs(height * listening_page.TOP_KHZ * 1000 - hertz) < 60


def test_silence_has_no_level() -> None:
    assert not listening_page.level(np.zeros(1_000, np.float32)).any()
    assert len(listening_page.level(np.zeros(0, np.float32))) == 0

"""The form of the listening page: a row a sentence, a column a voice, spectrograms with axes, one scale for all."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np
import numpy.typing as npt

from tiedtts.audio import files
from tiedtts.audio.short_time import hann32, spectra, windows

TOP_KHZ = 8
"""Highest frequency that is shown: little of speech lies above."""
WINDOW_SECONDS, STEP_SECONDS = 0.025, 0.01
RANGE_DB = (-70.0, 0.0)
"""Levels of the darkest and of the brightest point, decibels beside the loudest of the page."""
ROWS = 160
"""Height of a picture as it is stored, pixels."""
SHADES = 48
"""Colours of a picture."""
LEVEL_DB = -23.0
"""Level of every sound, decibels below full scale: the louder of two sounds better."""
TEMPLATE = Template(Path(__file__).with_name("listening_page.html").read_text("utf-8"))

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Column:
    """One way to hear all sentences."""

    name: str
    about: str
    """A few plain sentences."""


@dataclass(frozen=True)
class Row:
    """A sentence, and a sound for each column."""

    text: str
    sounds: Sequence[Samples]


def page(title: str, intro: str, columns: Sequence[Column], rows: Sequence[Row], rate: int) -> str:
    """Return a page that needs nothing else.

    Args:
        title: Its heading.
        intro: A few sentences below it.
        columns: Their headings, from left to right.
        rows: Sentences, from top to bottom.
        rate: Sampling rate of all sounds, Hz.
    """
    longest = max(len(sound) for row in rows for sound in row.sounds) / rate
    return TEMPLATE.substitute(
        title=html.escape(title),
        intro=html.escape(intro),
        legend="\n".join(
            f"<dt>{html.escape(column.name)}</dt><dd>{html.escape(column.about)}</dd>" for column in columns
        ),
        head="".join(f'<th scope="col">{html.escape(column.name)}</th>' for column in columns),
        body="\n".join(_row(row, columns, rate) for row in rows),
        columns=len(columns),
        longest=f"{longest:.2f}",
        top=TOP_KHZ,
    )


def _row(row: Row, columns: Sequence[Column], rate: int) -> str:
    cells = "\n".join(
        f"<td>{_cell(level(sound), column.name, row.text, rate)}</td>"
        for sound, column in zip(row.sounds, columns, strict=True)
    )
    return f'<tr><th scope="row">{html.escape(row.text)}</th>\n{cells}</tr>'


def _cell(samples: Samples, name: str, text: str, rate: int) -> str:
    """Return a sound with its picture and axes."""
    seconds = len(samples) / rate
    sound = base64.b64encode(files.encode(samples, rate, "FLAC")).decode()
    picture = base64.b64encode(spectrogram(samples, rate)).decode()
    times = "".join(f'<i style="--at:{second}">{second}</i>' for second in range(int(seconds) + 1))
    heights = "".join(f'<b style="--at:{khz / TOP_KHZ}">{khz}</b>' for khz in range(0, TOP_KHZ + 1, 2))
    label = html.escape(f"{name}, {seconds:.1f} seconds: {text}")
    return (
        f'<div class="take" style="--long:{seconds:.3f}"><button type="button" aria-label="Play {label}">'
        f"<span></span>{seconds:.1f} s</button>"
        f'<div class="plot"><img alt="Spectrogram of {label}" src="data:image/png;base64,{picture}">'
        f'<u></u><div class="axes" aria-hidden="true">{times}{heights}</div></div>'
        f'<audio controls preload="none" src="data:audio/flac;base64,{sound}"></audio></div>'
    )


def level(samples: Samples) -> Samples:
    """Return a sound at the level of all others, (S,) to (S,); quiet stretches take no part in measuring it."""
    block = samples[: len(samples) // 240 * 240].reshape(-1, 240)
    powers = (block.astype(np.float64) ** 2).mean(axis=1)
    loud = powers[powers > powers.max(initial=0.0) * 1e-3]
    if not len(loud):
        return samples
    gain = 10 ** (LEVEL_DB / 20) / np.sqrt(loud.mean())
    return np.asarray(samples * min(gain, 0.98 / max(float(np.abs(samples).max()), 1e-9)), np.float32)


def spectrogram(samples: Samples, rate: int) -> bytes:
    """Return a picture, PNG: time from left to right, frequency in even steps from bottom to top."""
    import matplotlib
    from PIL import Image

    size, step = round(WINDOW_SECONDS * rate) // 2 * 2, round(STEP_SECONDS * rate)
    padded = np.pad(samples, size // 2)
    frames = windows(np.ascontiguousarray(padded, np.float32), size, step) * hann32(size)
    longer = np.pad(frames, ((0, 0), (0, 2048 - size)))
    magnitude = np.abs(spectra(longer))[:, : round(TOP_KHZ * 1000 / rate * 2048) + 1] / (size / 4)
    decibels = 20 * np.log10(np.maximum(magnitude, 1e-6))
    low, high = RANGE_DB
    # The loudest harmonics are some 25 decibels below full scale, a sine at full scale would be at 0.
    shade = np.clip((decibels + 25 - low) / (high - low), 0, 1)
    # Few shades: the eye tells no more apart, and the page gets smaller.
    points = np.asarray(np.round(shade.T[::-1] * (SHADES - 1)), np.uint8)
    picture = Image.fromarray(points, "L").resize((points.shape[1], ROWS), Image.Resampling.BOX)
    colours = matplotlib.colormaps["magma"](np.linspace(0, 1, SHADES))[:, :3] * 255
    picture.putpalette(colours.astype(np.uint8).tobytes())
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()

"""Pictures of spectrograms and of frame distributions, drawn while a net trains."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tiedtts import figures, storage
from tiedtts.paths import StrPath

INK = "#7d838c"
"""Colour of words and axes, on no ground: it is read on a light page as on a dark one."""


@figures.plain()
def mels(
    path: StrPath,
    panels: Mapping[str, npt.NDArray[np.float32]],
    frame_rate: float,
    boundaries: Sequence[int] | npt.NDArray[np.int64] = (),
    labels: Sequence[str] = (),
) -> None:
    """Draw mel spectrograms, (F, M) each, one above the other on one scale.

    Args:
        path: PNG file.
        panels: Title to spectrogram.
        frame_rate: Frames a second.
        boundaries: Frames at which phones end, drawn as lines.
        labels: A name for each stretch between boundaries.
    """
    path = Path(path)
    first = next(iter(panels.values()))
    low, high = np.percentile(first, [1, 99.5])
    figure = _figure(len(panels))
    for axes, (title, mel) in zip(figure.axes, panels.items(), strict=True):
        axes.imshow(mel.T, origin="lower", aspect="auto", vmin=low, vmax=high, cmap="magma")
        axes.set_title(title, fontsize=9)
        axes.set_ylabel("mel band")
        for end in boundaries:
            axes.axvline(end - 0.5, color="white", linewidth=0.3)
        start = 0
        for end, label in zip(boundaries, labels, strict=False):
            axes.text((start + end) / 2, 1, label, color="white", fontsize=6, ha="center")
            start = int(end)
        ticks = np.arange(0, len(mel), frame_rate / 2)
        axes.set_xticks(ticks, [f"{tick / frame_rate:.1f}" for tick in ticks])
    figure.axes[-1].set_xlabel("s")
    _save(figure, path)


@figures.plain()
def spectrograms(path: StrPath, panels: Mapping[str, npt.NDArray[np.float32]], sample_rate: int) -> None:
    """Draw magnitude spectrograms of signals, (S,) each, one above the other."""
    path = Path(path)
    figure = _figure(len(panels))
    for axes, (title, samples) in zip(figure.axes, panels.items(), strict=True):
        padded = np.pad(samples, (0, max(0, 1024 - len(samples))))
        quiet = np.random.default_rng(0).standard_normal(len(padded)) * 1e-6
        axes.specgram(
            padded + quiet,
            NFFT=512,
            Fs=sample_rate,
            noverlap=384,
            vmin=-140,
            vmax=-40,
            cmap="magma",
        )
        axes.set_title(title, fontsize=9)
        axes.set_ylabel("Hz")
    figure.axes[-1].set_xlabel("s")
    _save(figure, path)


@figures.plain()
def matrix(path: StrPath, values: npt.NDArray[np.float32], rows: Sequence[str], title: str) -> None:
    """Draw a distribution over named rows for each frame, (F, rows)."""
    path = Path(path)
    figure = _figure(1, height=6.0)
    axes = figure.axes[0]
    axes.imshow(values.T, origin="lower", aspect="auto", cmap="viridis", vmin=0, vmax=1)
    axes.set_yticks(range(len(rows)), rows, fontsize=5)
    axes.set_title(title, fontsize=8, parse_math=False)  # the text may speak of dollars
    axes.set_xlabel("frame")
    _save(figure, path)


def _figure(rows: int, height: float = 2.2) -> Any:
    # The figure class itself, not pyplot: no window system is asked for, no state is left behind.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, height * rows + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    figure.subplots(rows, 1, squeeze=False)
    return figure


def _save(figure: Any, path: Path) -> None:
    from matplotlib.text import Text

    for text in figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_color() == "black"):
        text.set_color(INK)
    for axes in figure.axes:
        axes.tick_params(color=INK, labelcolor=INK)
        axes.spines[:].set_color(INK)
    data = io.BytesIO()
    figure.savefig(data, dpi=110, format="png", transparent=True)
    storage.write_bytes(path, data.getvalue())

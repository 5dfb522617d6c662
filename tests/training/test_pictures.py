"""Pictures can be drawn of anything that training meets."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from tiedtts.errors import TiedTTSError
from tiedtts.training import pictures

RNG = np.random.default_rng(0)


def size(path: Path) -> tuple[int, int]:
    """Height and width in pixels."""
    height, width = imread(path).shape[:2]
    return height, width


def test_mels_stand_above_each_other(tmp_path: Path) -> None:
    mel = RNG.standard_normal((50, 20)).astype(np.float32)
    pictures.mels(tmp_path / "one.png", {"a": mel}, 93.75)
    pictures.mels(tmp_path / "two.png", {"a": mel, "b": mel}, 93.75, [10, 30, 50], ["P", "AA1", "."])
    (one, width), (two, same) = size(tmp_path / "one.png"), size(tmp_path / "two.png")
    assert width == same == 990
    assert one < two < 2 * one


def test_boundaries_and_labels_are_drawn(tmp_path: Path) -> None:
    mel = RNG.standard_normal((50, 20)).astype(np.float32)
    pictures.mels(tmp_path / "plain.png", {"a": mel}, 93.75)
    pictures.mels(tmp_path / "lines.png", {"a": mel}, 93.75, [10, 30, 50])
    pictures.mels(tmp_path / "labels.png", {"a": mel}, 93.75, [10, 30, 50], ["P", "AA1", "."])
    assert len({(tmp_path / f"{name}.png").read_bytes() for name in ("plain", "lines", "labels")}) == 3


def test_same_picture_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        sound = np.sin(np.arange(4000) / 5).astype(np.float32)
        pictures.spectrograms(tmp_path / f"{name}.png", {"made": sound}, 8_000)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("count", [1, 300, 513, 3000])
def test_short_and_silent_sounds(count: int, tmp_path: Path) -> None:
    pictures.spectrograms(tmp_path / "a.png", {"made": np.zeros(count, np.float32)}, 8_000)
    assert size(tmp_path / "a.png")[1] == 990


def test_text_with_dollars(tmp_path: Path) -> None:
    """Two dollar signs mean a formula to matplotlib."""
    pictures.matrix(tmp_path / "a.png", np.eye(3, dtype=np.float32), "abc", "It cost $5% and $6.")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TiedTTSError, match="No such file or directory"):
        pictures.matrix(tmp_path / "no" / "a.png", np.eye(3, dtype=np.float32), "abc", "title")

"""The page of a run: one file with curves, pictures and sounds, right after a kill, too."""

import csv
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from tiedtts.audio import files
from tiedtts.training import chart, gallery, pictures
from tiedtts.training.page import Page
from tiedtts.training.page_words import meaning
from tiedtts.training.part_recipe import Stage
from tiedtts.training.progress import Progress
from tiedtts.training.recipe import AcousticRecipe, VocoderRecipe
from tiedtts.training.train import train

RNG = np.random.default_rng(0)
RECIPES: Any = {
    "acoustic": AcousticRecipe(
        stages=(Stage(steps=40, learning_rate=1e-3), Stage(steps=60, learning_rate=1e-3))
    ),
    "vocoder": VocoderRecipe(stages=(Stage(steps=50, learning_rate=1e-3),)),
}


class Reader(HTMLParser):
    """Collects what a browser would load, and the words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[tuple[str, str]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [(tag, value or "") for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words += f"{data} "


def log(folder: Path, *rows: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)


def illustrate(folder: Path, step: int, *names: str) -> None:
    place = folder / f"step_{step}"
    place.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name.endswith(".png"):
            pictures.mels(place / name, {"made": RNG.standard_normal((20, 8)).astype(np.float32)}, 93.75)
        else:
            files.write(place / name, 0.1 * RNG.standard_normal(2400).astype(np.float32), 24_000)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    run = tmp_path / "my <run>"
    rows = [
        {"step": step, "mel": 1 / step, "heldout_mel": 1.2 / step, "learning_rate": 1e-3}
        for step in (20, 40, 60)
    ]
    log(run / "acoustic", *rows)
    for step in (40, 60):
        illustrate(run / "acoustic", step, "mel0.png", "spoken0.wav", "recorded0.wav", "mel1.png")
    return run


def page(run: Path) -> Page:
    return Page(run, RECIPES, ["It cost <5>.", "And you?"], {"Corpus": "a & b"})


def test_everything_stands_in_one_file(run: Path) -> None:
    page(run).write()
    text = (run / "report.html").read_text(encoding="utf-8")
    read = Reader(text)
    # Nothing is loaded from elsewhere.
    assert all(source.startswith("data:") for _, source in read.sources)
    assert "http" not in re.sub(r"data:[^\"]+", "", text)
    kinds = [(tag, source.partition(";")[0]) for tag, source in read.sources]
    assert kinds.count(("img", "data:image/webp")) == 4
    assert kinds.count(("audio", "data:audio/flac")) == 3  # two steps that speak, and one recording
    for words in ("my <run>", "It cost <5>.", "And you?", "a & b", "step 40", "step 60", "spoken from text"):
        assert words in read.words, words
    assert "Step 60 of 100." in read.words
    assert "2 stages" in read.words
    assert "Still to come: vocoder." in read.words
    assert "prefers-color-scheme:dark" in text


def test_steps_that_a_resumed_run_makes_again_are_not_shown(run: Path) -> None:
    ours = page(run)
    assert "step 60" in Reader(ours.text()).words
    ours.reach("acoustic", 40)
    words = Reader((run / "report.html").read_text(encoding="utf-8")).words
    assert "Step 40 of 100." in words
    assert "step 60" not in words


def test_damaged_files_are_left_out(run: Path) -> None:
    (run / "acoustic" / "step_40" / "mel0.png").write_bytes(b"no picture")
    (run / "acoustic" / "step_40" / "spoken0.wav").write_bytes(b"no sound")
    (run / "acoustic" / "log.csv").write_text("step,mel\n20,0.5\n40,nan\nsixty,1,2,3\n")
    read = Reader(page(run).text())
    assert [tag for tag, _ in read.sources].count("img") == 3
    assert "mel" in read.words


def test_many_steps_are_thinned_evenly() -> None:
    shown = [(step, Path(f"step_{step}")) for step in range(10, 510, 10)]
    chosen = [step for step, _ in gallery.thinned(shown, 6)]
    assert chosen[0] == 10
    assert chosen[-1] == 500
    assert len(chosen) == 6
    assert max(np.diff(chosen)) <= 110
    assert gallery.thinned(shown[:6], 6) == shown[:6]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, [0, 0.25, 0.5, 0.75, 1.0]),
        (0.13, 0.58, [0, 0.2, 0.4, 0.6]),
        (0, 12_000, [0, 5_000, 10_000, 15_000]),
        (2.0, 2.0, [1.8, 1.9, 2.0, 2.1, 2.2]),
        (0.0, 0.0, [-1, -0.5, 0, 0.5, 1.0]),
        (-3.0, 4.0, [-4, -2, 0, 2, 4]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert chart.nice_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.25, "0.25"),
        (-1.5, "-1.5"),
        (2.5e-4, "2.5e-4"),
        (1e-5, "1e-5"),
        (12_000, "12,000"),
        (500.0, "500"),
    ],
)
def test_labels_are_short(value: float, text: str) -> None:
    assert chart.label(value) == text


def test_a_chart_is_svg_with_axes() -> None:
    drawn = chart.draw(
        {"training": [(10, 1.0), (20, 0.5), (30, float("nan"))], "heldout": [(20, 0.8)]}, 40, [25]
    )
    root = ElementTree.fromstring(drawn)
    texts = [element.text for element in root.iter("text")]
    assert {"step", "0", "40", "0.6", "1"} <= set(texts)
    circles = [dict(element.attrib) for element in root.iter("circle")]
    assert [circle["class"] for circle in circles] == ["training", "training", "heldout"]
    # Later steps lie further right, smaller losses further down.
    assert float(circles[0]["cx"]) < float(circles[1]["cx"])
    assert float(circles[0]["cy"]) < float(circles[2]["cy"]) < float(circles[1]["cy"])
    assert sum(element.get("class") == "mark" for element in root.iter("path")) == 1
    assert chart.draw({"training": [(10, float("inf"))]}, 40) == ""


def test_losses_are_explained() -> None:
    for name in (
        "mel",
        "log1024",
        "convergence512",
        "judge0",
        "learning_rate",
        "phone_error_rate",
        "spectral",
    ):
        assert meaning(name), name
    assert meaning("somebody_elses") == ""


@pytest.fixture
def _no_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than all the rest."""
    for name in ("mels", "spectrograms", "matrix"):
        monkeypatch.setattr(pictures, name, lambda *arguments, **options: None)


@pytest.mark.usefixtures("_no_drawing", "pictures")
def test_grows_with_the_run_and_goes_on_after_a_kill(data_folder: Path, recipe: Path, tmp_path: Path) -> None:
    """Each step with pictures speaks a sentence too: an acoustic net through linear prediction."""
    recipe.write_text(recipe.read_text().replace("illustrate_every = 8", "illustrate_every = 4"))
    run, seen = tmp_path / "run", []

    def look(progress: Progress) -> None:
        seen.append((progress.part, (run / "report.html").read_text(encoding="utf-8")))
        if progress.part == "vocoder" and progress.step == 8:
            raise KeyboardInterrupt

    options: Any = {"recipe": recipe, "parts": ["acoustic", "vocoder"], "threads": 1, "accelerator": "cpu"}
    with pytest.raises(KeyboardInterrupt):
        train(data_folder, run, progress=look, **options)
    assert "Still to come: acoustic net, vocoder." in Reader(seen[0][1]).words
    assert "Step 6 of 8." in Reader(seen[-1][1]).words
    train(data_folder, run, resume=True, **options)
    read = Reader((run / "report.html").read_text(encoding="utf-8"))
    assert read.words.count("Step 8 of 8.") == 2
    text = (run / "report.html").read_text(encoding="utf-8")
    assert text.count(">step 4<") == text.count(">step 8<") == 4  # two sentences, two parts
    assert read.words.count("spoken from text") == 8
    assert read.words.count("recording, made again") == 4
    for part in ("acoustic", "vocoder"):
        for name in ("spoken0.wav", "spoken1.wav", "recorded0.wav", "recorded1.wav"):
            sound = files.read(run / part / "step_8" / name)
            assert sound.rate == 24_000
            assert len(sound.mono) > 2_400
    assert "Recording 8." in read.words


@pytest.mark.usefixtures("_no_drawing", "pictures")
def test_a_new_run_shows_nothing_of_the_old_one(data_folder: Path, recipe: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    illustrate(run / "aligner", 4, "old0.png", "spoken0.wav")
    (run / "aligner.safetensors").touch()
    options: Any = {"recipe": recipe, "parts": ["aligner"], "threads": 1, "accelerator": "cpu"}
    train(data_folder, run, overwrite=True, **options)
    left = sorted(path.name for path in (run / "aligner" / "step_4").iterdir())
    assert left == ["recorded0.wav", "recorded1.wav"]

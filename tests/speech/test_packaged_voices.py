"""The voices of the package: each speaks, most as a small difference of another, and has a card of its own."""

import numpy as np
import pytest

from tiedtts import Voice, list_voices
from tiedtts.audio import pitch
from tiedtts.audio.settings import AudioSettings
from tiedtts.speech import library

TEXT = "Good morning to you all, and welcome."
CHANGES = [name for name in list_voices() if library.find(name).suffix == library.CHANGE]
MEN, WOMEN = {"felix", "oscar"}, {"clara", "kathleen", "nora"}


def median_hertz(name: str) -> float:
    found = pitch.track(Voice.load(name).say(TEXT).samples, AudioSettings())
    return float(np.exp(np.median(found.log_f0[found.voiced])))


@pytest.mark.parametrize("name", list_voices())
def test_each_speaks_with_its_own_pitch(name: str) -> None:
    assert name in MEN | WOMEN
    assert (median_hertz(name) < 150) == (name in MEN)


def test_four_voices_on_the_same_nets_are_small() -> None:
    assert len(CHANGES) >= 2
    sizes = {name: library.find(name).stat().st_size for name in (library.DEFAULT, *CHANGES)}
    assert sum(sizes.values()) < 1_500_000
    assert all(sizes[name] < 350_000 for name in CHANGES)


@pytest.mark.parametrize("name", list_voices())
def test_each_has_a_card_with_its_size(name: str) -> None:
    path = library.find(name)
    text = path.with_suffix(".md").read_text("utf-8")
    assert text.startswith(f"# {name}\n")
    assert f"`{path.name}`, {path.stat().st_size:,} bytes" in text


@pytest.mark.parametrize("name", list_voices())
def test_the_files_that_a_voice_needs(name: str) -> None:
    files = [library.find(name)]
    if name in CHANGES:
        files.append(library.find(library.DEFAULT))
    assert list(library.files_of(name)) == files

"""Outputs that the tests of `synth` compare with."""

from pathlib import Path

import pytest

from tiedtts.audio import files

Captured = pytest.CaptureFixture[str]
USUAL = {
    **{"speed": 1.0, "pitch": 0.0, "volume": 0.0, "pause": None, "breaks": True, "seed": 0, "ssml": False},
    **{"markup": "text", "code": "announce", "footnotes": False, "citations": False, "parentheses": True},
    **{"hurry": 1.4, "cast": (), "marks": False, "english": "us"},
}
"""Settings of an utterance if nothing is chosen."""


def seconds(path: Path) -> float:
    sound = files.read(path)
    return len(sound.samples) / sound.rate

"""Fixtures of the tests of training."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.data_folder import write_data_folder
from tiedtts.training.milestones import Milestones


@pytest.fixture(scope="module", autouse=True)
def _drawing() -> Iterator[set[str]]:
    """Leave out what runs draw and speak, which takes longer than all the rest; see `pictures`."""
    due, wanted = Milestones.due, set[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Milestones, "due", lambda self, *steps: due(self, *steps) - ({"illustrate"} - wanted))
        yield wanted


@pytest.fixture
def pictures(_drawing: set[str]) -> Iterator[None]:
    """Let runs draw pictures and speak."""
    _drawing.add("illustrate")
    yield
    _drawing.clear()


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten recordings of two words each, a buzz per vowel; two of them held out."""
    return write_data_folder(tmp_path_factory.mktemp("data") / "folder")


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of a few steps, with a discriminator in the second stage and no dropout."""
    stages = """
[[{part}.stages]]
steps = 4
learning_rate = 1e-3
warmup = 2
"""
    judged = (
        stages
        + """[[{part}.stages]]
steps = 4
learning_rate = 1e-3
warmup = 2
adversarial = 0.1
discriminator_lead = 1
"""
    )
    small = "width = 8\n"
    text = "evaluate_every = 2\nillustrate_every = 8\nkeep_every = 4\n"
    text += "[aligner]\nbatch_size = 4\n" + stages.format(part="aligner")
    text += f"[aligner.net]\nblocks = 1\ndropout = 0.0\n{small}"
    text += "[acoustic]\nbatch_size = 4\n" + judged.format(part="acoustic")
    text += f"[acoustic.net]\ndropout = 0.0\nvariance_dropout = 0.0\n{small}"
    text += "encoder_blocks = 1\nvariance_blocks = 1\ndecoder_blocks = 1\n"
    text += "[vocoder]\nbatch_size = 4\nsegment_frames = 16\n" + judged.format(part="vocoder")
    text += f"[vocoder.net]\nblocks = 1\n{small}"
    text += "[joint]\nbatch_size = 4\nsegment_frames = 16\nchannels = 2\nwindows = [512, 1024]\n"
    text += judged.format(part="joint")
    path = tmp_path / "small.toml"
    path.write_text(text)
    return path

"""Judges of wrong phones: which one judges, and when it is none."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.measure import judging, listener
from tiedtts.measure.judging import Judge
from tiedtts.nets.recognizer import Recognizer, RecognizerConfig

EAR: Any = None
"""Judges decide by what they have heard: no ear is asked here."""


def test_a_judge_that_mishears_people_gives_no_ratio() -> None:
    """Six in ten phones of the recordings heard wrongly: a ratio of 0.2 would look superb."""
    judge = Judge("deaf", EAR, voice=[(6.0, 50.0)] * 4, recordings=[(30.0, 50.0)] * 4)
    verdict = judging.decide([judge])
    assert verdict is not None
    assert (verdict.natural, verdict.synthesised) == (0.6, 0.12)
    assert not verdict.reliable
    assert verdict.ratio is None
    assert verdict.interval is None


@pytest.mark.parametrize(("wrong", "reliable"), [(15.0, True), (15.1, False)])
def test_the_bound(wrong: float, reliable: bool) -> None:
    verdict = Judge("x", EAR, voice=[(5.0, 50.0)], recordings=[(wrong, 50.0)]).verdict()
    assert verdict.reliable is reliable
    assert (verdict.ratio is not None) is reliable


def test_the_first_reliable_judge_decides_and_the_other_is_named() -> None:
    own = Judge(judging.RUN, EAR, voice=[(30.0, 50.0)], recordings=[(25.0, 50.0)])
    package = Judge(judging.PACKAGE, EAR, voice=[(5.0, 50.0)], recordings=[(10.0, 50.0)])
    verdict = judging.decide([own, package])
    assert verdict is not None
    assert (verdict.judge, verdict.ratio) == (judging.PACKAGE, 0.5)
    assert verdict.passed_over == {judging.RUN: 0.5}
    own.recordings = [(5.0, 50.0)]
    verdict = judging.decide([own, package])
    assert verdict is not None
    assert (verdict.judge, verdict.passed_over) == (judging.RUN, {})
    assert judging.decide([]) is None


def recogniser(path: Path, audio: AudioSettings) -> Path:
    torch.manual_seed(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.save(path, Checkpoint({"aligner": Recognizer(RecognizerConfig(width=8, blocks=1))}, audio))
    return path


def test_the_recogniser_of_a_run_is_found_beside_its_voice(tmp_path: Path) -> None:
    for name in ("voice.safetensors", "mine.onnx", "acoustic/step_100.safetensors"):
        path = tmp_path / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        assert judging.of_run(path) is None
    own = tmp_path / "run" / "aligner.safetensors"
    own.touch()
    for name in ("voice.safetensors", "mine.onnx", "acoustic/step_100.safetensors"):
        assert judging.of_run(tmp_path / "run" / name) == own
    (tmp_path / "voice.onnx").touch()
    assert judging.of_run(tmp_path / "voice.onnx") is None
    assert judging.of_run("kathleen") is None


def test_the_runs_own_comes_first_and_one_that_cannot_listen_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = AudioSettings()
    own = recogniser(tmp_path / "run" / "aligner.safetensors", audio)
    monkeypatch.setattr(listener, "SHIPPED", recogniser(tmp_path / "package.safetensors", audio))
    assert [j.name for j in judging.candidates(None, own, audio)] == [judging.RUN, judging.PACKAGE]
    assert [j.name for j in judging.candidates(own, own, audio)] == [judging.GIVEN]
    recogniser(own, AudioSettings(hop=300))
    assert [j.name for j in judging.candidates(None, own, audio)] == [judging.PACKAGE]
    own.write_bytes(b"damaged")
    assert [j.name for j in judging.candidates(None, own, audio)] == [judging.PACKAGE]

"""`train` that is asked to end saves first, and tells how to go on."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from tiedtts.checkpoints import checkpoint
from tiedtts_cli import talk
from tiedtts_cli.main import main

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@contextmanager
def _ended_at(step: int, number: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Send a signal while a step is reported."""

    @contextmanager
    def progress(title: str, **options: bool) -> Iterator[Callable[[float, str], None]]:
        def show(share: float, words: str) -> None:
            if f" {step}/" in words:
                os.kill(os.getpid(), number)

        yield show

    with monkeypatch.context() as patch:
        patch.setattr(talk, "progress", progress)
        patch.setattr("tiedtts.training.trainer.REPORT_STEPS", 1)
        yield


@pytest.mark.parametrize("number", SIGNALS)
def test_what_is_learnt_is_saved(
    number: int,
    data_folder: Path,
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def command(run: str, *options: str) -> list[str]:
        parts = ("--part", "acoustic", "--recipe", str(recipe), "--threads", "1", "--accelerator", "cpu")
        return ["train", str(data_folder), "-o", str(tmp_path / run), *parts, *options]

    assert main(command("whole")) == 0
    with _ended_at(3, number, monkeypatch):
        assert main(command("broken")) == 128 + number
    assert capsys.readouterr().err.endswith(
        "hint: acoustic is saved at step 3: the same command with `--resume` goes on there\n"
    )
    assert main(command("broken", "--resume")) == 0
    weights: list[Any] = [
        checkpoint.load(tmp_path / run / "acoustic.safetensors").part("acoustic").state_dict()
        for run in ("whole", "broken")
    ]
    assert all(torch.equal(tensor, weights[1][name]) for name, tensor in weights[0].items())


def test_before_there_is_anything_to_save(
    data_folder: Path,
    recipe: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tiedtts.training.turn.Trainer", lambda *_: os.kill(os.getpid(), signal.SIGINT))
    assert main(["train", str(data_folder), "-o", str(tmp_path / "run"), "--recipe", str(recipe)]) == 130
    assert capsys.readouterr().err.endswith(
        "error: interrupted\nhint: nothing was saved yet: the same command starts again\n"
    )

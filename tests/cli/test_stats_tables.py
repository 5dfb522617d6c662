"""Statistics as the command prints them: units stand where there is something to count."""

from pathlib import Path

import pytest
import torch

from tiedtts_cli.main import main


def test_nothing_is_said_of_what_was_not_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"a.weight": torch.ones(3, 2)}, tmp_path / "foreign.pt")
    assert main(["stats", str(tmp_path / "foreign.pt")]) == 0
    out = capsys.readouterr().out
    assert "file: " in out
    assert "MACs:" not in out


def test_what_was_counted_has_its_unit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", "clara"]) == 0
    assert "MACs: per second of audio, at 10.5 phones a second" in capsys.readouterr().out

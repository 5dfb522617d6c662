"""The log of a run."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tiedtts import extras
from tiedtts.errors import ConfigError
from tiedtts.training.log import Log


def test_columns_grow(tmp_path: Path) -> None:
    log = Log(tmp_path / "log.csv", 0)
    log.add(10, {"mel": 0.123456789, "f0": 2.0})
    assert (tmp_path / "log.csv").read_text() == "step,mel,f0\n10,0.123457,2\n"
    log.add(20, {"mel": 1e-7, "judge": float("nan")})
    log.close()
    assert (tmp_path / "log.csv").read_text() == "step,mel,f0,judge\n10,0.123457,2,\n20,1e-07,,nan\n"


def test_resumed_run_makes_later_rows_again(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    log = Log(path, 0)
    for step in (10, 20, 30):
        log.add(step, {"mel": step})
    log = Log(path, 20)
    log.add(30, {"mel": 31.0})
    assert path.read_text() == "step,mel\n10,10\n20,20\n30,31\n"


def test_new_run_starts_afresh(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("step,mel\n10,10\n")
    log = Log(path, 0)
    log.add(10, {"mel": 1.0})
    assert path.read_text() == "step,mel\n10,1\n"


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "step,mel\nten,2\n", "step,mel\n\x00\n"])
def test_file_that_is_no_log(text: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"log\.csv is not the log of a run"):
        Log(path, 10)
    assert path.read_text() == text


def test_tensorboard_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigError, match=r"^TensorBoard is not installed$") as error:
        Log(tmp_path / "log.csv", 0, tmp_path / "events")
    assert error.value.hint == extras.install_command("tensorboard")


def test_tensorboard_gets_every_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    class SummaryWriter:
        def __init__(self, folder: str, purge_step: int) -> None:
            calls.append((folder, purge_step))

        def add_scalar(self, name: str, value: float, step: int) -> None:
            calls.append((name, value, step))

        def flush(self) -> None:
            calls.append("flush")

        def close(self) -> None:
            calls.append("close")

    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = SummaryWriter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    log = Log(tmp_path / "log.csv", 20, tmp_path / "events")
    log.add(30, {"mel": 0.5, "f0": 2.0})
    log.close()
    folder = str(tmp_path / "events")
    assert calls == [(folder, 21), ("mel", 0.5, 30), ("f0", 2.0, 30), "flush", "close"]

"""Arguments of the benchmarks: each answers `--help`, and tells of a wrong path in one line."""

import importlib
import sys
from pathlib import Path

import pytest

from tiedtts_cli import boundary

FOLDER = Path(__file__).parent
SCRIPTS = (path for path in FOLDER.glob("*.py") if not path.name.startswith("test_"))
COMMANDS = sorted(path.stem for path in SCRIPTS if "__main__" in path.read_text("utf-8"))


def run(name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    module = importlib.import_module(f"tests.benchmarks.{name}")
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments])
    return boundary.run(lambda _: module.main(), arguments)


@pytest.mark.skipif(sys.platform == "win32", reason="some need what only POSIX has")
@pytest.mark.parametrize("name", COMMANDS)
def test_help(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(name, ["--help"], monkeypatch) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: {name}.py")
    assert err == ""
    assert "boundary.run(" in (FOLDER / f"{name}.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("article", ["none"]),
        ("candidates", ["none"]),
        ("candidates", ["--report", "-o", "none/rows.jsonl"]),
        ("copy_synthesis", ["none"]),
        ("copy_synthesis", ["here", "--sounds", "none/sounds"]),
        ("fuzz_audio", ["--voice", "none.onnx"]),
        ("hifigan", ["none", "here"]),
        ("intelligibility", ["--sentences", "none"]),
        ("intelligibility", ["--voice", "none.onnx"]),
        ("listen", ["none"]),
        ("listen", ["here", "-o", "none/a.html"]),
        ("normalization", ["none.tsv"]),
        ("outside", ["none"]),
        ("phrasing", ["none.jsonl"]),
        ("threads", ["--voice", "none.onnx"]),
        ("tying", ["none"]),
        ("tying", ["--report", "--picture", "none/a.png"]),
        ("wavenet", ["--checkpoint", "none.safetensors"]),
        ("wrong_words", ["none.txt", "--command", "true"]),
    ],
)
def test_a_wrong_path_is_told_in_a_line(
    name: str,
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run(name, arguments, monkeypatch) == 1
    out, err = capsys.readouterr()
    error, *hint = err.splitlines()
    assert out == ""
    assert error.startswith("error: ")
    assert "none" in error
    assert all(line.startswith("hint: ") for line in hint)
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("conversion", ["--size", "0"], "--size must be at least 1"),
        ("candidates", ["--candidate", "a=b,c"], "DATA is needed"),
        ("threads", ["--threads", "two"], "numbers such as 1,2,4 are needed"),
        ("tying", [], "DATA is needed"),
    ],
)
def test_wrong_arguments(
    name: str,
    arguments: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(name, arguments, monkeypatch) == 2
    assert said in capsys.readouterr().err

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from tests.benchmarks.words import WordErrors

FOLDER = Path(__file__).parent


def script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a script of this folder."""
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("name", "count"), [("sentences", 200), ("twenty", 20)])
def test_lists_hold_different_sentences(name: str, count: int) -> None:
    lines = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()
    assert len(lines) == len(set(lines)) == count
    assert all(line == line.strip() and line[-1] in ".?!" for line in lines)


def test_frames_of_each_word(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = SimpleNamespace(
        phones=[
            ("sil", 0, 0, 2, -1),
            ("K", 0, 1, 1, 0),
            ("AA", 2, 3, 1, 0),
            (",", 0, 0, 1, -1),
            ("AH", 1, 4, 2, 1),
            ("T", 0, 4, 2, 2),
            (".", 0, 0, 2, -1),
        ],
        durations=[8, 3, 5, 4, 6, 2, 10],
    )
    intelligibility = script("intelligibility", monkeypatch)
    assert intelligibility.word_frames(entry) == [(8, 16), (20, 26), (26, 28)]


def test_counts_over_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    intelligibility = script("intelligibility", monkeypatch)
    sentences = [
        intelligibility.Heard("ab", [[1, 2, 3], [4]], [1, 2, 3], WordErrors((1,), ())),
        intelligibility.Heard("cd", [[5, 6, 7]], [5, 6, 7, 5, 6, 7], WordErrors((), (0,))),
    ]
    summary = intelligibility.summary(sentences)
    assert summary["phone_error_rate"] == 4 / 7
    assert summary["heard_per_said"] == 9 / 7
    assert summary["heard_per_said_range"] == [0.75, 2.0]
    assert summary["sentences_far_off"] == 2
    assert summary["dropped"]["where"] == [{"text": "ab", "word": 2, "phones": ["DH"]}]
    del summary["dropped"]["where"], summary["repeated"]["where"]
    words = {"words": 3, "found": 1, "rate": 1 / 3, "long_words": 2}
    assert summary["dropped"] == {**words, "found_long": 0, "long_rate": 0.0}
    assert summary["repeated"] == {**words, "found_long": 1, "long_rate": 0.5}
    assert "2 sentences, 7 phones" in intelligibility.table({"voice": intelligibility.summary(sentences)})


@pytest.mark.skipif(sys.platform == "win32", reason="needs wait4")
def test_a_command_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    speed = script("speed", monkeypatch)
    # In a process of its own: a child's peak counts what its parent held when it was started.
    code = "import runpy, sys; run = runpy.run_path(sys.argv[1])['run']; "
    code += "print(*run([sys.executable, '-c', 'pass'], sys.argv[2]))"
    arguments = [sys.executable, "-c", code, str(speed.__file__), str(tmp_path)]
    ran = subprocess.run(arguments, capture_output=True, text=True, check=True)
    seconds, peak = map(float, ran.stdout.split())
    assert 0 < seconds < 60
    assert 1 < peak < 1000
    with pytest.raises(SystemExit, match="no such thing"):
        speed.run([sys.executable, "-c", "raise SystemExit('no such thing')"], str(tmp_path))

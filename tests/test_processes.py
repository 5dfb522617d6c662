"""Code that lies in the current folder is run by no process that a command starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corpus import corpora

ROOT = Path(__file__).parents[1]
NAMES = (
    # What a new interpreter, `multiprocessing`, the workers and their libraries import, early and late.
    *(
        "multiprocessing",
        "runpy",
        "random",
        "struct",
        "pickle",
        "queue",
        "tempfile",
        "typing",
        "json",
        "wave",
    ),
    *("numpy", "onnxruntime", "soundfile", "soxr", "tiedtts", "sitecustomize", "usercustomize", "zlib"),
)
CODE = "with open({log!r}, 'a') as log: log.write(__name__ + '\\n')\nraise ImportError('of the current folder')\n"


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder full of modules that others are mistaken for; each notes in `ran` that it ran."""
    folder = tmp_path / "here"
    folder.mkdir()
    for name in NAMES:
        (folder / f"{name}.py").write_text(CODE.format(log=str(tmp_path / "ran")))
    return folder


def run(trap: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in the folder full of traps."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    environment["PYTHONPATH"] = os.pathsep.join((str(ROOT), str(ROOT / "models")))
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=trap,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def program(trap: Path) -> str:
    """A script such as the one that pip installs."""
    script = trap.parent / "bin" / "tiedtts"
    script.parent.mkdir()
    script.write_text(
        "import sys\nfrom tiedtts_cli.main import main\nif __name__ == '__main__':\n    sys.exit(main())\n"
    )
    return str(script)


def test_the_traps_work(trap: Path) -> None:
    run(trap, "-c", "import random")
    assert (trap.parent / "ran").read_text() == "random\n"


def test_a_batch(trap: Path, program: str) -> None:
    (trap / "lines.txt").write_text("a|One.\nb|Two.\nc|Three.\n")
    done = run(trap, program, "synth", "-i", "lines.txt", "-d", "out", "--workers", "2", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((trap / "out").glob("*.wav"))) == 3
    assert not (trap.parent / "ran").exists()


def test_a_corpus(trap: Path, program: str) -> None:
    corpora.ljspeech(trap / "corpus", 9)
    done = run(trap, program, "prepare", "corpus", "-o", "data", "--workers", "2", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((trap / "data" / "features").glob("*.npz"))) == 9
    assert not (trap.parent / "ran").exists()


def test_the_module(trap: Path) -> None:
    # The interpreter itself needs these before the program has any say.
    for name in ("runpy", "typing"):
        (trap / f"{name}.py").unlink()
    done = run(trap, "-m", "tiedtts_cli", "synth", "Hello.", "-o", "hello.wav", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert (trap / "hello.wav").stat().st_size > 10_000
    assert not (trap.parent / "ran").exists()


def test_a_session_of_python(trap: Path) -> None:
    """Its path begins with `''`, the current folder, which its processes do not get."""
    code = """
import os, sys
sys.path.remove("")
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from tiedtts import processes
sys.path.insert(0, "")
with processes.spawning(ASKED="1"), ProcessPoolExecutor(1, get_context("spawn")) as pool:
    print(pool.submit(eval, "__import__('os').environ['ASKED'], '' in __import__('sys').path").result())
print(sys.path[0] == "", {"ASKED", "PYTHONSAFEPATH"} & os.environ.keys())
"""
    done = run(trap, "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["('1', False)", "True set()"]
    assert not (trap.parent / "ran").exists()

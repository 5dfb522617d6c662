"""One run at a time in a folder, and nothing done to what is not ours."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tiedtts import locking
from tiedtts.errors import FolderError

HOLDER = """
import sys
from pathlib import Path
from tiedtts import locking
with locking.hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> "subprocess.Popen[str]":
    models = str(Path(locking.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": models},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_nothing_is_left(tmp_path: Path) -> None:
    with locking.hold(tmp_path / "new" / "er") as work:
        assert work.is_dir()
    assert list((tmp_path / "new" / "er").iterdir()) == []


def test_the_other_process_is_named(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        named = f"^another run writes to {re.escape(str(tmp_path))}: process {process.pid}$"
        with pytest.raises(FolderError, match=named) as error, locking.hold(tmp_path):
            pass
        assert error.value.hint == "wait for it to end, or choose another folder"
        process.communicate()
    with locking.hold(tmp_path):
        pass


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.kill()
        process.wait()
    assert (tmp_path / locking.WORK / "lock").exists() or sys.platform == "win32"
    with locking.hold(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_the_run_left_stays(tmp_path: Path) -> None:
    with locking.hold(tmp_path) as work:
        (work / "begun").write_text("half")
    assert [path.name for path in (tmp_path / locking.WORK).iterdir()] == ["begun"]


@pytest.mark.skipif(sys.platform == "win32", reason="no links without a right, no named pipes")
@pytest.mark.parametrize("name", ["lock", "process"])
@pytest.mark.parametrize("kind", ["a link", "a named pipe", "a folder", "another name"])
def test_what_stands_in_the_place_of_the_lock_is_left(tmp_path: Path, name: str, kind: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    place = tmp_path / "out" / locking.WORK / name
    place.parent.mkdir(parents=True)
    if kind == "a link":
        place.symlink_to(victim)
    elif kind == "a named pipe":
        os.mkfifo(place)
    elif kind == "a folder":
        place.mkdir()
    else:
        os.link(victim, place)
    with pytest.raises(FolderError, match=f"{name} (is|has) {kind}"), locking.hold(tmp_path / "out"):
        pass
    assert victim.read_text() == "precious"
    assert os.path.lexists(place)


@pytest.mark.skipif(sys.platform == "win32", reason="no links without a right")
def test_a_link_for_the_folder_of_the_lock(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / locking.WORK).symlink_to(elsewhere)
    with pytest.raises(FolderError, match="is a link, not a folder"), locking.hold(tmp_path / "out"):
        pass
    assert list(elsewhere.iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from tiedtts import storage
with storage.replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
@pytest.mark.parametrize("deep", [False, True])
def test_what_a_killed_process_was_writing_is_removed(deep: bool, tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    (tmp_path / ".mine").write_bytes(b"x")
    for folder in (tmp_path, below):
        words = [sys.executable, "-c", KILLED, str(folder / "x.wav")]
        env = {**os.environ, "PYTHONPATH": str(Path(locking.__file__).parents[1])}
        assert subprocess.run(words, env=env, check=False).returncode == -9
        assert len([path for path in folder.iterdir() if path.name.startswith(".x.wav.")]) == 1
    with locking.hold(tmp_path, deep=deep):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {".mine", "below"}
    assert len(list(below.iterdir())) == (0 if deep else 1)

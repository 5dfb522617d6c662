"""Standard streams that are closed, full or of the wrong kind: never a fault of the program's own."""

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tiedtts_cli import streams
from tiedtts_cli.main import main

ROOT = Path(__file__).parents[2]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="no shell that closes streams on this system")
CLOSED = [
    names for count in (1, 2, 3) for names in itertools.combinations(("stdin", "stdout", "stderr"), count)
]
SHELL = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-"}


def run(folder: Path, *arguments: str, redirected: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the program by a shell, which closes and redirects streams."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "models")))}
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, "-m", "tiedtts_cli", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("said")
    assert run(folder, "synth", "Hello there.", "-o", "a.wav").returncode == 0
    return (folder / "a.wav").read_bytes()


@POSIX
@pytest.mark.parametrize("closed", CLOSED, ids="-".join)
def test_a_file_is_written_without_streams(closed: tuple[str, ...], said: bytes, tmp_path: Path) -> None:
    done = run(tmp_path, "synth", "Hello there.", "-o", "a.wav", redirected=" ".join(map(SHELL.get, closed)))
    assert done.returncode == 0
    assert done.stderr in ("", "a.wav: 1.11 s\n") or "stderr" not in closed
    assert "error" not in done.stderr
    assert (tmp_path / "a.wav").read_bytes() == said


@POSIX
def test_workers_need_no_streams(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("a|One.\nb|Two.\nc|Three.\n")
    arguments = ("synth", "-i", "lines.txt", "-d", "out", "--workers", "2")
    assert run(tmp_path, *arguments, redirected="<&- >&- 2>&-").returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "a.wav",
        "b.wav",
        "c.wav",
        "manifest.jsonl",
    ]


@POSIX
@pytest.mark.parametrize(
    ("arguments", "redirected", "status", "message"),
    [
        (("synth", "Hello.", "-o", "-"), ">&-", 2, "error: the result goes to stdout, which is closed"),
        (("explain", "Hello."), ">&-", 2, "error: the result goes to stdout, which is closed"),
        (("stats", "kathleen"), ">&-", 2, "error: the result goes to stdout, which is closed"),
        (("eval", "kathleen", "data"), ">&-", 2, "error: the result goes to stdout, which is closed"),
        (("prepare", "corpus", "-o", "data", "--json"), ">&-", 2, "error: the result goes to stdout"),
        (("suggest", "a.pt"), ">&-", 2, "error: the result goes to stdout"),
        (("synth", "-o", "a.wav"), "<&-", 2, "error: there is no text to say"),
        (("synth", "-o", "a.wav"), "0>written", 1, "error: bad file descriptor"),
        (("voices",), "1<lines.txt", 1, "error: bad file descriptor"),
    ],
)
def test_what_needs_a_stream_tells_so(
    arguments: tuple[str, ...], redirected: str, status: int, message: str, tmp_path: Path
) -> None:
    (tmp_path / "lines.txt").touch()
    done = run(tmp_path, *arguments, redirected=redirected)
    assert done.returncode == status
    assert done.stderr.startswith(message)
    assert "internal" not in done.stderr


@POSIX
@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no full device on this system")
@pytest.mark.parametrize(("stream", "status"), [("1>/dev/full", 1), ("2>/dev/full", 0)])
def test_a_full_disk_behind_a_stream(stream: str, status: int, tmp_path: Path) -> None:
    done = run(tmp_path, "synth", "Hello.", "-o", "a.wav", "--json", "--verbose", redirected=stream)
    assert done.returncode == status
    assert (tmp_path / "a.wav").stat().st_size > 10_000
    assert "internal" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("synth", "Hello.", "--voice", "nobody", "-o", "a.wav"),
        ("prepare", "none", "-o", "data"),
        ("train", "none", "-o", "run"),
        ("export", "none.safetensors", "-o", "a.onnx"),
        ("eval", "none.onnx", "none"),
        ("tie", "none.safetensors", "-o", "a.safetensors", "--scheme", "share", "--layers", "*"),
        ("untie", "none.safetensors", "-o", "a.safetensors"),
        ("suggest", "none.safetensors", "-o", "plan.toml"),
        ("explain", "Hello."),
        ("voices",),
        ("stats", "none.onnx"),
        ("--help",),
        ("--version",),
        (),
    ],
    ids=lambda arguments: " ".join(arguments[:1]),
)
def test_every_command_works_without_streams(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows' `pythonw` has no streams either."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(streams, "_closed", set())
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert main(arguments) == (
        0
        if arguments[:1] in (("--help",), ("--version",))
        else 2
        if not arguments or arguments[0] in ("eval", "stats", "explain", "voices")
        else 1
    )
    assert all(stream is not None for stream in (sys.stdin, sys.stdout, sys.stderr))

"""Files elsewhere, by URLs."""

import json
from pathlib import Path, PureWindowsPath

import pytest

from tests.cli.outputs import Captured
from tiedtts import remote
from tiedtts_cli.main import main

fsspec = pytest.importorskip("fsspec")
LIST = "a|One is here.\nb|Two is there.\nc|...\n"


@pytest.mark.parametrize(
    ("path", "url"),
    [
        (Path("s3://bucket/a b.csv"), "s3://bucket/a b.csv"),
        ("memory://x", "memory://x"),
        (Path("file:///tmp/x"), "file:///tmp/x"),
        (PureWindowsPath("gs://bucket/x"), "gs://bucket/x"),
        (PureWindowsPath("C:/x/y"), None),
        (Path("a/b:c"), None),
        (Path("lines.txt"), None),
        (Path("s3:"), None),
    ],
)
def test_what_is_a_url(path: Path | str, url: str | None) -> None:
    assert remote.url(path) == url


def contents(place: str) -> dict[str, bytes]:
    system, path = fsspec.core.url_to_fs(place)
    return {name.rpartition("/")[2]: system.cat_file(name) for name in system.ls(path, detail=False)}


@pytest.fixture(params=["memory", "file"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "file":
        return f"file://{tmp_path}/elsewhere"
    system = fsspec.filesystem("memory")
    if system.exists("/tiedtts"):
        system.rm("/tiedtts", recursive=True)
    return "memory://tiedtts"


def test_a_batch_from_and_to_a_url(place: str, tmp_path: Path, capsys: Captured) -> None:
    system, path = fsspec.core.url_to_fs(place)
    system.makedirs(path, exist_ok=True)
    system.pipe_file(f"{path}/lines.txt", LIST.encode())
    (tmp_path / "lines.txt").write_text(LIST)
    options = ["--timestamps", "srt", "--json"]
    assert main(["synth", "-i", str(tmp_path / "lines.txt"), "-d", str(tmp_path / "here"), *options]) == 1
    told = capsys.readouterr().out.replace(str(tmp_path / "here"), f"{place}/spoken")
    command = ["synth", "-i", f"{place}/lines.txt", "-d", f"{place}/spoken", *options]
    assert main(command) == 1
    assert capsys.readouterr().out == told
    here = {each.name: each.read_bytes() for each in (tmp_path / "here").iterdir()}
    assert contents(f"{place}/spoken") == here
    # Whoever goes on makes what is missing, also what no row tells of, and keeps the rest.
    system.rm_file(f"{path}/spoken/a.wav")
    rows = here["manifest.jsonl"].splitlines(keepends=True)
    system.pipe_file(f"{path}/spoken/manifest.jsonl", rows[0])
    assert main([*command, "--skip-existing"]) == 1
    captured = capsys.readouterr()
    assert [json.loads(line)["id"] for line in captured.out.splitlines()] == ["a", "b"]
    assert contents(f"{place}/spoken") == here
    assert main([*command, "--skip-existing"]) == 1
    assert capsys.readouterr().out == ""
    assert contents(f"{place}/spoken") == here


def test_what_cannot_be_reached(capsys: Captured) -> None:
    assert main(["synth", "-i", "memory://none/lines.txt", "-d", "memory://out"]) == 1
    assert capsys.readouterr().err.startswith("error: cannot read memory://none/lines.txt: ")
    assert main(["synth", "Hello.", "-d", "nowhere://out"]) == 1
    assert capsys.readouterr().err.startswith("error: cannot reach nowhere://out: ")

"""README and docs: the Python in them runs, their commands and options exist, their links lead somewhere."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tiedtts_cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))
PYTHON = [
    (page.name, code)
    for page in PAGES
    for code in re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
]


def commands() -> list[str]:
    """Return the command lines of this program in all pages, without their comments."""
    lines = []
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                # A command may stand behind another, as in `echo … | tiedtts synth`.
                found = re.search(r"(?:^|\s)(?:tiedtts|\S*/tiedtts|-m tiedtts_cli) (.*)", line)
                if found and not line.startswith("#"):
                    lines.append(found[1])
    return lines


@pytest.mark.parametrize("line", commands())
def test_commands_and_options_exist(line: str) -> None:
    words = shlex.split(line, comments=True)
    for separator in ("|", "&&", ">", "&"):
        words = words[: words.index(separator)] if separator in words else words
    # Any: typer may bring a click of its own.
    group: Any = typer.main.get_command(app)
    assert words[0] in group.commands
    known = {name for p in group.commands[words[0]].params for name in (*p.opts, *p.secondary_opts)}
    options = {word.partition("=")[0] for word in words[1:] if re.match(r"--?[a-zA-Z]", word)}
    assert options <= known


@pytest.mark.parametrize(("page", "least"), [("README.md", 5), ("docs/usage.md", 30)])
def test_texts_that_are_spoken_are_there(page: str, least: int) -> None:
    """Each command can be tried as it stands."""
    text = (ROOT / page).read_text("utf-8")
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]
    paths = [
        path for line in lines for path in re.findall(r"(?:-i|--lexicon) (\S+)", line) if "://" not in path
    ]
    assert len(paths) >= least
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(("page", "code"), PYTHON)
def test_python_runs(
    page: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from torch import nn

    plan = tmp_path / "plan.toml"
    plan.write_text('[[tie]]\nlayers = "0"\nscheme = "lowrank"\n')
    monkeypatch.chdir(tmp_path)
    exec(compile(code, page, "exec"), {"model": nn.Sequential(nn.Linear(8, 8)), "path": plan})
    said = capsys.readouterr().out.splitlines()
    assert said, "each prints something"
    if "hello.flac" in code:
        assert (tmp_path / "hello.flac").stat().st_size > 10_000
        assert said[1].startswith("The first sentence is here. ")
        assert len(said) == 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if not re.match(r"[a-z]+:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_and_modules_are_there(page: Path) -> None:
    text = page.read_text("utf-8")
    paths = re.findall(r"`((?:tests|scripts|models|docs|tiedtts_cli|checkpoints)/[^`\s]*)`", text)
    modules = re.findall(r"python -m (tests[\w.]+)", text)
    for path in (*paths, *(f"{module.replace('.', '/')}.py" for module in modules)):
        assert (ROOT / path).exists(), path

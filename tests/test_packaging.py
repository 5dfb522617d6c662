"""The image and the service: what they name is there, and commands and options in them exist."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tiedtts_cli.main import app

ROOT = Path(__file__).parents[1]
UNIT = (ROOT / "packaging/tiedtts.service").read_text("utf-8")


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile, lines that go on joined."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    return [
        (line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines.splitlines() if line.strip()
    ]


def values(name: str) -> list[str]:
    return [value for instruction, value in instructions() if instruction == name]


def check(words: list[str]) -> None:
    """Compare a command with the program."""
    group: Any = typer.main.get_command(app)
    command = group.commands[words[0]]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word.partition("=")[0] for word in words[1:] if word.startswith("-")} <= known


def test_instructions_of_the_image_are_known() -> None:
    names = {name for name, _ in instructions()}
    assert names == set("FROM WORKDIR COPY RUN ENV USER EXPOSE HEALTHCHECK STOPSIGNAL ENTRYPOINT CMD".split())
    assert instructions()[0][0] == "FROM"
    assert all(re.fullmatch(r"python:3\.\d+-slim( AS \w+)?", value) for value in values("FROM"))
    for command in values("RUN"):
        subprocess.run(["sh", "-n", "-c", command], check=True)


def test_the_image_runs_the_server_and_not_as_root() -> None:
    assert json.loads(values("ENTRYPOINT")[0]) == ["tiedtts"]
    check(json.loads(values("CMD")[0]))
    (user,) = values("USER")
    assert int(user.partition(":")[0]) > 0
    assert user.partition(":")[0] in values("RUN")[-1]


def test_what_the_image_is_built_from_is_there_and_not_left_out() -> None:
    rules = [
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] not in ("", "#")
    ]
    assert rules[0] == "*"
    sources = [word for value in values("COPY") if "--from" not in value for word in value.split()[:-1]]
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in rules
    # All that the package is built from: its metadata name files.
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    for named in re.findall(r'^  "(LICENSE|models/\S+)",$', project, re.MULTILINE):
        assert any(fnmatch(named, f"{source}*") for source in sources)


def test_the_health_check_asks_the_server() -> None:
    application = pytest.importorskip("tiedtts.serving.app")

    words = json.loads(values("HEALTHCHECK")[0].partition("CMD ")[2])
    assert words[:2] == ["python", "-c"]
    compile(words[2], "HEALTHCHECK", "exec")
    port, path = re.findall(r"http://127\.0\.0\.1:(\d+)(/\w+)", words[2])[0]
    assert f'Route("{path}"' in Path(application.__file__).read_text("utf-8")
    group: Any = typer.main.get_command(app)
    (default,) = (each.default for each in group.commands["serve"].params if each.name == "port")
    assert int(port) == default
    assert port in values("EXPOSE")[0].split()


def test_the_service_runs_a_command_that_exists() -> None:
    (command,) = re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    program, *words = shlex.split(command)
    assert program == "%h/.local/bin/tiedtts"
    check(words)


def test_systemd_takes_the_service(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd-analyze")
    unit = tmp_path / "tiedtts.service"
    unit.write_text(UNIT.replace("%h/.local/bin/tiedtts", sys.executable), "utf-8")
    done = subprocess.run(
        [analyze, "verify", "--user", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert (done.returncode, done.stderr) == (0, "")

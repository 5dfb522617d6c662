"""`distil` on a cluster: the corpus is that of engines on this machine."""

import contextlib
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import Nodes
from tests.corpus.teacher.test_distil import TEXTS, Function
from tests.corpus.teacher.test_engines import ENGINE
from tiedtts import cluster
from tiedtts.corpus.teacher.distil import distil
from tiedtts.errors import ConfigError
from tiedtts_cli.main import main

COMMAND = shlex.join([*ENGINE, "{text}", "{output}", "{seed}"])
SAID = [*TEXTS[:3], "It crashes.", "It is silent.", "It is moody."]


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Nodes:
    made = Nodes()

    def joined(place: str, limit: int | None = None) -> Any:
        made.pieces.append((place, limit))
        return contextlib.nullcontext(made)

    monkeypatch.setattr(cluster, "joined", joined)
    return made


def corpus_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        # Whoever is first is written first.
        if path.is_file() and path.name != "clips.jsonl"
    }


def told(folder: Path) -> list[str]:
    return sorted((folder / "distil" / "clips.jsonl").read_text().splitlines())


def say(folder: Path, texts: list[str], *options: str) -> int:
    listed = folder.with_suffix(".txt")
    listed.write_text("".join(f"{text}\n" for text in texts))
    command = ["distil", str(listed), "-o", str(folder), "--command", COMMAND, "--no-listen", "-q"]
    return main([*command, *options])


def test_the_corpus_is_the_same(tmp_path: Path, nodes: Nodes) -> None:
    assert say(tmp_path / "here", SAID) == 0
    assert nodes.tried == 0
    assert say(tmp_path / "there", SAID, "--engine", "ray:somewhere") == 0
    assert nodes.tried == len(SAID)
    assert corpus_of(tmp_path / "there") == corpus_of(tmp_path / "here")
    assert told(tmp_path / "there") == told(tmp_path / "here")
    assert len(list((tmp_path / "there" / "wavs").iterdir())) >= 3
    # What is there already is not said again; what failed is.
    assert say(tmp_path / "there", [*SAID, TEXTS[4]], "--engine", "ray:somewhere") == 0
    assert nodes.tried < len(SAID) + 4


def test_what_is_lost_is_told_and_said_by_the_next_run(
    tmp_path: Path, nodes: Nodes, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes.lost = lambda job: "two" in job.text.text
    assert say(tmp_path / "corpus", TEXTS[:4], "--engine", "ray") == 0
    assert "the process that said it was lost: NodeDiedError: gone" in capsys.readouterr().out
    nodes.lost = lambda job: False
    assert say(tmp_path / "corpus", TEXTS[:4], "--engine", "ray") == 0
    assert say(tmp_path / "here", TEXTS[:4]) == 0
    sounds, same = corpus_of(tmp_path / "corpus"), corpus_of(tmp_path / "here")
    assert {name for name in sounds if name.endswith(".wav")} == {
        name for name in same if name.endswith(".wav")
    }
    assert all(same[name] == data for name, data in sounds.items() if name.endswith((".wav", ".csv")))


def test_a_function_is_not_sent(tmp_path: Path, nodes: Nodes) -> None:
    with pytest.raises(ConfigError, match="a function speaks in this process"):
        distil([(None, "One.")], tmp_path / "corpus", Function(), name="x", engine="ray")
    assert not (tmp_path / "corpus").exists()


def test_what_is_no_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(tmp_path / "corpus", TEXTS, "--engine", "dask") == 2
    assert "there is no engine `dask`" in capsys.readouterr().err

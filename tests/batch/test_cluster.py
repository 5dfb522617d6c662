"""Batches on a cluster: the files and the manifest are those of this machine's processes."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.outputs import Captured
from tests.cluster import Nodes
from tiedtts import cluster, extras
from tiedtts.audio.encoding import Encoding
from tiedtts.batch import cluster_worker, lines, run
from tiedtts.batch.job import BatchSpec
from tiedtts.batch.lines import Row
from tiedtts.errors import ConfigError, VoiceError
from tiedtts.settings import Settings
from tiedtts.speech import library
from tiedtts_cli.main import main

ROOT = Path(__file__).parents[2]
TEXTS = ["One is here.", "Two is there, too.", "...", "Kubectl is three.", '"And four," he said.']


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Callable[[Nodes], Nodes]:
    def put(nodes: Nodes) -> Nodes:
        import contextlib

        joined = lambda place, limit=None: contextlib.nullcontext(nodes)  # noqa: E731
        monkeypatch.setattr(cluster, "joined", joined)
        monkeypatch.setattr(cluster_worker, "_loaded", {})
        return nodes

    return put


def spoken(
    folder: Path, spec: BatchSpec, engine: str, settings: Settings | None = None
) -> tuple[dict[str, bytes], list[run.Report]]:
    reports: list[run.Report] = []
    rows = lines.named(Row(number, text) for number, text in enumerate(TEXTS, 1))
    run.run(rows, folder, spec, settings or Settings(), engine=engine, report=reports.append)
    return {path.name: path.read_bytes() for path in folder.iterdir()}, reports


def test_files_and_manifest_are_the_same(tmp_path: Path, put: Callable[[Nodes], Nodes]) -> None:
    nodes = put(Nodes())
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("kubectl  K Y UW1 B K AH0 N T R OW1 L\n")
    spec = BatchSpec(
        voice="clara", lexicon=(str(lexicon),), encoding=Encoding(suffix=".flac"), timestamps="json"
    )
    # The nodes cannot see what lies here, which is gone when they ask for it.
    felix = tmp_path / "felix.voice"
    felix.write_bytes((library.FOLDER / "felix.voice").read_bytes())
    settings = Settings(cast={"quotes": str(felix)})
    here, told = spoken(tmp_path / "here", spec, "local", settings)
    nodes.vanish = [lexicon, felix]
    there, told_there = spoken(tmp_path / "there", spec, "ray:somewhere", settings)
    assert len(here) == 2 * 4 + 1
    assert there == here
    assert [report.line for report in told_there] == [report.line for report in told]
    # The nodes have the words of a file that lies here alone.
    row = json.loads(there["manifest.jsonl"].splitlines()[2])
    assert row["phones"][1:5] == ["K", "Y", "UW1", "B"]


def test_voices_of_lines_are_sent_to_the_nodes(tmp_path: Path, put: Callable[[Nodes], Nodes]) -> None:
    """Files of voices, those that they are a change of, and those of a line's own cast."""
    base, change = tmp_path / "base.onnx", tmp_path / "own" / "felix.voice"
    change.parent.mkdir()
    base.write_bytes((library.FOLDER / "clara.onnx").read_bytes())
    for path in (library.FOLDER / "felix.voice", library.FOLDER / "clara.onnx"):
        (change.parent / path.name).write_bytes(path.read_bytes())
    cast = {"quotes": str(change)}

    def batch(folder: str, engine: str) -> tuple[dict[str, bytes], list[str]]:
        errors: list[str] = []
        rows = [
            Row(1, "One."),
            Row(2, "Two.", voice=str(change)),
            Row(3, "Three.", voice="nora"),
            Row(4, '"And four," he said.', options={"cast": cast}, voice=str(base)),
            Row(5, "Five.", voice="nobody"),
            Row(6, "Six.", options={"cast": {"quotes": "nobody"}}),
        ]

        def told(report: run.Report) -> None:
            if report.error is not None:
                errors.append(f"{report.line.place}: {report.error}")

        run.run(
            lines.named(rows),
            tmp_path / folder,
            BatchSpec(voice="clara"),
            Settings(),
            engine=engine,
            report=told,
        )
        return {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}, errors

    here, errors = batch("here", "local")
    assert errors == ["line 5: no such voice: nobody", "line 6: no such voice: nobody"]
    nodes = put(Nodes())
    hidden: list[str] = []
    # A node sees none of these files.
    nodes.away = lambda: [
        hidden.append(str(path.rename(path.with_name(f"{path.name}.away")))) for path in (base, change)
    ]
    there, told = batch("there", "ray")
    assert len(hidden) == 2
    assert told == errors
    assert there == here


def test_what_is_lost_again_and_again_is_one_line(tmp_path: Path, put: Callable[[Nodes], Nodes]) -> None:
    nodes = put(Nodes(lost=lambda piece: any("four" in job.text for job in piece)))
    made, reports = spoken(tmp_path / "out", BatchSpec(voice="clara"), "ray")
    errors = {report.line.id: report.error for report in reports if report.error is not None}
    assert set(errors) == {"0003", "0005"}
    assert isinstance(errors["0005"], VoiceError)
    assert "were lost: NodeDiedError" in str(errors["0005"])
    assert sorted(made) == ["0001.wav", "0002.wav", "0004.wav", "manifest.jsonl"]
    assert nodes.tried == len(TEXTS)


@pytest.mark.parametrize(
    ("engine", "place"), [("local", None), ("ray", ""), ("ray:auto", "auto"), ("ray:ray://h:1", "ray://h:1")]
)
def test_addresses(engine: str, place: str | None) -> None:
    assert cluster.address(engine) == place


@pytest.mark.parametrize("engine", ["dask", "ray:", "rays", "", "local:2"])
def test_what_is_no_engine(engine: str) -> None:
    with pytest.raises(ConfigError, match="no engine") as caught:
        cluster.address(engine)
    assert caught.value.hint == "local, ray, or ray:ADDRESS"


def test_another_version_on_a_node_is_told() -> None:
    with pytest.raises(ConfigError, match=r"has TiedTTS .*, and this one 0\.0\.0"):
        cluster._call("0.0.0", print, None)


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["synth", "Hello.", "-d", str(tmp_path / "out"), "--engine", "ray"]) == 1
    assert capsys.readouterr().err == (
        f"error: the package `ray` is not installed\nhint: {extras.install_command('ray')}\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-d", "out", "--engine", "dask"], "there is no engine `dask`"),
        (["-o", "out.wav", "--engine", "ray"], "`--engine` needs `-d DIR`"),
    ],
)
def test_arguments(arguments: list[str], said: str, capsys: Captured) -> None:
    assert main(["synth", "Hello.", *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra `ray`")
@pytest.mark.skipif(sys.platform == "win32", reason="Ray kills no nodes there")
def test_a_node_and_then_the_one_that_asked_are_lost() -> None:
    """On a real cluster of two nodes; in a process of its own, since Ray stays in the process that starts it."""
    command = [sys.executable, "-m", "tests.benchmarks.cluster_batch", "--lines", "100", "--accidents"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["files"] == 2 * 99 + 1
    assert 0 < told["lost_at"] < told["killed_at"] < 99

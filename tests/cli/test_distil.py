import json
import os
import shlex
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.test_signals import start, wait
from tests.corpus.teacher import stand_in
from tiedtts_cli.main import main

Captured = pytest.CaptureFixture[str]
ENGINE = f"{shlex.quote(sys.executable)} -I {shlex.quote(str(Path(stand_in.__file__)))}"
COMMAND = f"{ENGINE} {{text}} {{output}} {{seed}}"
WORDS = "The first of them|Is it the second?|Three!|It is silent.|a4|the fourth, or so it seems".split("|")


@pytest.fixture
def texts(here: Path) -> Path:
    path = here / "texts.txt"
    path.write_text("".join(f"{line}\n" for line in [*WORDS[:4], "a4|the fourth, or so it seems"]))
    return path


def test_a_corpus(texts: Path, here: Path, capsys: Captured) -> None:
    command = ["distil", "texts.txt", "-o", "corpus", "--command", COMMAND, "--no-listen"]
    assert main([*command, "--teacher", "buzz", "--licence", "CC0", "--source", "made up", "-q"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("4 of 5 texts spoken by buzz: ")
    assert out[1].startswith("thrown away: 1 x audio silent: t")
    assert out[2] == "note: fewer than 20 clips: none was compared with the others"
    assert len((here / "corpus" / "metadata.csv").read_text().splitlines()) == 4
    assert (here / "corpus" / "wavs" / "a4.wav").is_file()
    origin = json.loads((here / "corpus" / "teacher.json").read_text())
    assert (origin["teacher"], origin["licence"], origin["source"]) == ("buzz", "CC0", "made up")
    assert str(Path(sys.executable).parent) not in json.dumps(origin)
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["texts"], report["clips"], report["made"]) == (5, 4, 0)


def test_json_lines(texts: Path, here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_LOG", str(here / "log"))
    command = ["--command", f"{ENGINE} --json-lines", "--json-lines", "--workers", "1", "--no-listen"]
    assert main(["distil", "texts.txt", "-o", "corpus", *command]) == 0
    assert len((here / "log").read_text().splitlines()) == 1
    out, err = capsys.readouterr()
    assert out.startswith("4 of 5 texts spoken by python")
    assert err == "all of it: corpus/report.md\nnext: tiedtts prepare corpus -o DATA\n"


def test_lines_that_cannot_be_read_are_told(here: Path, capsys: Captured) -> None:
    (here / "texts.jsonl").write_text('{"text": "Hello there."}\n{"id": 3}\n{"text": ""}\nnonsense\n')
    assert main(["distil", "texts.jsonl", "-o", "corpus", "--command", COMMAND, "--no-listen"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("1 of 1 texts")
    assert [line[:16] for line in err.splitlines()[:3]] == [f"warning: line {n}:" for n in (2, 3, 4)]


def test_an_engine_that_fails(texts: Path, here: Path, capsys: Captured) -> None:
    crashing = COMMAND.replace("{text}", "'{text} crashes'")
    assert main(["distil", "texts.txt", "-o", "corpus", "--command", crashing, "--no-listen", "-q"]) == 1
    assert capsys.readouterr().err == (
        "error: the engine fails every time, 3 texts in a row: it ended with status 3: no such phoneme\n"
        "hint: let it say a text by hand; the same command goes on, what is done is kept\n"
    )
    assert main(["prepare", "corpus", "-o", "data"]) == 1
    assert capsys.readouterr().err == (
        "error: corpus is not finished: a teacher has still to say some texts\n"
        "hint: run the same `tiedtts distil` command again\n"
    )


@pytest.mark.parametrize(
    ("command", "message"),
    [("no-such-engine {text}", "there is no program `no-such-engine`"), ("", "the command is empty")],
)
def test_no_engine(command: str, message: str, texts: Path, here: Path, capsys: Captured) -> None:
    assert main(["distil", "texts.txt", "-o", "corpus", "--command", command, "--no-listen"]) == 1
    assert capsys.readouterr().err.startswith(f"error: {message}\nhint: ")
    assert not (here / "corpus").exists()


def test_without_torch_the_way_out_is_told(
    texts: Path, here: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [name for name in sys.modules if name.startswith("tiedtts.measure")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["distil", "texts.txt", "-o", "corpus", "--command", COMMAND]) == 1
    out, err = capsys.readouterr()
    assert "the package `torch`, by which clips are listened to, is not installed" in err
    assert "`--no-listen`" in err


def test_a_list_of_chosen_texts(texts: Path, here: Path, capsys: Captured) -> None:
    assert main(["distil", "texts.txt", "-o", "list.txt", "--pick", "3", "-q"]) == 0
    assert capsys.readouterr().out.startswith("3 of 5 texts chosen, about 0 min of speech\n")
    chosen = (here / "list.txt").read_text().splitlines()
    assert len(chosen) == 3
    assert set(chosen) <= set(texts.read_text().splitlines())
    assert main(["distil", "texts.txt", "-o", "list.txt", "--pick", "9", "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out)["texts"] == 5
    assert sorted((here / "list.txt").read_text().splitlines()) == sorted(texts.read_text().splitlines())


def test_chosen_and_spoken(texts: Path, here: Path, capsys: Captured) -> None:
    command = ["--command", COMMAND, "--pick", "2", "--mix", "questions=100%", "--mix", "single words=0"]
    assert main(["distil", "texts.txt", "-o", "corpus", *command, "--no-listen", "-q"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2 of 2 texts spoken by ")
    assert "2 of 5 texts chosen" in out
    assert "1 of 1 questions" in out
    assert "Is it the second?" in (here / "corpus" / "metadata.csv").read_text()
    assert "## Texts that were chosen" in (here / "corpus" / "report.md").read_text()


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no such signals on this system")
@pytest.mark.parametrize("kind", ["command", "json-lines"])
def test_a_signal_ends_it_and_the_engines(kind: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "texts.txt").write_text("".join(f"This is the text with number {n}.\n" for n in range(400)))
    monkeypatch.setenv("STAND_IN_LOG", str(here / "log"))
    engine = COMMAND if kind == "command" else f"{ENGINE} --json-lines"
    words = [
        "distil",
        "texts.txt",
        "-o",
        "corpus",
        "--command",
        engine,
        "--no-listen",
        "-q",
        "--workers",
        "2",
    ]
    process = start(here, *words, *(["--json-lines"] if kind == "json-lines" else []))
    wait(process, lambda: len(list((here / "corpus" / "wavs").glob("t*.wav"))) > 2)
    process.send_signal(signal.SIGTERM)
    error = process.communicate(timeout=60)[1]
    assert error == "error: ended by SIGTERM\nhint: the same command goes on where it stopped\n"
    assert process.returncode == 128 + signal.SIGTERM
    for pid in {int(line.split()[0]) for line in (here / "log").read_text().splitlines()}:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not (here / "corpus" / ".tiedtts").exists()
    assert not (here / "corpus" / "metadata.csv").exists()

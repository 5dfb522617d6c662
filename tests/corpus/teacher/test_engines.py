import json
import os
import shlex
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.corpus.teacher import stand_in
from tiedtts.corpus.teacher import program
from tiedtts.corpus.teacher.command import CommandTeacher
from tiedtts.corpus.teacher.engine import EngineError, FunctionTeacher
from tiedtts.corpus.teacher.json_lines import JsonLinesTeacher
from tiedtts.errors import ConfigError

ENGINE = [sys.executable, "-I", str(Path(stand_in.__file__))]
PRINT = "import sys, json; json.dump(sys.argv[1:], open(sys.argv[-1], 'w'))"


@pytest.mark.parametrize("places", [["{text}", "{output}", "{seed}"], ["{text}", "{output}"], []])
def test_a_command(places: list[str], tmp_path: Path) -> None:
    engine = CommandTeacher([*ENGINE, *places], timeout=60).open()
    engine.say("Hello there.", 5, tmp_path / "out.wav")
    assert (tmp_path / "out.wav").read_bytes() == stand_in.sound("Hello there.", 5)


@pytest.mark.parametrize(
    "text", ['"; rm -rf / #', "$(date) `date` %PATH%", "two  spaces", "a\ttab", "{output} {seed}", "ü€ñ", "'"]
)
def test_a_text_is_one_argument(text: str, tmp_path: Path) -> None:
    output = tmp_path / "said.json"
    command = f"{shlex.quote(sys.executable)} -I -c {shlex.quote(PRINT)} -t {{text}} {{output}}"
    if os.name == "nt":
        pytest.skip("quotation marks are others there")
    CommandTeacher(command, timeout=60).open().say(text, 0, output)
    assert json.loads(output.read_text()) == ["-t", text, str(output)]


def test_a_text_is_no_option() -> None:
    assert program.fill(["say", "{text}"], {"{text}": "--help"}) == ["say", " --help"]
    assert program.fill(["say", "--text={text}"], {"{text}": "-5"}) == ["say", "--text=-5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("It crashes.", "it ended with status 3: no such phoneme"),
        ("It is moody.", "it wrote no sound to the file"),
    ],
)
def test_a_command_that_fails(text: str, message: str, tmp_path: Path) -> None:
    engine = CommandTeacher([*ENGINE, "{text}", "{output}"], timeout=60).open()
    with pytest.raises(EngineError) as caught:
        engine.say(text, 0, tmp_path / "out.wav")
    assert str(caught.value) == message


def is_running(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def test_a_command_that_hangs_is_ended_with_what_it_has_started(tmp_path: Path) -> None:
    inner = f"import time, os; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-I', '-c', {inner!r}])"
    engine = CommandTeacher([sys.executable, "-I", "-c", outer], timeout=3).open()
    with pytest.raises(EngineError, match="it took longer than 3 s"):
        engine.say("Hello.", 0, tmp_path / "out.wav")
    if os.name != "nt" and (tmp_path / "pid").exists():
        pid = int((tmp_path / "pid").read_text())
        # A process that was killed takes a moment to be gone, and is a zombie until somebody asks for it.
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and is_running(pid):
            time.sleep(0.05)
        assert not is_running(pid)


@pytest.mark.parametrize("kind", [CommandTeacher, JsonLinesTeacher])
def test_an_engine_is_stopped_from_another_thread(kind: type, tmp_path: Path) -> None:
    words = [*ENGINE, "--json-lines"] if kind is JsonLinesTeacher else [*ENGINE, "{text}", "{output}"]
    engine = kind(words, timeout=600).open()
    threading.Timer(0.5, engine.stop).start()
    begin = time.monotonic()
    with pytest.raises(EngineError):
        engine.say("It hangs.", 0, tmp_path / "out.wav")
    with pytest.raises(EngineError, match="stopped"):
        engine.say("It hangs.", 0, tmp_path / "out.wav")
    engine.close()
    assert time.monotonic() - begin < 60


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "the command is empty"),
        ("say 'hello", "the command cannot be read: no closing quotation"),
        ("no-such-engine -t {text}", "there is no program `no-such-engine`"),
    ],
)
def test_a_command_that_cannot_be_run(command: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        CommandTeacher(command, timeout=1)
    assert str(caught.value) == message
    assert caught.value.hint


def test_the_record_of_a_command_has_no_folders() -> None:
    words = [
        "/opt/piper/piper",
        "-m",
        "/home/me/a b.onnx",
        "--config=/etc/x.json",
        "~/v",
        "-t",
        "{text}",
        "a/b",
    ]
    assert program.without_folders(words) == "piper -m 'a b.onnx' --config=x.json v -t '{text}' a/b"


def test_one_process_says_many_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN_LOG", str(tmp_path / "log"))
    engine = JsonLinesTeacher([*ENGINE, "--json-lines"], timeout=60).open()
    for number in range(3):
        engine.say(f"Text {number}.", number, tmp_path / f"{number}.wav")
        assert (tmp_path / f"{number}.wav").read_bytes() == stand_in.sound(f"Text {number}.", number)
    with pytest.raises(EngineError, match="I will not say that"):
        engine.say("It is refused.", 0, tmp_path / "no.wav")
    engine.say("It goes on.", 0, tmp_path / "on.wav")
    engine.close()
    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_a_process_that_died_or_hung_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiedtts.corpus.teacher.json_lines.LOADING", 10)
    engine = JsonLinesTeacher([*ENGINE, "--json-lines"], timeout=0.5).open()
    with pytest.raises(EngineError, match=r"it ended with status 3 before it answered: no such phoneme"):
        engine.say("It crashes.", 0, tmp_path / "out.wav")
    engine.say("It goes on.", 0, tmp_path / "out.wav")
    with pytest.raises(EngineError, match=r"it did not answer within 0.5 s$"):
        engine.say("It hangs.", 0, tmp_path / "out.wav")
    engine.say("It goes on.", 0, tmp_path / "out.wav")
    engine.close()


def test_a_process_that_talks_about_other_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiedtts.corpus.teacher.json_lines.LOADING", 4)
    code = "import sys, time; print('usage: say TEXT', flush=True); time.sleep(60)"
    engine = JsonLinesTeacher([sys.executable, "-I", "-c", code], timeout=0.1).open()
    with pytest.raises(EngineError, match="what it wrote is no answer: usage: say TEXT"):
        engine.say("Hello.", 0, tmp_path / "out.wav")
    engine.close()


def test_a_function(tmp_path: Path) -> None:
    seeds = []

    def say(text: str, seed: int) -> tuple[np.ndarray, int]:
        seeds.append(seed)
        return np.full(100, 0.5), 16_000

    FunctionTeacher(say).open().say("Hello.", 7, tmp_path / "out.wav")
    samples, rate = soundfile.read(tmp_path / "out.wav")
    assert (len(samples), rate, seeds) == (100, 16_000, [7])
    assert np.allclose(samples, 0.5, atol=1e-4)


@pytest.mark.parametrize(
    "say", [lambda text: 1 / 0, lambda text: None, lambda text: (np.zeros((2, 2)), 8_000), lambda: None]
)
def test_a_function_that_fails(say: object, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"Error: "):
        FunctionTeacher(say).open().say("Hello.", 0, tmp_path / "out.wav")  # type: ignore[arg-type]

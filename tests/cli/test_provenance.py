"""Who has said a corpus is told by all that is made of it: data folder, checkpoints, voice, model card."""

import json
import shutil
from pathlib import Path

import onnx
import pytest

from tests.cli.test_private import RECIPE
from tests.corpus import corpora
from tiedtts.checkpoints import checkpoint
from tiedtts.corpus import manifest
from tiedtts.speech.metadata import METADATA_KEY
from tiedtts_cli.main import main


@pytest.mark.skipif(shutil.which("cp") is None, reason="there is no `cp`")
def test_from_the_teacher_to_the_model_card(here: Path) -> None:
    corpora.write(here / "sound.wav", corpora.voice(0))
    (here / "texts.txt").write_text("".join(f"{text} {text}\n" for text in corpora.TEXTS))
    (here / "small.toml").write_text(RECIPE.replace("illustrate_every = 2", "illustrate_every = 99"))
    engine = [
        "--command",
        "cp sound.wav {output}",
        "--teacher",
        "copier 2",
        "--licence",
        "MIT",
        "--source",
        "here",
    ]
    for command in (
        ["distil", "texts.txt", "-o", "corpus", *engine, "--no-listen"],
        ["prepare", "corpus", "-o", "data", "--workers", "1"],
        ["train", "data", "-o", "run", "--recipe", "small.toml", "--threads", "1", "--part", "acoustic"],
        ["train", "data", "-o", "run", "--recipe", "small.toml", "--threads", "1", "--part", "vocoder"],
        ["export", "run/voice.safetensors", "-o", "voice.onnx", "--card", "voice.md"],
    ):
        assert main([*command, "-q"]) == 0, command
    origin = json.loads((here / "corpus" / "teacher.json").read_text())
    told = manifest.read_provenance(here / "data")
    assert told["licence"] == "MIT"
    teacher = told["teacher"]
    assert (teacher["name"], teacher["source"], teacher["clips"]) == ("copier 2", "here", 4)
    assert teacher["settings"]["command"] == "cp sound.wav '{output}'"
    for key in ("date", "version", "texts", "texts_sha256", "seconds", "licence"):
        assert teacher[key] == origin[key]
    parts = checkpoint.load(here / "run" / "voice.safetensors").provenance
    assert {part: of["teacher"] for part, of in parts.items()} == {"acoustic": teacher, "vocoder": teacher}
    properties = {entry.key: entry.value for entry in onnx.load(here / "voice.onnx").metadata_props}
    inside = json.loads(properties[METADATA_KEY])["provenance"]
    assert {part: of["teacher"] for part, of in inside.items()} == {"acoustic": teacher, "vocoder": teacher}
    card = (here / "voice.md").read_text()
    assert "| Teacher | copier 2 |" in card
    assert "| Licence of what it has learnt from | MIT |" in card
    assert main(["synth", "Hello.", "--voice", "voice.onnx", "-o", "hello.wav", "-q"]) == 0


def test_recordings_of_a_person_have_no_teacher(here: Path) -> None:
    corpora.ljspeech(here / "corpus", 8)
    assert main(["prepare", "corpus", "-o", "data", "--workers", "1", "-q"]) == 0
    assert "teacher" not in manifest.read_provenance(here / "data")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "teacher.json is damaged: it is not JSON"),
        (
            '{"teacher": 3, "run": "x", "finished": true}',
            "teacher.json is damaged: it, `teacher` must be a text",
        ),
        ('{"teacher": "x", "run": "x", "finished": true, "format": 9}', "teacher.json is of a newer version"),
        ('{"teacher": "x", "run": "x"}', "corpus is not finished"),
    ],
)
def test_a_record_that_cannot_be_read(
    text: str, message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpora.ljspeech(here / "corpus", 4)
    (here / "corpus" / "teacher.json").write_text(text)
    assert main(["prepare", "corpus", "-o", "data"]) == 1
    assert message in capsys.readouterr().err
    assert not (here / "data").exists()

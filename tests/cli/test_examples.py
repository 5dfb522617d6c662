"""The files that the docs show are spoken by the real command line."""

import io
import json
from pathlib import Path

import pyloudnorm
import pytest
import soundfile

from tiedtts_cli.main import main

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def sentences(path: Path) -> list[tuple[str, str]]:
    found = json.loads(path.read_text("utf-8"))["sentences"]
    return [(sentence.get("speaker", ""), sentence["text"]) for sentence in found]


def test_a_play(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cast = ["--cast", "ALICE=nora", "--cast", "BOB=felix", "--cast", "quotes=nora"]
    out = tmp_path / "play.wav"
    assert (
        main(["synth", "-i", str(EXAMPLES / "play.txt"), *cast, "-o", str(out), "--timestamps", "json"]) == 0
    )
    assert "warning" not in capsys.readouterr().err
    assert sentences(tmp_path / "play.json") == [
        *(("", "A kitchen, early in the morning."), ("", "It rains."), ("ALICE", "Did you hear that?")),
        *(("BOB", "Hear what?"), ("BOB", "It is five o'clock."), ("BOB", "Go back to sleep.")),
        *(("ALICE", "Somebody is at the door."), ("", "She stands up, says")),
        *(("quotes", '"I am coming!"'), ("", "and goes down the stairs.")),
    ]


def test_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "marks.wav"
    assert (
        main(["synth", "-i", str(EXAMPLES / "marks.txt"), "--marks", "-o", str(out), "--timestamps", "json"])
        == 0
    )
    assert "warning" not in capsys.readouterr().err
    assert [speaker for speaker, _ in sentences(tmp_path / "marks.json")] == ["", "", "", "", "", "felix", ""]
    found = json.loads((tmp_path / "marks.json").read_text("utf-8"))["sentences"]
    assert found[1]["start"] - found[0]["end"] > 2.0
    assert main(["explain", "-i", str(EXAMPLES / "marks.txt"), "--marks", "--json"]) == 0
    parts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [part["pause"] for part in parts if "pause" in part] == [2.0, 2.0, 1.5]


def test_a_lexicon(capsys: pytest.CaptureFixture[str]) -> None:
    words = EXAMPLES / "words.txt"
    assert main(["explain", "-i", str(EXAMPLES / "lunch.txt"), "--lexicon", str(words), "--json"]) == 0
    parts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    own = {
        part["written"]
        for part in parts
        for word in part["words"]
        if word["source"] == f"user lexicon {words}"
    }
    assert own == {"gyros", "New York City", "Reading,", "v3.14", "kubectl."}


def test_british_readings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "-i", str(EXAMPLES / "invoice.txt"), "--english", "gb", "--json"]) == 0
    parts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    said = " ".join(word["spoken"] for part in parts for word in part["words"])
    assert said == (
        "Invoice of the third of April twenty twenty four due on the seventeenth of April "
        "nought point five kilograms of tea at three pounds fifty pence and seventy five pence postage and packing "
        "The code is Z oh seven Telephone oh two oh seven nine four six double oh one eight"
    )


def test_a_batch_with_casts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"id": "a", "text": "ALICE: One.\nTwo.", "cast": {"ALICE": "nora"}},
        {"id": "b", "text": "One [pause 1s] two.", "marks": True},
        {"id": "c", "text": "ALICE: One.", "cast": {"ALICE": "nobody"}},
        {"id": "d", "text": "ALICE: One.", "cast": 3},
        {"id": "e", "text": "ALICE: One."},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    out = tmp_path / "out"
    command = [
        "synth",
        "-i",
        str(tmp_path / "in.jsonl"),
        "-d",
        str(out),
        "--timestamps",
        "json",
        "--workers",
        "2",
    ]
    assert main(command) == 1
    err = capsys.readouterr().err
    assert "no such voice: nobody" in err
    assert "`cast` must be voices by name, got: 3" in err
    assert sentences(out / "a.json") == [("ALICE", "One."), ("ALICE", "Two.")]
    assert sentences(out / "b.json") == [("", "One two.")]
    assert sentences(out / "e.json") == [("", "ALICE: One.")]
    assert sorted(path.name for path in out.glob("*.wav")) == ["a.wav", "b.wav", "e.wav"]


def test_what_is_no_cast(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for cast, message in (
        ("ALICE", "`--cast` takes NAME=VOICE, got: ALICE"),
        ("ALICE=nobody", "no such voice: nobody"),
        ("ALICE=", "lacks a name or a voice"),
    ):
        assert main(["synth", "ALICE: Hi.", "--cast", cast, "-o", str(tmp_path / "x.wav")]) in (1, 2)
        assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", ["-o", "-d", "stdout"])
def test_loudness(target: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    text = "The kettle is on. Who would like a cup of tea?"
    where = {"-o": ["-o", str(tmp_path / "a.wav")], "-d": ["-d", str(tmp_path), "--name-by", "index"], "stdout": ["-o", "-"]}  # fmt: skip
    assert main(["synth", text, *where[target], "--normalize", "-16", "-q"]) == 0
    out = capfdbinary.readouterr().out
    sound = io.BytesIO(out) if target == "stdout" else next(tmp_path.glob("*.wav"))
    samples, rate = soundfile.read(sound)
    assert pyloudnorm.Meter(rate).integrated_loudness(samples) == pytest.approx(-16.0, abs=0.1)
    assert main(["synth", text, *where[target], "--normalize", "5", "-q"]) == 1
    assert b"a loudness is -50 to -12 LUFS, got: 5.0" in capfdbinary.readouterr().err

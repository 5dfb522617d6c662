import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tiedtts.text import explanation
from tiedtts.text.frontend import FrontEnd
from tiedtts_cli import explain
from tiedtts_cli.main import app, main


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["explain", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_lines() -> None:
    assert run("Dr. {B IY1} 2, 🙂") == (
        "written\tspoken\tphones\tsource\n"
        "Dr.\tDoctor\tD AA1 K T ER0\tlexicon\n"
        "{B IY1}\t{B IY1}\tB IY1\ttext\n"
        "2,\ttwo\tT UW1\tlexicon\n"
        "(emoji)\t\t\tleft out\n"
    )


def test_json_lines() -> None:
    (line,) = run("--json", "-q", "5kg").splitlines()
    said = json.loads(line)
    assert said["written"] == "5kg"
    assert [word["spoken"] for word in said["words"]] == ["five", "kilograms"]
    assert said["words"][0] == {"spoken": "five", "phones": ["F", "AY1", "V"], "source": "lexicon"}


def test_what_is_left_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, told in (
        (["Привет 5"], "warning: skipped 1 word in Cyrillic script"),
        (["..."], "warning: nothing to say: the text has no words"),
        (["--ssml", "<speak>Hi <audio>5</audio>.</speak>"], "audio"),
    ):
        assert main(["explain", *arguments]) == 0
        err = capsys.readouterr().err
        assert told in err, arguments
        assert main(["explain", "-q", *arguments]) == 0
        assert capsys.readouterr().err == ""
    assert main(["explain", "--ssml", "<speak>Hi.</speak>"]) == 0
    assert capsys.readouterr().err == "", "markup is no text"


def test_there_is_a_text_and_one_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "Hi.", "-i", "text.txt"]) == 2
    assert capsys.readouterr().err.startswith("error: a text and `-i` exclude each other\n")


def test_user_lexicon(tmp_path: Path) -> None:
    lexicon = tmp_path / "own.txt"
    lexicon.write_text("zorbik  Z IY1\n")
    other = tmp_path / "other.txt"
    other.write_text("zorbik  Z AH1\ngrrk  G R\n")
    last = f"Zorbik.\tZorbik\tZ IY1\tuser lexicon {lexicon}"
    assert run("--lexicon", str(lexicon), "Zorbik.").splitlines()[1] == last
    both = run("--lexicon", str(other), "--lexicon", str(lexicon), "Grrk Zorbik.").splitlines()
    assert both[1:] == [f"Grrk\tGrrk\tG R\tuser lexicon {other}", last]


def test_ssml() -> None:
    assert run("--ssml", "<speak>Hi <emphasis>5</emphasis>. <s>Bye</s></speak>").splitlines()[1:] == [
        "Hi\tHi\tHH AY1\tlexicon",
        "5.\tfive\tF AY1 V\tlexicon",
        "Bye\tBye\tB AY1\tlexicon",
    ]


def test_a_file(tmp_path: Path) -> None:
    source = tmp_path / "text.txt"
    source.write_text("Hello.\n")
    assert run("-i", str(source)).splitlines()[1].startswith("Hello.\tHello\tHH")


def test_a_table_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    explain.show(explanation.explain("Hi [b]you[/b] 🙂.", FrontEnd()))
    shown = capsys.readouterr().out
    assert "HH AY1" in shown
    assert "left out" in shown


def test_phrase_breaks_are_told() -> None:
    text = "Her face wore the tenderness which comes from affectionate reminiscence."
    rows = run(text).splitlines()
    assert rows[6:8] == ["\t\t,\tphrase break", "which\twhich\tW IH1 CH\tlexicon"]
    lines = [json.loads(line) for line in run("--json", text).splitlines()]
    assert [line["written"] for line in lines if line["after_break"]] == ["which"]
    marked = text.replace(" which", ' <break time="1s"/> which')
    assert "phrase break" not in run("--ssml", f"<speak>{marked}</speak>")


@pytest.mark.parametrize("word", ["spoken", "text", "inputs"])
def test_names_of_parameters_are_words_like_others(word: str) -> None:
    assert f"{word}=" not in run(word)


@pytest.mark.parametrize("word", ["spoken", "text"])
def test_a_folder_may_have_the_name_of_a_parameter(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines.txt").write_text("a|One.\n")
    assert main(["synth", "-i", "lines.txt", "-d", word, "-q"]) == 0
    assert (tmp_path / word / "a.wav").is_file()

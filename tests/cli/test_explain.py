import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tiedtts_cli import explain
from tiedtts_cli.main import app


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["synth", "--explain", *arguments])
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
    explain.show("Hi [b]you[/b] 🙂.", quiet=True)
    shown = capsys.readouterr().out
    assert "HH AY1" in shown
    assert "left out" in shown

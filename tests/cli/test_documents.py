"""`tiedtts synth` and `explain` with documents: by their suffix, or as it is said."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.outputs import USUAL, Captured
from tiedtts_cli.main import main

MARKDOWN = "# Title\n\nOne [two](http://x).\n"


@pytest.mark.parametrize(
    ("name", "arguments", "markup"),
    [
        ("a.md", [], "markdown"),
        ("a.MARKDOWN", [], "markdown"),
        ("a.htm", [], "html"),
        ("a.xhtml", [], "html"),
        ("a.txt", [], "text"),
        ("a.txt", ["--read-as", "markdown"], "markdown"),
        ("a.md", ["--read-as", "text"], "text"),
        ("a.md", ["--read-as", "file"], "markdown"),
    ],
)
def test_the_suffix_or_the_option_tells(
    name: str, arguments: list[str], markup: str, voice: Any, here: Path
) -> None:
    (here / name).write_text(MARKDOWN)
    assert main(["synth", "-i", name, "-o", "a.wav", "-q", *arguments]) == 0
    assert main(["synth", "-i", name, "-d", "out", "-q", *(arguments or ["--read-as", "file"])]) == 0
    assert [settings["markup"] for _, settings in voice.calls] == [markup] * 2


def test_what_is_kept(voice: Any, here: Path, pipe: Any, capsys: Captured) -> None:
    pipe(MARKDOWN.encode())
    arguments = ["--read-as", "markdown", "--code", "skip", "--keep", "footnotes, citations"]
    assert main(["synth", "-", "-o", "a.wav", "-q", *arguments]) == 0
    chosen = {
        **{"markup": "markdown", "code": "skip", "footnotes": True},
        **{"citations": True, "parentheses": False},
    }
    assert voice.calls == [(MARKDOWN, USUAL | chosen)]
    assert main(["synth", "x", "-o", "a.wav", "--keep", "all", "-q"]) == 0
    assert [voice.calls[1][1][name] for name in chosen] == ["text", "announce", True, True, True]
    assert main(["synth", "x", "-o", "a.wav", "--keep", "tables"]) == 2
    told = capsys.readouterr().err
    assert "error: `--keep` takes footnotes, citations, parentheses, all or none, got: tables" in told
    (here / "x.md").write_text(MARKDOWN)
    assert main(["synth", "--ssml", "-i", "x.md", "-o", "a.wav"]) == 2
    assert "error: a text is SSML or markdown, not both" in capsys.readouterr().err


def test_a_batch_of_documents(voice: Any, here: Path) -> None:
    (here / "in").mkdir()
    for name in ("b.md", "a.html", "c.py"):
        (here / "in" / name).write_text(MARKDOWN)
    assert main(["synth", "-i", "in", "-d", "out", "-q"]) == 0
    assert sorted(path.name for path in (here / "out").glob("*.wav")) == ["a.wav", "b.wav"]
    assert [settings["markup"] for _, settings in voice.calls] == ["html", "markdown"]
    (here / "lines.jsonl").write_text(
        '{"text": "# Hi.", "markup": "markdown"}\n{"text": "x", "markup": "tex"}\n'
    )
    assert main(["synth", "-i", "lines.jsonl", "-d", "more", "-q"]) == 1
    assert voice.calls[-1][1]["markup"] == "markdown"
    (here / "in" / "d.txt").write_text("Text.")
    assert main(["synth", "-i", "in", "-d", "texts", "-q"]) == 0
    assert [path.name for path in (here / "texts").glob("*.wav")] == ["d.wav"], "texts come first"


def test_html_in_the_encoding_that_it_declares(voice: Any, here: Path) -> None:
    page = '<meta charset="iso-8859-2"><p>Łódź'
    (here / "a.html").write_bytes(page.encode("iso-8859-2"))
    assert main(["synth", "-i", "a.html", "-o", "a.wav", "-q"]) == 0
    assert voice.calls[0][0] == page


def test_explain_shows_what_is_read(here: Path, capsys: Captured) -> None:
    (here / "a.md").write_text("# The *Title*\n\n```\nx = 1\n```\nEnd[^1].\n\n[^1]: Note.\n")
    assert main(["explain", "-i", "a.md", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["written"] for line in out.splitlines()] == [
        "The",
        "Title",
        "Code",
        "block.",
        "End.",
    ]
    assert err == "warning: left out 1 footnote\n"
    assert main(["explain", "-i", "a.md", "--code", "read", "--keep", "footnotes", "-q"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()[1:]] == [
        *("The", "Title", "x", "=", "1", "End.", "Footnote:", "Note.")
    ]


def test_parsers_are_imported_for_documents_only(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("# One <b>two</b>.\n\n- three")
    code = (
        "import sys; from tiedtts_cli.main import main; main(sys.argv[1:]);"
        "print(sorted({'markdown_it', 'html.parser', 'zipfile', 'tiedtts.text.structure'} & set(sys.modules)))"
    )
    arguments = ["synth", "-i", str(tmp_path / "a.txt"), "-o", str(tmp_path / "a.wav"), "-q"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"

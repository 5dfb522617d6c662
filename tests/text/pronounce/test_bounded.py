"""Regular expressions of users end, whatever they are, and find what Python's own find."""

import re
import subprocess
import sys
import threading
import time
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.cli.outputs import Captured
from tiedtts.errors import LexiconError, TextError
from tiedtts.serving import refusal
from tiedtts.text.frontend import FrontEnd
from tiedtts.text.pronounce import bounded, user_lexicon
from tiedtts.text.pronounce.bounded import Bounded
from tiedtts_cli.main import main

SLOW = {
    "(a+)+$": "a" * 3_000 + "b",
    "(a|aa)+$": "a" * 100 + "b",
    "(?:x+)(?:x+)(?:x+)(?:x+)y": "x" * 2_000,
}
USUAL = [
    r"v(\d+)\.(\d+)",
    r"\b[A-Z]{2,5}\b",
    r"(?<=\d)kg|(?<!\w)g\b",
    r"(?P<sign>[+-])?(?P<number>\d+)(?(sign)!|\?)",
    r"[\w.]+@[\w.]+",
    r"colou?r(s)?",
    "é|ß|ſ|K",
    r"x{e}|y{|a{,2}z|{}",
    r"[]a]|[^]b]+?{",
    r"(.)\1",
    r"\{\d{1,3}\}",
]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "SECONDS", 0.1)


@pytest.mark.parametrize("written", SLOW)
@pytest.mark.usefixtures("quick")
def test_what_would_not_end_ends(written: str) -> None:
    begin = time.thread_time()
    with pytest.raises(TimeoutError):
        Bounded(written).sub(lambda match: "", SLOW[written])
    assert time.thread_time() - begin < 2


@pytest.mark.parametrize("written", USUAL)
@pytest.mark.parametrize("ignore_case", [False, True])
def test_what_is_found_is_what_python_finds(written: str, ignore_case: bool) -> None:
    text = "V1.2 v3.14 kg 5kg +7! 8? {12} mail a.b@c.d Colours x{e} y{ zz {}z É é STRASSE ſ aab ]b{ NATO"
    own = re.compile(written, re.IGNORECASE if ignore_case else 0)
    found: list[tuple[int, int, tuple[str | None, ...]]] = []

    def keep(match: "re.Match[str]") -> str:
        if match[0]:
            found.append((match.start(), match.end(), match.groups()))
        return f"<{match[0]}>" if match[0] else ""

    made = Bounded(written, ignore_case=ignore_case).sub(keep, text)
    mine, found = found, []
    assert made == own.sub(keep, text)
    assert mine == found


def test_templates_are_filled_in_as_python_does() -> None:
    for written, template in ((r"(x)|(y)", r"\1-\2-\g<2>"), (r"(?P<n>x)|y", r"\g<n>\n\\")):
        pattern = Bounded(written)
        pattern.check_template(template)
        assert pattern.sub(lambda match: match.expand(template), "xay") == re.sub(written, template, "xay")  # noqa: B023


@pytest.mark.parametrize(
    "written",
    [
        "(?:(?:(?:a?){1000}){1000}){1000}",
        "(?:(?:a){1000}){1000}",
        "((ab){,200}c){2,200}",
        "(?:a{99999999999}){2}",
        "a" * 2_001,
    ],
)
def test_what_would_fill_the_memory_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"more than|too large"):
        Bounded(written)


def test_parts_are_counted() -> None:
    assert bounded._parts(r"[A-Z]{2,100} \d{1,100}[)}]\{9\}") == 100 + 1 + 100 + 1 + 3
    assert bounded._parts("(ab){3}|c{,4}d{2,}") == 9 + 1 + 4 + 2


@pytest.mark.usefixtures("quick")
def test_the_error_names_the_line(tmp_path: Path, capsys: Captured) -> None:
    lexicon = tmp_path / "lexicon.txt"
    lexicon.write_text("# slow\ngif = jiff\n/(a+)+$/ = x\n")
    read = FrontEnd(lexicon)
    assert read("A gif."), "other texts are read"
    with pytest.raises(LexiconError) as caught:
        read("A gif of " + "a" * 3_000 + "b.")
    assert str(caught.value).startswith(f"{lexicon}:3: `/(a+)+$/` takes too long: more than ")
    assert caught.value.hint == "let nothing be repeated within what is repeated: `(a+)+` is `a+`"
    assert main(["explain", "a" * 3_000 + "b", "--lexicon", str(lexicon)]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {lexicon}:3: ")
    assert len(told.splitlines()) == 2


@pytest.mark.usefixtures("quick")
def test_a_line_that_takes_too_long_for_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(self: Bounded) -> bool:
        raise TimeoutError

    monkeypatch.setattr(Bounded, "finds_nothing", slow)
    (tmp_path / "lexicon.txt").write_text("/(a?b?)*c?/ = x\n")
    with pytest.raises(TextError, match=r"lexicon.txt:1: .* takes too long"):
        user_lexicon.read(tmp_path / "lexicon.txt")


def test_a_client_of_the_server_is_told_no_path() -> None:
    why = refusal.of_error(LexiconError("/etc/lexicon.txt:3: `/(a+)+$/` takes too long"))
    assert why.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "lexicon of the server" in str(why)
    assert "/etc" not in str(why)


def test_other_threads_do_not_end_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the package counts the time of all threads; a search that had little of it begins again."""
    monkeypatch.setattr(bounded, "SECONDS", 0.05)
    calls = []

    def search(seconds: float) -> str:
        calls.append(seconds)
        if len(calls) < 5:
            raise TimeoutError
        return "found"

    assert bounded._in_time(search) == "found"
    assert len(calls) == 5


def test_other_threads_go_on_meanwhile() -> None:
    # Python's own search would let none of them run.
    ticks = []
    done = threading.Event()

    def search() -> None:
        with pytest.raises(TimeoutError):
            Bounded("(a+)+$").sub(lambda match: "", "a" * 3_000 + "b")
        done.set()

    thread = threading.Thread(target=search)
    thread.start()
    while not done.wait(0.01):
        ticks.append(time.monotonic())
    thread.join()
    assert len(ticks) > 5


def test_only_patterns_need_the_package(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("gif = jiff\n")
    code = (
        "import sys; from tiedtts.text.frontend import FrontEnd; FrontEnd('words.txt')('A gif.'); "
        "sys.exit('regex' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0

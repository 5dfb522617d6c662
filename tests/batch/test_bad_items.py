"""One bad line, text or file is rejected, counted and named; the rest of the batch goes on."""

import io
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import FakeVoice
from tiedtts.batch import job as jobs
from tiedtts.batch import lines, manifest, readers, run
from tiedtts.batch.lines import Row
from tiedtts.errors import TiedTTSError
from tiedtts.settings import Settings

SPEC = jobs.BatchSpec(voice="fake")
DEEP = "[" * 400 + "]" * 400


@pytest.fixture
def voice(monkeypatch: pytest.MonkeyPatch) -> FakeVoice:
    fake = FakeVoice()
    monkeypatch.setattr(jobs.BatchSpec, "load", lambda self: fake)
    return fake


def speak(data: bytes, kind: str, folder: Path, **options: Any) -> tuple[run.Summary, list[run.Report]]:
    reports: list[run.Report] = []
    named = lines.named(readers.rows(io.BytesIO(data), kind, "the list"))
    summary = run.run(named, folder, SPEC, Settings(), workers=1, report=reports.append, **options)
    return summary, reports


BAD_JSON = [
    r'{"id": "b\ud800", "text": "Two."}',
    r'{"id": "b", "text": "Two \udfff."}',
    '{"id": "b", "text": "Two.", "speed": 1' + "0" * 400 + "}",
    '{"id": "b", "text": "Two.", "seed": 1' + "0" * 400 + "}",
    '{"id": "b", "text": "Two.", "seed": 1' + "0" * 5_000 + "}",
    '{"id": 1' + "0" * 4_000 + ', "text": "Two."}',
    '{"id": "b", "text": "Two.", "pause": 1e999}',
    '{"id": "b", "text": "Two.", "pitch": NaN}',
    '{"id": "b", "text": "Two.", "volume": -Infinity}',
    '{"id": "b", "text": "Two.", "pitch": ' + DEEP + "}",
    '{"id": "b", "text": ' + DEEP + "}",
    '{"id": "' + "b" * 100_000 + '", "text": "Two."}',
    "[" * 100_000,
    '{"id": "b", "text": "bug"}',
]


@pytest.mark.parametrize("bad", BAD_JSON, ids=range(len(BAD_JSON)))
def test_bad_json_is_rejected_and_the_rest_goes_on(voice: FakeVoice, tmp_path: Path, bad: str) -> None:
    data = f'{{"id": "a", "text": "One."}}\n{bad}\n{{"id": "c", "text": "Three."}}\n'.encode()
    summary, reports = speak(data, "jsonl", tmp_path)
    assert (summary.made, summary.failed) == (2, 1)
    assert reports[1].line.place == "line 2"
    if isinstance(reports[1].error, TiedTTSError):
        assert len(str(reports[1].error)) <= 240
        assert str(reports[1].error).isprintable()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "c.wav", manifest.NAME]


def test_an_unknown_name_that_is_not_unicode_is_ignored(voice: FakeVoice, tmp_path: Path) -> None:
    summary, reports = speak(rb'{"id": "a", "text": "One.", "\ud800": 1}', "jsonl", tmp_path)
    assert summary.made == 1
    assert reports[0].row["warnings"] == ["no such option, ignored: \\ud800"]


def test_long_cells_are_read_and_open_quotes_cost_one_row(voice: FakeVoice, tmp_path: Path) -> None:
    data = b"a," + b"x" * 140_000 + b'\nb,"never closed\nc,"two\nlines"\nd,fine\ne,"never, too\nf,fine\n'
    summary, reports = speak(data, "csv", tmp_path)
    assert [(report.line.id, report.error is None) for report in reports][:1] == [("a", True)]
    assert {report.line.id for report in reports if report.error is None} >= {"a", "d", "f"}
    assert summary.failed >= 1
    assert all("not CSV" in str(report.error) for report in reports if report.error is not None)


def test_an_open_quote_at_the_beginning(voice: FakeVoice, tmp_path: Path) -> None:
    summary, reports = speak(b'a,"One\nb,Two\nc,Three\n', "csv", tmp_path)
    assert [report.line.place for report in reports if report.error is not None] == ["line 1"]
    assert summary.made == 2


def test_any_bytes_are_rows_or_errors_of_rows() -> None:
    chance = random.Random(0)
    parts = [
        b'{"text":',
        b'"',
        b"\\ud800",
        b",",
        b"\n",
        b"\r",
        b"|",
        b"a",
        b"\x00",
        b"\xff",
        b"[" * 3000,
        b"}",
        b"id",
    ]
    for _ in range(300):
        data = b"".join(chance.choices(parts, k=chance.randint(1, 30)))
        for kind in ("lines", "csv", "jsonl"):
            for line in lines.named(readers.rows(io.BytesIO(b"x\n" + data), kind, "the list")):
                line.text.encode() if line.error is None else str(line.error).encode()
                (line.id + str(line.warnings)).encode("utf-8", "backslashreplace")


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes, no links without a right")
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (os.mkfifo, "a named pipe"),
        (lambda path: path.symlink_to("nowhere"), "a link"),
        (lambda path: path.mkdir(), "a folder"),
    ],
)
@pytest.mark.parametrize("skip", [True, False])
def test_what_stands_in_the_place_of_a_sound(
    voice: FakeVoice, tmp_path: Path, make: Callable[[Path], None], kind: str, skip: bool
) -> None:
    make(tmp_path / "b.wav")
    summary, reports = speak(b"a|One.\nb|Two.\nc|Three.\n", "lines", tmp_path, skip_existing=skip)
    assert (summary.made, summary.failed) == (2, 1)
    assert f"b.wav is {kind}, not a plain file" in str(reports[1].error)
    assert not (tmp_path / "nowhere").exists()
    assert [json.loads(line)["id"] for line in (tmp_path / manifest.NAME).read_text().splitlines()] == [
        "a",
        "c",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="no links without a right")
def test_a_link_to_a_sound_is_left_but_not_written_to(voice: FakeVoice, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "b.wav").symlink_to("victim")
    assert speak(b"b|Two.\n", "lines", tmp_path, skip_existing=True)[0].skipped == 1
    assert speak(b"b|Two.\n", "lines", tmp_path)[0].failed == 1
    assert (tmp_path / "victim").read_text() == "precious"


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes, no links without a right")
@pytest.mark.parametrize("name", [manifest.NAME, ".tiedtts/journal.jsonl"])
def test_what_stands_in_the_place_of_the_manifest(voice: FakeVoice, tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    place = tmp_path / "out" / name
    place.parent.mkdir(parents=True)
    for make in (os.mkfifo, lambda path: path.symlink_to(victim)):
        make(place)
        with pytest.raises(TiedTTSError, match="not a plain file"):
            speak(b"a|One.\n", "lines", tmp_path / "out")
        place.unlink()
    assert victim.read_text() == "precious"


def test_the_system_refuses_one_name(
    voice: FakeVoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak(b"b|Before.\n", "lines", tmp_path)
    replace = os.replace

    def refuse(source: Any, target: Any) -> None:
        if str(target).endswith("b.wav"):
            raise PermissionError(13, "Permission denied")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    summary, reports = speak(b"a|One.\nb|Two.\nc|Three.\n", "lines", tmp_path)
    assert (summary.made, summary.failed) == (2, 1)
    assert "b.wav: Permission denied" in str(reports[1].error)
    rows = {
        row["id"]: row["text"] for row in map(json.loads, (tmp_path / manifest.NAME).read_text().splitlines())
    }
    assert rows == {"b": "Before.", "a": "One.", "c": "Three."}


@pytest.mark.parametrize(
    "row",
    ["[" * 100_000, '{"id": "x", "file": 1' + "0" * 5_000 + ', "seconds": 1}', '{"id": 1}', "7", "\ufffd"],
)
def test_a_damaged_manifest_is_left(voice: FakeVoice, tmp_path: Path, row: str) -> None:
    speak(b"a|One.\n", "lines", tmp_path)
    with (tmp_path / manifest.NAME).open("a") as file:
        file.write(f"{row}\n")
    before = (tmp_path / manifest.NAME).read_bytes()
    with pytest.raises(TiedTTSError, match="no manifest of sound files"):
        speak(b"a|One.\n", "lines", tmp_path)
    assert (tmp_path / manifest.NAME).read_bytes() == before


@pytest.mark.parametrize("file", [r"\ud800.wav", r"a\u0000b", "x" * 5_000, "..", ""])
def test_rows_of_others_are_no_internal_error(voice: FakeVoice, tmp_path: Path, file: str) -> None:
    (tmp_path / manifest.NAME).write_text(f'{{"id": "\\ud800", "file": "{file}", "seconds": 1}}\n')
    assert speak(b"a|One.\n", "lines", tmp_path, skip_existing=True)[0].made == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_folder_of_texts_with_other_things(voice: FakeVoice, tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text("One.")
    os.mkfifo(texts / "b.txt")
    (texts / "c.txt").mkdir()
    (texts / "d.txt").symlink_to("nowhere")
    (texts / "e.txt").symlink_to("/dev/zero")
    (texts / ("f" * 246 + ".txt")).write_text("Six.")
    rows = [row for source in readers.sources([texts]) for row in source.rows()]
    summary = run.run(lines.named(rows), tmp_path / "out", SPEC, Settings())
    assert (summary.made, summary.failed) == (2, 4)


@pytest.mark.skipif(sys.platform == "win32", reason="no such devices")
def test_devices_are_no_lists(tmp_path: Path) -> None:
    for name in ("/dev/zero", "/dev/urandom"):
        with pytest.raises(TiedTTSError, match="it is a device"):
            readers.sources([Path(name)])
    assert list(readers.sources([Path(os.devnull)])[0].rows()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_a_list_from_a_pipe_is_read_once() -> None:
    end, begin = os.pipe()
    os.write(begin, b"a|One.\nb|Two.\n")
    os.close(begin)
    source = readers.sources([Path(f"/dev/fd/{end}")])[0]
    assert source.count() is None
    assert [row.id for row in source.rows()] == ["a", "b"]
    os.close(end)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A", "a"),
        ("\u00df", "SS"),
        ("e\u0301", "\u00c9"),
        ("\u017f", "s"),
        ("\u212a", "k"),
        ("\u03c3", "\u03c2"),
    ],
)
def test_names_that_are_one_on_some_system(voice: FakeVoice, tmp_path: Path, one: str, other: str) -> None:
    summary, reports = speak(f"{one}|One.\n{other}|Two.\n".encode(), "lines", tmp_path)
    assert (summary.made, summary.failed) == (1, 1)
    assert "of line 1" in str(reports[1].error)
    # Of an earlier run, too.
    summary, reports = speak(f"{other}|Two.\n".encode(), "lines", tmp_path)
    if lines.same(one) != one or lines.same(other) != other:
        assert summary.made + summary.failed == 1
    assert len([path for path in tmp_path.iterdir() if path.suffix == ".wav"]) == 1


@pytest.mark.parametrize("name", ["COM\u00b9", "com\u00b2.x", "NUL .x", "nul", "Lpt\u00b3", "con  ", "CONIN"])
def test_names_of_devices(name: str) -> None:
    line = next(lines.named([Row(1, "Hi.", name)]))
    assert line.id.startswith("_")


def test_words_of_all_scripts_are_names() -> None:
    hindi = "\u0939\u093f\u0928\u094d\u0926\u0940"
    assert next(lines.named([Row(1, "Hi.", hindi)])).id == hindi


def test_half_of_a_sound_is_made_again(voice: FakeVoice, tmp_path: Path) -> None:
    data = b"a|One.\nb|Two.\nc|Three.\nd|Four.\n"
    speak(data, "lines", tmp_path)
    whole = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "a.wav").write_bytes(b"")
    (tmp_path / "b.wav").write_bytes(whole["b.wav"][:-100])
    (tmp_path / "c.wav").write_bytes(b"mine")
    summary, _ = speak(data, "lines", tmp_path, skip_existing=True)
    assert (summary.made, summary.skipped) == (2, 2)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == whole | {"c.wav": b"mine"}


def test_many_equal_texts_find_their_numbers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    same = lines.same

    def counted(name: str) -> str:
        nonlocal asked
        asked += 1
        return same(name)

    monkeypatch.setattr(lines, "same", counted)
    named = [line.id for line in lines.named((Row(k, "Hello") for k in range(2_000)), by="text")]
    assert named[-1] == "hello-2000"
    assert asked < 5 * 2_000

"""Lists of all kinds become the same utterances."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiedtts.batch import lines, readers
from tiedtts.batch.lines import Row
from tiedtts.errors import TextError


def read(data: bytes, kind: str, *, tabs: bool = False) -> list[Row]:
    return list(readers.rows(io.BytesIO(data), kind, "list", tabs=tabs))


def said(rows: list[Row]) -> list[tuple[int, str | None, str]]:
    return [(row.number, row.id, row.text) for row in rows]


def errors(rows: list[Row]) -> list[str | None]:
    return [None if row.error is None else str(row.error) for row in rows]


def test_plain_lines_with_any_ends() -> None:
    rows = read("\ufeffOne\r\n\r\nhall|Zwei Tür\rthree\n".encode(), "lines")
    assert said(rows) == [(1, None, "One"), (3, "hall", "Zwei Tür"), (4, None, "three")]


def test_a_line_that_is_not_utf8_is_alone_in_that() -> None:
    rows = read(b"one\nn\xe9\nthree\n", "lines")
    assert errors(rows) == [None, "not UTF-8: byte 0xe9", None]
    assert rows[2].text == "three"


def test_utf16_is_refused_at_once() -> None:
    with pytest.raises(TextError, match=r"^list is UTF-16, not UTF-8$"):
        read("one\ntwo".encode("utf-16"), "lines")


def test_rows_come_as_soon_as_their_line() -> None:
    taken = []

    class Pipe(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:
            taken.append(len(taken))
            line = b"line %d\n" % taken[-1]
            buffer[: len(line)] = line
            return len(line)

    rows: Iterator[Row] = readers.rows(io.BufferedReader(Pipe()), "lines", "pipe")
    assert next(rows).text == "line 0"
    assert len(taken) == 1


def test_stdin_stays_open() -> None:
    stream = io.BytesIO(b"one\n")
    assert len(list(readers.rows(stream, "lines", "stdin"))) == 1
    assert not stream.closed


def test_json_lines() -> None:
    rows = read(
        b'{"id": "a", "text": " One ", "speed": 1.5, "seed": 3, "pitch": null}\n'
        b'"Two"\n{"id": 7, "text": "Three", "mood": "good", "sped": 2}\n',
        "jsonl",
    )
    assert said(rows) == [(1, "a", "One"), (2, None, "Two"), (3, "7", "Three")]
    assert rows[0].options == {"speed": 1.5, "seed": 3}
    assert rows[2].warnings == ("no such option, ignored: mood, sped",)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "not JSON: Expecting property name"),
        (b"[" * 100_000, "not JSON: "),
        (b"[1]", "neither a JSON object nor a string"),
        (b'{"id": "x"}', "there is no `text`"),
        (b'{"text": 5}', "`text` is not a string"),
        (b'{"text": "x", "id": 1.5}', "`id` is neither a string nor a whole number"),
        (b'{"text": "x", "id": true}', "`id` is neither a string nor a whole number"),
    ],
)
def test_bad_json_is_an_error_of_its_line(line: bytes, message: str) -> None:
    bad, good = read(line + b'\n{"text": "fine"}\n', "jsonl")
    assert str(bad.error).startswith(message)
    assert bad.number == 1
    assert (good.text, good.error) == ("fine", None)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_with_a_header_in_any_order(delimiter: str) -> None:
    data = "speed,Text,ID\n1.5,Hello there.,a\n,Again.,\n".replace(",", delimiter).encode()
    rows = read(data, "csv")
    assert said(rows) == [(2, "a", "Hello there."), (3, None, "Again.")]
    assert rows[0].options == {"speed": "1.5"}
    assert rows[1].options == {}


def test_a_table_without_a_header() -> None:
    assert said(read(b'a,"Hello, there."\n\nb,"Two\nlines"\nc,End\n', "csv")) == [
        (1, "a", "Hello, there."),
        (3, "b", "Two\nlines"),
        (5, "c", "End"),
    ]
    assert said(read(b"Hello\nthere\n", "csv")) == [(1, None, "Hello"), (2, None, "there")]
    assert said(read(b"a\tHello, there.\n", "csv", tabs=True)) == [(1, "a", "Hello, there.")]


def test_a_table_of_a_speech_corpus() -> None:
    rows = read(b'LJ001-0001|He said "Go|in 1912\nx|y\n', "csv")
    assert said(rows) == [(1, "LJ001-0001", 'He said "Go'), (2, "x", "y")]


def test_bad_rows_of_a_table_are_errors_of_their_own() -> None:
    rows = read(b"a,Hello, there.\nb,fine\nc\xe9,x\nd,fine\n", "csv")
    assert errors(rows) == ["3 columns, but no header that names them", None, "not UTF-8: byte 0xe9", None]
    assert errors(read(b"id,text\na,b,c\n", "csv")) == ["3 columns, but 2 in the header"]
    assert errors(read(b"id,text\na,\nb,x\n", "csv")) == ["there is no `text`", None]


def test_an_empty_table() -> None:
    assert read(b"", "csv") == []
    assert read(b"id,text\n", "csv") == []


def test_files_are_read_by_their_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.CSV").write_text("x,One\n")
    (tmp_path / "b.jsonl").write_text('"Two"\n')
    (tmp_path / "c.tsv").write_text("y\tThree\n")
    (tmp_path / "d.txt").write_text("Four\nFive\n")
    found = readers.sources([tmp_path / name for name in ("a.CSV", "b.jsonl", "c.tsv", "d.txt")])
    assert [source.kind for source in found] == ["csv", "jsonl", "csv", "lines"]
    named = list(lines.named(row for source in found for row in source.rows()))
    assert [(line.id, line.text) for line in named] == [
        ("x", "One"),
        ("b-0001", "Two"),
        ("y", "Three"),
        ("d-0001", "Four"),
        ("d-0002", "Five"),
    ]
    assert named[3].place == "d.txt, line 1"


def test_a_folder_is_its_texts(tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_text("Second.\n\nMore.")
    (tmp_path / "one.txt").write_text("First.")
    (tmp_path / "bad.txt").write_bytes(b"\x81\xe9")
    (tmp_path / "notes.md").write_text("not said")
    found = readers.sources([tmp_path])
    named = list(lines.named(row for source in found for row in source.rows()))
    assert [(line.place, line.id, line.text) for line in named] == [
        ("bad.txt", "bad", ""),
        ("one.txt", "one", "First."),
        ("two.txt", "two", "Second.\n\nMore."),
    ]
    assert "is not UTF-8: byte 0x81 in line 1" in str(named[0].error)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(TextError, match=r"^no \.txt files in "):
        readers.sources([tmp_path])
    with pytest.raises(TextError, match="no such file or directory"):
        readers.sources([tmp_path / "none.txt"])


def test_rows_are_counted_without_reading_them(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1\n2\n\n4")
    assert readers.sources([tmp_path / "a.txt"])[0].count() == 4
    assert readers.sources([tmp_path / "a.txt"], "file")[0].count() == 1


def test_a_line_names_its_voice() -> None:
    rows = read(b'{"text": "One", "voice": " nora "}\n{"text": "Two", "voice": null}\n"Three"\n', "jsonl")
    assert [(row.text, row.voice, row.error) for row in rows] == [
        ("One", "nora", None),
        ("Two", "", None),
        ("Three", "", None),
    ]
    for table, tabs in (
        (b"id,voice,text\na,nora,One\nb,,Two\n", False),
        (b"text\tVoice\nOne\tnora\nTwo\t\n", True),
    ):
        rows = read(table, "csv", tabs=tabs)
        assert [(row.text, row.voice, row.error, row.warnings) for row in rows] == [
            ("One", "nora", None, ()),
            ("Two", "", None, ()),
        ]


@pytest.mark.parametrize("voice", [b"5", b'""', b'" "', b'["nora"]', b"true", b'{"name": "nora"}'])
def test_what_is_no_voice(voice: bytes) -> None:
    (row,) = read(b'{"text": "One", "voice": ' + voice + b"}\n", "jsonl")
    assert str(row.error).startswith("`voice` must be a name or a file, got: ")
    assert row.number == 1

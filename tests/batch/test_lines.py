import io
from collections.abc import Iterator

import pytest

from tiedtts.batch import lines, readers
from tiedtts.batch.lines import Line
from tiedtts.errors import TextError


def parse(text: str, by: str = "id") -> Iterator[Line]:
    rows = readers.rows(io.BytesIO(text.encode()), "lines", "the text")
    return lines.named(rows, by=by, digits=lines.digits(1 + text.count("\n")))


def test_lines_are_named_by_number_or_id() -> None:
    parsed = list(parse("Hello there.\n\nhall | It is late.\n  Last one  "))
    assert [(line.place, line.id, line.text) for line in parsed] == [
        ("line 1", "0001", "Hello there."),
        ("line 3", "hall", "It is late."),
        ("line 4", "0004", "Last one"),
    ]
    assert all(line.error is None and not line.warnings for line in parsed)


def test_numbers_get_wider_in_long_lists() -> None:
    parsed = list(parse("a\n" * 10_000))
    assert (parsed[0].id, parsed[-1].id) == ("00001", "10000")


def test_only_the_first_bar_ends_the_id() -> None:
    assert next(parse("x|this | that")).text == "this | that"


@pytest.mark.parametrize(
    ("own", "name"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/abs", "_abs"),
        ("..\\win", "_win"),
        ("a/b", "a_b"),
        (".hidden", "hidden"),
        ("C:x", "C_x"),
        ("a\x00b", "a_b"),
    ],
)
def test_ids_stay_in_their_folder(own: str, name: str) -> None:
    line = next(parse(f"{own}|text"))
    assert line.error is None
    assert line.id == name
    assert line.warnings == (f"the id `{own}` is written as `{name}`",)


@pytest.mark.parametrize("own", ["", "..", ".", "//", "  ", "x" * 201])
def test_what_is_no_id_is_an_error_of_its_line(own: str) -> None:
    first, second = parse(f"{own}|text\nfine|text")
    assert isinstance(first.error, TextError)
    assert second.error is None


@pytest.mark.parametrize(
    ("own", "name"), [("con", "_con"), ("NUL.x", "_NUL.x"), ("com7", "_com7"), ("cone", "cone")]
)
def test_names_of_devices_are_no_files_on_windows(own: str, name: str) -> None:
    assert next(parse(f"{own}|text")).id == name


def test_names_by_index_and_by_text() -> None:
    text = "a|Hello, Bob!\nDon't go\nhello bob\nÜber all\n...\n" + "long " * 40
    assert [line.id for line in parse(text, "index")] == ["0001", "0002", "0003", "0004", "0005", "0006"]
    names = [line.id for line in parse(text, "text")]
    assert names == ["hello-bob", "dont-go", "hello-bob-2", "uber-all", "line", "-".join(["long"] * 12)]


def test_an_id_is_given_once() -> None:
    parsed = list(parse("a/b|one\nfree|two\na_b|three\n0004|four\nfive"))
    assert str(parsed[2].error) == "the id `a_b` is already that of line 1"
    assert [line.error is None for line in parsed] == [True, True, False, True, True]
    assert str(list(parse("0002|one\ntwo"))[1].error) == "the id `0002` is already that of line 1"


def test_decoding_takes_utf8_with_and_without_mark_and_any_line_end() -> None:
    assert readers.decode("\ufeffné\r\ntwo\rthree".encode(), "f") == "né\ntwo\nthree"
    with pytest.raises(TextError, match=r"^f is not UTF-8: byte 0xe9 in line 2$"):
        readers.decode(b"one\nn\xe9", "f")
    with pytest.raises(TextError, match="byte 0xff in line 1"):
        readers.decode("hello".encode("utf-16"), "f")

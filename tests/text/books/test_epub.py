"""Books are read by their table of contents, and refused with one clear error where they cannot be."""

import io
import zipfile
from pathlib import Path

import pytest

from tests.epubs import CONTAINER, NCX, OPF, PAGE, PNG, epub
from tiedtts.errors import TextError
from tiedtts.text.books import archive
from tiedtts.text.books.epub import Book


def opened(tmp_path: Path, changes: dict[str, bytes | None] | None = None) -> Book:
    path = tmp_path / "book.epub"
    path.write_bytes(epub(changes))
    return Book(path)


def chapters(book: Book, *, titles: bool = True) -> list[tuple[str, str]]:
    return [(chapter.title, chapter.plain) for chapter in book.chapters(titles=titles)]


def test_chapters_titles_and_what_the_book_says(tmp_path: Path) -> None:
    book = opened(tmp_path)
    assert chapters(book) == [
        ("The Kettle & I", "The Kettle & I\n\nFor my cat."),
        ("The Fire", "The Fire\n\nIt burns.\n\nA section\n\nMore."),
        ("Water", "Water\n\nII\n\nIt is wet."),
        ("Steam", "Steam\n\nIt rises."),
    ]
    assert [plain for _, plain in chapters(book, titles=False)][2:] == ["II\n\nIt is wet.", "It rises."]
    assert book.tags == {"album": "The Kettle & I", "artist": "Ada Smith", "date": "1903-05-01"}
    assert book.cover() == (PNG, "image/png")
    shares = [chapter.share for chapter in book.chapters()]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_the_older_table_of_contents(tmp_path: Path) -> None:
    book = opened(tmp_path, {"OEBPS/book.opf": OPF.replace('properties="nav"', "").encode()})
    assert [title for title, _ in chapters(book)] == ["The Kettle & I", "Fire", "Steam"]


@pytest.mark.parametrize("table", [b"<html><nav>", b"", NCX[:200].encode(), None])
def test_without_a_table_each_page_is_a_chapter(table: bytes | None, tmp_path: Path) -> None:
    book = opened(tmp_path, {"OEBPS/nav.xhtml": table, "OEBPS/toc.ncx": table})
    assert [title for title, _ in chapters(book)] == ["The Kettle & I", "The Fire", "Chapter 3"]


def test_places_that_are_not_there_lose_nothing(tmp_path: Path) -> None:
    page = PAGE.format("<p>One.</p><p>Two.</p>").encode()
    book = opened(tmp_path, {"OEBPS/text/b.xhtml": page})
    assert "".join(plain for _, plain in chapters(book, titles=False)).count("One.\n\nTwo.") == 1


def test_encodings(tmp_path: Path) -> None:
    page = PAGE.replace("utf-8", "iso-8859-2").format("<p>Łódź</p>").encode("iso-8859-2")
    found = chapters(
        opened(tmp_path, {"OEBPS/text/b.xhtml": page, "OEBPS/text/c.xhtml": b"\xff\xfe<\0p\0>\0a\0"})
    )
    assert [plain.split("\n")[-1] for _, plain in found] == ["For my cat.", "Łódź", "a"]


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1 or str()};" * 10}">' for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"META-INF/container.xml": None}, "has no file META-INF/container.xml"),
        ({"META-INF/container.xml": b"<a/>"}, "does not say where its contents are"),
        ({"META-INF/container.xml": CONTAINER.replace("OEBPS/", "../../").encode()}, "has no file book.opf"),
        ({"OEBPS/book.opf": OPF[:300].encode()}, "the package of .* is not well-formed"),
        ({"OEBPS/book.opf": (BOMB + "]><a>&a8;</a>").encode()}, "declares entities of its own"),
        ({"OEBPS/book.opf": b"<a>" * 300}, "too many elements, or nested too deeply"),
        ({"OEBPS/book.opf": OPF.replace("itemref", "item").encode()}, "has no pages to read"),
        ({f"OEBPS/text/{name}.xhtml": b"<p/>" for name in ("a page", "b", "c")}, "has nothing to read"),
    ],
)
def test_one_clear_error(changes: dict[str, bytes | None], message: str, tmp_path: Path) -> None:
    with pytest.raises(TextError, match=message):
        list(opened(tmp_path, changes).chapters())


def test_archives_that_are_none_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.epub").write_bytes(b"no archive")
    with pytest.raises(TextError, match="is no book in EPUB, which is a zip archive"):
        Book(tmp_path / "a.epub")
    with pytest.raises(TextError, match=r"cannot read .*: no such file"):
        Book(tmp_path / "b.epub")
    damaged = bytearray(epub())
    damaged[damaged.index(b"OEBPS/text/b.xhtml") + 40] ^= 255
    (tmp_path / "c.epub").write_bytes(damaged)
    with pytest.raises(TextError, match=r"cannot unpack OEBPS/text/b.xhtml of "):
        list(Book(tmp_path / "c.epub").chapters())
    monkeypatch.setattr(archive, "LARGEST_FILE", 1_000)
    with pytest.raises(TextError, match="has more than 1,000 bytes unpacked"):
        opened(tmp_path, {"OEBPS/book.opf": bytes(100_000)})


def test_names_that_lead_elsewhere_lead_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xhtml"
    secret.write_text("<p>secret</p>")
    for name in ("../../secret.xhtml", str(secret), f"file://{secret}", "..%2F..%2Fsecret.xhtml"):
        book = opened(tmp_path, {"OEBPS/book.opf": OPF.replace("text/c.xhtml", name).encode()})
        assert "secret" not in str(chapters(book))
    buffer = io.BytesIO(epub())
    with zipfile.ZipFile(buffer, "a") as whole:
        whole.writestr("../../../evil.txt", b"x")
    (tmp_path / "book.epub").write_bytes(buffer.getvalue())
    assert len(chapters(Book(tmp_path / "book.epub"))) == 4
    assert not list(tmp_path.parent.glob("**/evil.txt"))

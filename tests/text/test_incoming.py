"""Text from a pipe is said when it is there."""

import io
import os
import threading
import time

import pytest

from tiedtts.errors import TextError
from tiedtts.text import incoming


def pieces(data: bytes) -> list[str]:
    return list(incoming.pieces(io.BytesIO(data)))


def test_paragraphs_of_what_is_there() -> None:
    found = pieces(b"\xef\xbb\xbfOne two\r\nthree.\n\n\nFour.\nfive")
    assert found == ["One two\nthree.\n\n", "\n", "Four.\nfive\n"]
    assert pieces(b"") == []
    assert pieces(b"\n \n") == ["\n", " \n"]


def test_the_pieces_put_together_are_the_text() -> None:
    text = "\n\n  One.\ntwo\n \n\n\tThree.\n" * 100
    assert "".join(pieces(text.encode())) == text


def test_long_paragraphs_end_with_a_sentence() -> None:
    found = pieces(b"A line that is a sentence.\nA line that\nis none, by Dr.\nWho.\n" * 60)
    assert len(found) > 2
    assert all(piece.endswith(".\n") and not piece.endswith("Dr.\n") for piece in found)
    assert all(len(piece) < incoming.LARGEST + 100 for piece in found)


def test_other_encodings_are_told() -> None:
    waiting = incoming.pieces(io.BytesIO(b"one.\n\nn\xe9\n"))
    assert next(waiting) == "one.\n\n"
    with pytest.raises(TextError, match=r"^stdin is not UTF-8: byte 0xe9 in line 3$"):
        next(waiting)


def test_a_line_is_said_before_the_next_is_there() -> None:
    end, begin = os.pipe()
    with os.fdopen(end, "rb") as stream, os.fdopen(begin, "wb", buffering=0) as writer:
        found = incoming.pieces(stream)
        for line in ("With a stop.", "without one"):
            sent = time.monotonic()
            threading.Timer(0.05, writer.write, [f"{line}\n".encode()]).start()
            assert next(found) == f"{line}\n"
            assert time.monotonic() - sent < 5, "it waits for no other line"
        writer.close()
        assert list(found) == []


def test_a_line_in_another_encoding_is_left_out_if_it_is_reported() -> None:
    told: list[TextError] = []
    found = incoming.pieces(io.BytesIO(b"one.\nn\xe9\ntwo.\n\nthree"), report=told.append)
    assert list(found) == ["one.\ntwo.\n\n", "three\n"]
    assert [str(error) for error in told] == ["stdin is not UTF-8: byte 0xe9 in line 2"]


@pytest.mark.parametrize(
    ("line", "ends"),
    [("One.", True), ('"One?"', True), ("one", False), ("by Dr.", False), ("xDr.", True), ("a...)", True)],
)
def test_where_a_piece_may_end(line: str, ends: bool) -> None:
    text = "x" * incoming.LARGEST + "\n" + line
    found = list(incoming.pieces(io.BytesIO(f"{text}\nmore".encode())))
    assert (len(found) == 2) == ends


class Trickle(io.RawIOBase):
    """Bytes that come in pieces; counts those that are copied when pieces are put together."""

    def __init__(self, piece: bytes, count: int) -> None:
        self.left, self.piece = count, piece

    def fileno(self) -> int:
        raise OSError

    def read(self, size: int = -1) -> bytes:
        self.left -= 1
        return self.piece if self.left >= 0 else b""


@pytest.mark.parametrize("piece", [b" " * 65_536, b"." * 65_536])
def test_a_line_without_end_is_put_together_once(piece: bytes) -> None:
    # Put together anew at every piece, 64 MB would be 33 GB.
    found = list(incoming.pieces(Trickle(piece, 1_000)))  # type: ignore[arg-type]
    assert sum(map(len, found)) == 65_536_001


class Typed:
    """A pipe that something is written into from time to time, and the pieces that come out of it."""

    def __init__(self) -> None:
        end, begin = os.pipe()
        self.stream, self.writer = os.fdopen(end, "rb"), os.fdopen(begin, "wb", buffering=0)
        self.told: list[str] = []
        self.pieces = incoming.pieces(self.stream, report=lambda error: self.told.append(str(error)))

    def type(self, data: bytes) -> str:
        """Return what comes out of what is written, once it has come."""
        self.writer.write(data)
        # Nothing but time passes in between.
        return next(piece for piece in self.pieces if piece)

    def rest(self) -> str:
        self.writer.close()
        rest = "".join(self.pieces)
        self.stream.close()
        return rest


def test_a_line_goes_on_before_its_end() -> None:
    typed = Typed()
    assert [typed.type(data) for data in (b"\xef\xbb\xbfWell, ", b"this", b" is it.")] == [
        "Well, ",
        "this",
        " is it.",
    ]
    # Its end comes with the next line, since that may go on with the paragraph.
    assert typed.type(b"\r\nNext one") == "\nNext one"
    assert typed.rest() == "\n"
    assert typed.told == []


def test_a_character_and_a_line_end_wait_for_their_other_halves() -> None:
    typed = Typed()
    assert typed.type(b"caf\xc3") == "caf"
    assert typed.type(b"\xa9 and\r") == "\u00e9 and"
    assert typed.type(b"\nmore") == "\nmore"
    assert typed.rest() == "\n"


def test_a_line_that_goes_on_in_another_encoding_is_left_out_from_there() -> None:
    typed = Typed()
    assert typed.type(b"One caf") == "One caf"
    typed.writer.write(b"\xe9 two")
    for _ in range(2):
        next(typed.pieces)
    assert typed.type(b" three\nFour.") == "\nFour."
    assert typed.rest() == "\n"
    assert typed.told == ["stdin is not UTF-8: byte 0xe9 in line 1"]


@pytest.mark.parametrize("before", [b"One ", b""])
def test_a_stream_that_ends_within_a_character_is_said_up_to_there(before: bytes) -> None:
    typed = Typed()
    if before:
        assert typed.type(before) == "One "
    typed.writer.write(b"and caf\xc3")
    assert "".join(piece for piece in [typed.rest()]) == "and caf\n"
    assert typed.told == ["stdin ends within a character"]


def test_it_is_told_when_nothing_has_come() -> None:
    told: list[str] = []
    assert list(incoming.pieces(io.BytesIO(b"Here."), waiting=lambda: told.append("waits"))) == ["Here.\n"]
    assert told == []
    end, begin = os.pipe()
    with os.fdopen(end, "rb") as stream, os.fdopen(begin, "wb", buffering=0) as writer:
        found = incoming.pieces(stream, waiting=lambda: told.append("waits") or writer.write(b"Now.\n"))
        assert next(found) == "Now.\n"
    assert told == ["waits"]

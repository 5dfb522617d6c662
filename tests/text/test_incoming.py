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
    assert [len(part) for part in found] == [65_536_001]

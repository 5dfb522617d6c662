import pytest

from tiedtts import encodings
from tiedtts.encodings import Decoded

TEXT = "Café — “naïve”.\nTwo."


@pytest.mark.parametrize(
    ("encoding", "guess"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("utf-16-le", encodings.WIDE),
        ("utf-16-be", encodings.WIDE),
        ("cp1252", encodings.WINDOWS),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_usual_encodings(encoding: str, guess: "str | None", end: str) -> None:
    assert encodings.decode(TEXT.replace("\n", end).encode(encoding)) == Decoded(TEXT, guess)


def test_what_is_no_text() -> None:
    with pytest.raises(UnicodeDecodeError):
        encodings.decode(b"one\n\x81")
    assert encodings.decode(b"one\n\x81", errors="replace").text == "one\n\ufffd"
    assert encodings.decode(b"") == Decoded("")

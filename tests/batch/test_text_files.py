import pytest

from tiedtts.batch import readers
from tiedtts.errors import TextError
from tiedtts.text.frontend import FrontEnd

TEXT = "Café — “naïve”.\nTwo."


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", []),
        ("utf-8-sig", []),
        ("utf-16", []),
        ("utf-16-le", ["f is read as UTF-16, which it does not say it is"]),
        ("utf-16-be", ["f is read as UTF-16, which it does not say it is"]),
        ("cp1252", ["f is not UTF-8; it is read as Windows-1252"]),
    ],
)
def test_encodings(encoding: str, told: list[str]) -> None:
    notes: list[str] = []
    assert readers.decode_file(TEXT.replace("\n", "\r\n").encode(encoding), "f", notes.append) == TEXT
    assert notes == told


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TextError, match="f is not UTF-8: byte 0x81 in line 2"):
        readers.decode_file(b"one\n\x81", "f", print)


def test_subtitles_are_told_and_their_times_left_out() -> None:
    notes: list[str] = []
    cues = b"1\n00:00:01,000 --> 00:00:02,500\nHello there.\n\n2\n00:00:03,000 --> 00:00:04,000\nBye.\n"
    text = readers.decode_file(cues, "a.srt", notes.append)
    assert notes == [
        "a.srt looks like subtitles: their numbers and times are left out, their pauses are not kept"
    ]
    said = [word.text for sentence in FrontEnd()(text) for word in sentence.words]
    assert said == ["Hello", "there", "Bye"]

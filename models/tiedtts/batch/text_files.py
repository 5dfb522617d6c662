"""Text files as people have them: their encodings, and files that hold more than text."""

from collections.abc import Callable

from tiedtts import encodings
from tiedtts.text.layout import subtitles


def decode(data: bytes, name: str, note: Callable[[str], object], markup: str = "text") -> str:
    """Return the text of a file in any usual encoding, see `tiedtts.encodings`.

    Args:
        data: The bytes of the file.
        name: Its name, for messages.
        note: Told when the encoding is a guess, and of subtitles.
        markup: One of `tiedtts.choices.MARKUPS`.

    Raises:
        UnicodeDecodeError: It is no text.
    """
    found = encodings.decode(data, marked_up=markup == "html")
    if found.guess == encodings.WINDOWS:
        note(f"{name} is not UTF-8; it is read as {found.guess}")
    elif found.guess is not None:
        note(f"{name} is read as {found.guess}")
    if markup == "text" and subtitles.are_in(found.text):
        note(f"{name} looks like subtitles: their numbers and times are left out, their pauses are not kept")
    return found.text

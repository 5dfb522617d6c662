"""Repair of HTML that its parser would look through again and again: marks that begin what never ends.

The parser of the standard library searches, at each mark of a comment or a tag, for the end of it; before
Python 3.13.6 a page of nothing else took a time that grew with the square of its length. A mark that nothing
ends is text, and becomes so beforehand. Nothing moves: each character is replaced by one other.
"""

import re

_ENDS = {"<!--": "-->", "<![": "]", "<!": ">", "<?": ">", "</": ">", "<": ">"}
_BLANK = "\ufeff"
_QUOTES = re.compile("[\"'][^\"'<>]{2000}")


def repaired(text: str) -> str:
    """Return HTML, as long as it was, in which whatever begins has an end."""
    if "\0" in text:
        text = text.replace("\0", " ")
    for begin, end in _ENDS.items():
        last = text.rfind(end)
        if text.find(begin, last + 1) >= 0:
            text = text[: last + 1] + text[last + 1 :].replace(begin, _BLANK + begin[1:])
    return text

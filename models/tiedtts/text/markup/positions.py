"""Character offsets in an XML document for the byte offsets that its parser gives."""

import re

from tiedtts.text.aligned import AlignedText

_REFERENCE = re.compile(r"&[^;\s]{1,40};")
_TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")


class Positions:
    """Turns byte offsets, which must not fall, into character offsets.

    Args:
        source: The document.
        start: The offset of the character it is parsed from.
    """

    def __init__(self, source: str, start: int) -> None:
        self._source = source
        self._byte, self._offset = 0, start
        self.encoded = source[start:].encode("utf-8", "replace")

    def at(self, byte: int) -> int:
        """Return the offset of the character whose first byte this is."""
        self._offset += len(self.encoded[self._byte : byte].decode("utf-8"))
        self._byte = byte
        return self._offset

    def aligned(self, text: str, start: int, *, verbatim: bool) -> AlignedText:
        """Return character data aligned to the document.

        Args:
            text: Text that the parser reports: a line, the end of one, or what a reference stands for.
            start: Its offset.
            verbatim: There are no references here.
        """
        end = start + len(text)
        if text == "\n":
            end = start + (2 if self._source.startswith("\r\n", start) else 1)
        elif not verbatim and (reference := _REFERENCE.match(self._source, start)):
            end = reference.end()
        else:
            return AlignedText(text, range(start, end), range(start + 1, end + 1), self._source)
        return AlignedText(text, [start] * len(text), [end] * len(text), self._source)

    def tag(self, start: int) -> AlignedText:
        """Return the tag that begins here."""
        tag = _TAG.match(self._source, start)
        return AlignedText.of(self._source, start, tag.end() if tag else start)

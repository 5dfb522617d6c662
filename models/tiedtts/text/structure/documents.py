"""Documents by their markup: any text in it becomes blocks."""

from dataclasses import replace

from tiedtts.errors import TextError, TiedTTSError
from tiedtts.quoting import quoted
from tiedtts.settings import Settings
from tiedtts.text.structure import left_out
from tiedtts.text.structure.blocks import MOST_CHARACTERS, Document

_NAMES = {"markdown": "Markdown", "html": "HTML", "subtitles": "file of subtitles"}


def read(text: str, settings: Settings) -> Document:
    """Read a document.

    Args:
        text: Any text.
        settings: Its markup, and what of it is read.

    Raises:
        TextError: It is too long, or nested too deeply.
    """
    name = _NAMES[settings.markup]
    if len(text) > MOST_CHARACTERS:
        raise TextError(
            f"the {name} has {len(text):,} characters, and {MOST_CHARACTERS:,} are read at most",
            hint="cut it in parts",
        )
    try:
        found = _parsed(text, settings)
    except TiedTTSError:
        raise
    # Parsers fail in ways of their own at what nobody has tried before.
    except Exception as error:
        raise TextError(
            f"the {name} cannot be read: {type(error).__name__}: {quoted(error)}",
            hint="`--read-as text` reads it as it stands",
        ) from error
    blocks = (
        replace(block, text=left_out.out_of(block.text, settings)) if block.kind != "code" else block
        for block in found.blocks
    )
    return replace(found, blocks=tuple(block for block in blocks if block.text.text.strip()))


def _parsed(text: str, settings: Settings) -> Document:
    # Few texts are documents, and all others start sooner without.
    if settings.markup == "markdown":
        from tiedtts.text.structure import markdown

        return markdown.read(text, settings)
    if settings.markup == "subtitles":
        from tiedtts.text.structure import cues

        return cues.document(text, settings)
    from tiedtts.text.structure import html

    return html.read(text, settings)

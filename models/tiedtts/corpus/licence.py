"""The licence of a corpus, as its licence file names it."""

import re
from pathlib import Path

from tiedtts.corpus import recordings
from tiedtts.paths import StrPath

_LICENCE_FILES = ("LICENSE", "LICENCE", "COPYING")
_FREE = re.compile(r"\bCC0\b|\bCC[- ]BY\b|\bpublic domain\b|creative commons attribution", re.IGNORECASE)


def find_licence(source: StrPath) -> str | None:
    """Return the line of a corpus's licence file that names a free licence, or None."""
    source = Path(source)
    root = source if source.is_dir() else source.parent
    for path in sorted(root.iterdir()):
        if path.is_file() and path.stem.upper() in _LICENCE_FILES:
            lines = (line.strip() for line in recordings.decode(path, {}).split("\n"))
            return next((line for line in lines if _FREE.search(line)), None)
    return None

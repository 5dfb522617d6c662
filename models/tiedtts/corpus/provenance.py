"""Where a corpus comes from, if a teacher has said it: told by the corpus and by all that is made of it."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tiedtts import documents, schema, storage
from tiedtts.errors import ConfigError, CorpusError
from tiedtts.paths import StrPath

FILE = "teacher.json"
"""File in the folder of a corpus."""
FORMAT = 1
"""Version of that file; a reader refuses what is newer."""

_AGAIN = "run the same `tiedtts distil` command again"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Who has said a corpus, how, and what was thrown away."""

    format: int = FORMAT
    finished: bool = False
    """Whether all texts were said and judged."""
    run: str
    """Digest of the engine and the seed: what must stay the same for clips to be of one run."""
    teacher: str
    """Name of the engine and its voice."""
    licence: str | None = None
    """Licence of its speech."""
    source: str | None = None
    """Where the engine is from, and what is said of its own data."""
    settings: dict[str, Any] = field(default_factory=dict)
    """How it was run."""
    date: str = ""
    """Day on which the corpus was finished."""
    version: str = ""
    """Version of tiedtts."""
    texts: int = 0
    """Texts that were to be said."""
    texts_sha256: str = ""
    """Digest of names and texts, in the order of the names."""
    clips: int = 0
    """Clips in the corpus."""
    seconds: float = 0.0
    """Seconds of these clips."""
    thrown_away: dict[str, int] = field(default_factory=dict)
    """Number of texts without a clip, by reason."""


def write(corpus: StrPath, origin: Origin) -> None:
    """Write where a corpus comes from; all of the file appears or none."""
    corpus = Path(corpus)
    text = json.dumps(asdict(origin), indent=1, ensure_ascii=False) + "\n"
    storage.write_bytes(corpus / FILE, text.encode("utf-8", "replace"))


def read(corpus: StrPath) -> Origin | None:
    """Read where a corpus comes from; None if nothing says so, as with recordings of a person.

    Args:
        corpus: Folder, or a file in it.

    Raises:
        CorpusError: The file is damaged or of a newer version.
    """
    corpus = Path(corpus)
    path = (corpus if corpus.is_dir() else corpus.parent) / FILE
    if not path.is_file():
        return None
    try:
        origin = schema.build(Origin, documents.from_json(path.read_bytes(), "it"), "it", open_ended=True)
    except OSError as error:
        raise CorpusError(f"cannot read {path}: {error.strerror}") from error
    except ConfigError as error:
        raise CorpusError(f"{path} is damaged: {error}", hint=_AGAIN) from error
    if origin.format > FORMAT:
        raise CorpusError(f"{path} is of a newer version", hint="install a newer tiedtts")
    return origin


def of_finished(corpus: StrPath) -> dict[str, Any] | None:
    """Return what goes with all that is made of a corpus, as plain values; None if a person has said it.

    Args:
        corpus: Folder, or a file in it.

    Raises:
        CorpusError: The file is damaged, or the corpus is not finished.
    """
    corpus = Path(corpus)
    origin = read(corpus)
    if origin is None:
        return None
    if not origin.finished:
        raise CorpusError(f"{corpus} is not finished: a teacher has still to say some texts", hint=_AGAIN)
    left_out = ("format", "finished", "run")
    return {
        "name" if key == "teacher" else key: value
        for key, value in asdict(origin).items()
        if key not in left_out and value not in (None, "", {})
    }

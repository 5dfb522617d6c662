"""The one family of errors that a user can cause."""

from tiedtts.quoting import printable

LONGEST_HINT = 600
"""Characters; a hint may list what is known."""


class TiedTTSError(Exception):
    """Something the user can put right.

    Args:
        message: The fault, with the value; lower case, no full stop. What it holds of somebody's input
            is made short and printable.
        hint: The way out, shown on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(printable(message))
        self.hint = None if hint is None else printable(hint, LONGEST_HINT)


class TextError(TiedTTSError):
    """A text that cannot be spoken, or a lexicon that cannot be read."""


class LexiconError(TextError):
    """A pattern of a lexicon that takes too long in a text; the text is not at fault."""


class AudioError(TiedTTSError):
    """Sound that cannot be read, encoded or played."""


class OutputError(TiedTTSError):
    """A file or a folder that cannot be written."""


class FolderError(TiedTTSError):
    """A folder that another run writes to, or with something in it that is not ours."""


class CorpusError(TiedTTSError):
    """Recordings or transcripts that cannot be used."""


class ConfigError(TiedTTSError):
    """A recipe or an option with a value that does not fit."""


class CheckpointError(TiedTTSError):
    """A weight file that is damaged or of another kind."""


class VoiceError(TiedTTSError):
    """A voice file that is missing, damaged or not a voice."""


class BusyError(TiedTTSError):
    """More was asked for at once than there is room for.

    Args:
        message: As for every error.
        retry_after: Seconds after which there is likely to be room.
        hint: As for every error.
    """

    def __init__(self, message: str, *, retry_after: int = 1, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


_NO_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "bad_alloc",
    "bad allocation",
    "failed to allocate memory",
    "unable to allocate",
)
"""How libraries say so that have no class of error for it: torch on a CPU, ONNX Runtime, Windows."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an exception of any library means that there is not enough memory."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, TiedTTSError):
        return False
    text = str(error)[:2000].lower()
    return any(words in text for words in _NO_MEMORY)

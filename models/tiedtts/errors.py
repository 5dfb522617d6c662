"""The one family of errors that a user can cause."""


class TiedTTSError(Exception):
    """Something the user can put right.

    Args:
        message: What is wrong, with the value; lower case, no full stop.
        hint: The way out, shown on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class TextError(TiedTTSError):
    """A text that cannot be spoken, or a lexicon that cannot be read."""


class AudioError(TiedTTSError):
    """A sound file that cannot be read or written."""


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

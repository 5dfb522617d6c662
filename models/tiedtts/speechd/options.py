"""The configuration of the module: the file whose path the server gives it."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from tiedtts.choices import VOICE
from tiedtts.errors import ConfigError
from tiedtts.paths import StrPath

_NAMES = {"tiedttsvoice": "voice", "tiedttslexicon": "lexicon"}


@dataclass(frozen=True, kw_only=True)
class Options:
    """Contents of the configuration."""

    voice: str = VOICE
    """Name or file of the voice that speaks when none is chosen."""
    lexicon: tuple[str, ...] = ()
    """Files of own pronunciations; of several, a later one wins."""
    warnings: tuple[str, ...] = ()
    """Lines that are not understood."""


def read(path: StrPath) -> Options:
    """Read a configuration: a name and a value on each line, `#` begins a comment.

    Lines that are not understood become warnings: a screen reader should speak all the same. A file that is
    missing is as good as an empty one, since the server names one whether it is there or not.

    Raises:
        ConfigError: The file cannot be read.
    """
    try:
        text = Path(path).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return Options()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    voice = VOICE
    lexicon: list[str] = []
    warnings: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = [line]
        if not words:
            continue
        name = _NAMES.get(words[0].lower())
        if name is None or len(words) != 2:
            warnings.append(f"{path}, line {number} is not understood: {line.strip()}")
        elif name == "voice":
            voice = words[1]
        elif name == "lexicon":
            lexicon.append(str(Path(words[1]).expanduser()))
    return Options(voice=voice, lexicon=tuple(lexicon), warnings=tuple(warnings))

"""Documents in JSON and TOML: parsed, and found by name, in the package or among the user's files."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tiedtts.errors import ConfigError
from tiedtts.paths import StrPath

Parsed = TypeVar("Parsed")
TOO_DEEP = "lists or tables are nested too deeply"


def from_json(text: str | bytes, source: str) -> Any:
    """Parse JSON.

    Args:
        text: All of it.
        source: Named in errors, with quotes of its own.

    Raises:
        ConfigError: It is not JSON, or nested without end.
    """
    return _parsed(lambda: json.loads(text), source, "JSON")


def from_toml(text: str, source: str) -> dict[str, Any]:
    """Parse TOML; `source` is named in errors, with quotes of its own.

    Raises:
        ConfigError: It is not TOML, or nested without end.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return _parsed(lambda: tomllib.loads(text), source, "TOML")


def _parsed(parse: Callable[[], Parsed], source: str, language: str) -> Parsed:
    """Return what a parser makes of a document, with its errors in our words."""
    try:
        return parse()
    except RecursionError:
        raise ConfigError(f"{source} is not readable: {TOO_DEEP}") from None
    except ValueError as error:
        raise ConfigError(f"{source} is not {language}: {_reason(error)}") from error


def read_text(name: StrPath, package: str, folder: str, kind: str) -> str:
    """Return the text of a TOML file that comes with the package, or of the user's.

    Args:
        name: Name of a file in the package's folder, without its suffix, or a path.
        package: Package that the files come with, such as `tiedtts.training`.
        folder: Folder in the package.
        kind: Named in errors, such as `recipe`.

    Raises:
        ConfigError: There is no such file, or it is not text.
    """
    # The voice that speaks needs no document of the package, and starts sooner without.
    from importlib import resources

    name = os.fspath(name)
    shipped, path = resources.files(package) / folder, Path(name)
    if path.suffix != ".toml" and (shipped / f"{name}.toml").is_file():
        return (shipped / f"{name}.toml").read_text(encoding="utf-8")
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        known = sorted(file.name.removesuffix(".toml") for file in shipped.iterdir())
        raise ConfigError(
            f"cannot read {kind} `{name}`: {reason}", hint=f"name a .toml file or one of {', '.join(known)}"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{kind} `{name}` is not UTF-8", hint="save it as UTF-8") from error


def _reason(error: Exception) -> str:
    """Return the first line of what a parser says, which may cite what it reads."""
    lines = str(error).splitlines() or [type(error).__name__]
    text = lines[0].encode("ascii", "backslashreplace").decode()
    return text if len(text) <= 200 else f"{text[:200]}..."

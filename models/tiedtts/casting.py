"""The cast of a text: which voice speaks each role."""

import re
from collections.abc import Mapping

from tiedtts.errors import ConfigError
from tiedtts.quoting import quoted

MOST = 1_000
"""Roles."""
LONGEST = 60
"""Characters of the name of a role."""
HINT = "NAME=VOICE, such as ALICE=nora; `narrator`, `default` and `quotes` are roles, too"

Pairs = tuple[tuple[str, str], ...]
"""Roles and their voices, in the order given."""


def read(given: object) -> Pairs:
    """Read a cast: a mapping, pairs, or text such as `ALICE=nora, BOB=felix`.

    Args:
        given: Voices by role.

    Raises:
        ConfigError: It is none of these, a name is empty or too long, or a role has two voices.
    """
    found: dict[str, tuple[str, str]] = {}
    for name, voice in _pairs(given):
        if not isinstance(name, str) or not isinstance(voice, str):
            raise ConfigError(f"`cast` has names and voices, got: {quoted(name)}={quoted(voice)}", hint=HINT)
        name, voice = " ".join(name.split()).removesuffix(":"), voice.strip()
        if not name or not voice:
            raise ConfigError(f"`cast` lacks a name or a voice: {quoted(name)}={quoted(voice)}", hint=HINT)
        if len(name) > LONGEST or not re.search(r"[^\W_]", name):
            raise ConfigError(f"`cast` has a role that is no name: {quoted(name)}", hint=HINT)
        if found.setdefault(name.lower(), (name, voice))[1] != voice:
            raise ConfigError(f"`cast` has two voices for {quoted(name)}", hint="give each role one voice")
    if len(found) > MOST:
        raise ConfigError(f"`cast` has more than {MOST:,} roles")
    return tuple(found.values())


def _pairs(given: object) -> list[tuple[object, object]]:
    """Return names and voices as they were given."""
    if given is None:
        return []
    if isinstance(given, str):
        # The name of a file may have a comma.
        return [_pair(part) for part in re.split("[,;\n](?=[^,;\n=]*=)", given) if part.strip(" ,;\n")]
    if isinstance(given, list | tuple) and all(isinstance(part, str) for part in given):
        return [pair for part in given for pair in _pairs(part)]
    if isinstance(given, Mapping):
        return list(given.items())
    if isinstance(given, list | tuple) and all(isinstance(p, list | tuple) and len(p) == 2 for p in given):
        return [(name, voice) for name, voice in given]
    raise ConfigError(f"`cast` must be voices by name, got: {quoted(given)}", hint=HINT)


def _pair(text: str) -> tuple[str, str]:
    """Read `NAME=VOICE`."""
    name, equals, voice = text.strip(" ,;\n").partition("=")
    if not equals:
        raise ConfigError(f"`cast` takes NAME=VOICE, got: {quoted(text.strip())}", hint=HINT)
    return name, voice

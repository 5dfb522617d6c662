"""The configuration of the server, with a few lines of ours between two comments, and all else as it was."""

import re

from tiedtts.speechd.places import NAME

FIRST, LAST = "# tiedtts: begin", "# tiedtts: end"
"""Comments around our lines."""
_OURS = re.compile(rf"\n?^{re.escape(FIRST)}.*?^{re.escape(LAST)}[^\n]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)
_ADDS = re.compile(r"^[ \t]*AddModule\b[ \t]*(.*)$", re.MULTILINE | re.IGNORECASE)
_OWN = re.compile(rf'"?{NAME}"?(?:[ \t,]|$)', re.IGNORECASE)


def without(text: str) -> str:
    """Return a configuration without our lines, byte for byte what it was before they came."""
    return _OURS.sub("", text)


def with_module(text: str, program: str, *, default: bool) -> str:
    """Return a configuration in which the server knows the module.

    A server whose configuration names no module looks for all that there are; a line that names ours would
    hide the others from it, so that there is none.

    Args:
        text: The configuration.
        program: The file that the server runs.
        default: Whether the module speaks where a client names none.
    """
    plain = without(text)
    named = [match[1] for match in _ADDS.finditer(plain)]
    lines = []
    if named and not any(map(_OWN.match, named)):
        lines.append(f'AddModule "{NAME}" "{program}" "{NAME}.conf"')
    if default:
        lines.append(f"DefaultModule {NAME}")
    if not lines:
        return plain
    return "\n".join((plain, FIRST, *lines, LAST, ""))

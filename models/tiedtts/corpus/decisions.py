"""Decisions on suspects: which recordings are left out, and which stay, whatever was found."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tiedtts.choices import LEAVE_OUT
from tiedtts.corpus import recordings
from tiedtts.corpus.suspects import Suspect
from tiedtts.errors import CorpusError
from tiedtts.quoting import quoted

KEEP, DROP = "keep", "drop"
DECIDED = "left out by decision"
"""Why a recording is rejected."""
UNKNOWN = "decision on a recording that the corpus does not have"


def read(path: Path) -> dict[str, bool]:
    """Read decisions, `keep NAME` or `drop NAME` in each line, and return which recordings stay.

    Raises:
        CorpusError: It cannot be read, or a line is something else.
    """
    found = {}
    for number, line in recordings.lines(path, {}):
        word, _, name = line.strip().replace("\t", " ").partition(" ")
        if line.lstrip().startswith("#"):
            continue
        if word.casefold() not in (KEEP, DROP) or not name.strip():
            raise CorpusError(
                f"{path}, line {number}: {quoted(line.strip())} is no decision",
                hint="write `keep NAME` or `drop NAME` in each line",
            )
        found[recordings.composed(name.strip())] = word.casefold() == KEEP
    return found


def left_out(suspects: Sequence[Suspect], level: str, decided: Mapping[str, bool]) -> dict[str, str]:
    """Return the recordings that are left out, and why.

    Args:
        suspects: Recordings with something against them.
        level: `clear` leaves out those beyond doubt, `all` every suspect, `none` none of them.
        decided: Recordings that stay or do not, whatever was found.
    """
    assert level in LEAVE_OUT, level
    out = {
        each.id: each.reason
        for each in suspects
        if each.reason is not None and (level == "all" or (level == "clear" and each.clear))
    }
    # What was found tells more than that somebody has agreed.
    dropped = {name: out.get(name) or DECIDED for name, stays in decided.items() if not stays}
    return {**{name: reason for name, reason in out.items() if not decided.get(name, False)}, **dropped}

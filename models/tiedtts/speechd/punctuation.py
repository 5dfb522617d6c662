"""Punctuation by name: `Hi, you!` as "Hi comma, you exclamation mark!" at the level `all`."""

import re
import unicodedata

from tiedtts.speechd import characters

SOME = frozenset("#$%&*+/<=>@\\^_`|~§©®°±¶·×÷†•€£¥¢←↑→↓")
"""Signs that are named from the level `some` on."""
MOST = SOME | frozenset('"()[]{}:;-–—…«»“”„‘¡¿')
"""Signs that are named from the level `most` on."""
ALL = MOST | frozenset(".,!?'’")
_ADDED = {"none": frozenset(""), "some": SOME, "most": MOST, "all": ALL}
_HEARD = frozenset(".,;:!?")
"""Signs that also make the voice pause: they stay behind their names."""
LONGEST_RUN = 3
"""More of a sign in a row are counted: "12 dashes" rather than a dash twelve times."""
_RUN = re.compile(r"([^\w\s])\1*")
_PICTURE = re.compile("([\U0001f000-\U0001faff])")


def named(text: str, level: str, some: str = "") -> str:
    """Return a text with the names of its punctuation.

    Args:
        text: Plain text.
        level: `none`, `some`, `most` or `all`.
        some: Signs that are named at the level `some`, in place of the usual.
    """
    # Pictures are left out of plain text, but here they are all that a message may consist of.
    text = _PICTURE.sub(lambda picture: f" {characters.spoken(picture[1])} ", text)
    wanted = frozenset(some) if level == "some" and some else _ADDED[level]
    if not wanted:
        return text
    return _RUN.sub(lambda run: _run(run, wanted, level == "all"), text)


def _run(run: re.Match[str], wanted: frozenset[str], every: bool) -> str:
    sign, whole = run[1], run[0]
    # What the sets above do not know is named with all the rest.
    other = every and unicodedata.category(sign)[0] in "PS"
    if not (sign in wanted or other):
        return whole
    before, after = run.string[: run.start()], run.string[run.end() :]
    if sign in "'’" and before[-1:].isalpha() and after[:1].isalpha():
        # `don't` is a word.
        return whole
    name = characters.spoken(sign)
    said = name if len(whole) == 1 else f"{len(whole)} {name}" if len(whole) > LONGEST_RUN else ""
    said = said or " ".join([name] * len(whole))
    # A full stop within `3.5` or `config.site` ends nothing.
    heard = sign in _HEARD and not after[:1].strip()
    return f" {said}{sign} " if heard else f" {said} "

"""Rules that Markdown as people write it has beside those of its parser: footnotes, formulas, front matter.

The dialects are those of GitHub, Pandoc and PHP Markdown Extra.
"""

import re
from collections.abc import Callable

from markdown_it import MarkdownIt, rules_inline
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

_NOTE = re.compile(r"\[\^([^\[\]\s]{1,100})\]:[ \t]*")
_REFERENCE = re.compile(r"\[\^([^\[\]\s]{1,100})\]")
_FRONT = re.compile(r"---[ \t]*\n(?:[^\n]*\n){0,500}?(?:---|\.\.\.)[ \t]*(?:\n|$)")
_FIELD = re.compile(r"[A-Za-z_][\w -]{0,60}:|#|\s|-")
_INDENT = 4
_LONGEST_FORMULA = 2_000
_CLOSING = {"\\(": "\\)", "\\[": "\\]", "$$": "$$"}


def parser() -> MarkdownIt:
    """Return a parser of Markdown with tables, strikethrough, footnotes and formulas."""
    made = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    # Text that is not put together keeps what stands for each of its characters in the source.
    made.disable("text_join")
    made.block.ruler.before("reference", "footnote", _footnote, {"alt": ["paragraph", "reference"]})
    made.inline.ruler.before("escape", "formula", _formula)
    made.inline.ruler.before("link", "footnote_reference", _footnote_reference)
    for name, rule in (("link", rules_inline.link), ("image", rules_inline.image)):
        made.inline.ruler.at(name, _placed(rule))
    return made


def front_matter(text: str) -> int:
    """Return how many characters of settings stand before a text, between lines of three dashes."""
    found = _FRONT.match(text)
    if found is None:
        return 0
    inner = found[0].split("\n")[1:-2]
    return found.end() if inner and all(not line or _FIELD.match(line) for line in inner) else 0


def _footnote(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Read `[^name]: text`; further lines of it are not blank, or begin with spaces."""
    if state.is_code_block(first):
        return False
    begin = state.bMarks[first] + state.tShift[first]
    found = _NOTE.match(state.src, begin, state.eMarks[first])
    if found is None:
        return False
    if silent:
        return True
    end = first + 1
    while end < last:
        if state.isEmpty(end):
            following = end + 1
            if following >= last or state.isEmpty(following) or state.sCount[following] < _INDENT:
                break
        elif state.sCount[end] < _INDENT and (
            state.isEmpty(end - 1)
            or _NOTE.match(state.src, state.bMarks[end] + state.tShift[end], state.eMarks[end])
        ):
            break
        end += 1
    token = state.push("footnote_open", "", 1)
    token.meta["label"] = found[1]
    state.env.setdefault("notes", {}).setdefault(found[1], 0)
    part = first
    for line in range(first, end + 1):
        if line < end and not state.isEmpty(line):
            continue
        if line > part:
            start = found.end() if part == first else state.bMarks[part]
            inline = state.push("inline", "", 0)
            inline.content = state.src[start : state.eMarks[line - 1]].strip()
            inline.map = [part, line]
            inline.children = []
        part = line + 1
    state.push("footnote_close", "", -1)
    state.line = end
    return True


def _footnote_reference(state: StateInline, silent: bool) -> bool:
    """Read `[^name]`, whether there is a note of this name or not."""
    found = _REFERENCE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("footnote_reference", "", 0)
        token.meta = {"label": found[1], "begin": state.pos, "end": found.end()}
    state.pos = found.end()
    return True


def _formula(state: StateInline, silent: bool) -> bool:
    """Take a formula as it stands: its stars and lines are no marks of Markdown."""
    src, pos = state.src, state.pos
    if src[pos] not in "$\\":
        return False
    opening = src[pos : pos + 2]
    if opening in _CLOSING:
        closing = _CLOSING[opening]
        end = src.find(closing, pos + 2, min(state.posMax, pos + _LONGEST_FORMULA))
        inner = src[pos + 2 : end]
    elif src[pos] == "$" and src[pos + 1 : pos + 2].strip():
        opening = closing = "$"
        end = src.find("$", pos + 1, min(state.posMax, pos + _LONGEST_FORMULA))
        inner = src[pos + 1 : end]
        # `$5 and $10` are prices.
        if end < 0 or inner[-1:].isspace() or src[end + 1 : end + 2].isdigit():
            return False
    else:
        return False
    if end < 0 or not inner.strip():
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.content = inner
        token.meta = {"begin": pos + len(opening), "end": end + len(closing)}
    state.pos = end + len(closing)
    return True


def _placed(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """Return a rule of the parser whose tokens tell where they begin and end."""

    def placed(state: StateInline, silent: bool) -> bool:
        begin, count = state.pos, len(state.tokens)
        if not rule(state, silent):
            return False
        if not silent:
            for token in state.tokens[count:]:
                if token.type in ("link_open", "image"):
                    token.meta["begin"] = begin
                    token.meta["end"] = state.pos
                    break
            if state.tokens[-1].type == "link_close":
                state.tokens[-1].meta["end"] = state.pos
        return True

    return placed

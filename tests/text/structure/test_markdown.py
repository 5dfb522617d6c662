"""Markdown is read by its structure, and each word knows where in the source it stands."""

import re

import pytest

from tiedtts.settings import Settings
from tiedtts.text.structure import documents
from tiedtts.text.structure.blocks import Document

ALL = Settings(markup="markdown", code="read", footnotes=True, citations=True)


def read(source: str, settings: Settings | None = None) -> Document:
    return documents.read(source, settings or Settings(markup="markdown"))


def texts(source: str, **changes: object) -> list[str]:
    settings = Settings(markup="markdown", **changes)  # type: ignore[arg-type]
    return [block.text.text for block in read(source, settings).blocks]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("A [link](http://the.com 'the end') and the end.", ["A link and the end."]),
        ("A [link][one] and [two].\n\n[one]: http://x.org\n[two]: y", ["A link and two."]),
        ("<https://x.org/a> and https://y.org", ["https://x.org/a and https://y.org"]),
        ("**Bold**, *it*, ~~gone~~ \\*star\\* &amp; a_b_c", ["Bold, it, gone *star* & a_b_c"]),
        ("![A cat](c.png) sleeps.", ["A cat, sleeps."]),
        ("[![A badge](b.svg)](http://x)\n\nText.", ["A badge", "Text."]),
        ("Use `pip  x` and ``a ` b``.", ["Use pip x and a ` b."]),
        ("well-\nknown and wrapped\nlines", ["well-known and wrapped lines"]),
        ("one  \ntwo\\\nthree<br>four", ["one, two, three, four"]),
        ("> quoted\ngoes on\n> > deeper", ["quoted goes on", "deeper"]),
        ("- one\n- two\n\n  more of two\n- [x] done", ["one", "two", "more of two", "done"]),
        ("3. Mix\n4. Bake", ["3, Mix", "4, Bake"]),
        ("| A | B |\n|---|---|\n| 1 | x \\| y |\n| a | a", ["A, B", "1, x | y", "a, a"]),
        ("$5 and $10 and $x_1 * y_2$ and \\(a_1 * b\\)", ["$5 and $10 and $x_1 * y_2$ and $a_1 * b$"]),
        ("<div>\n<b>In</b> HTML &lt;3\n</div>\n\nafter", ["In HTML <3", "after"]),
        ("> <p>In\n> both</p>", ["In both"]),
        ("---\ntitle: x\ntags:\n  - a\n---\nBody", ["Body"]),
        ("---\nBody\n---\nmore", ["Body", "more"]),
        ("<!-- nothing --> here", ["here"]),
    ],
)
def test_what_is_read(source: str, expected: list[str]) -> None:
    assert texts(source) == expected


def test_kinds_and_the_silence_before_them() -> None:
    source = "# T\n\npara\n\n## H\n\n- a\n- b\n\n***\n\nend\n\n|x|\n|-|\n|y|"
    assert [(block.kind, block.gap) for block in read(source).blocks] == [
        *(("title", 5.0), ("paragraph", 4.0), ("heading", 3.5), ("item", 2.5), ("item", 1.4)),
        *(("paragraph", 4.0), ("row", 2.0), ("row", 1.4)),
    ]


def test_code_is_announced_read_or_skipped() -> None:
    source = "Run `x`:\n\n```python\na = 1\n\nb = 2\n```\n\n    c = 3\n"
    assert texts(source) == ["Run x:", "Code block, python.", "Code block."]
    assert texts(source, code="read") == ["Run x:", "a = 1", "b = 2", "c = 3"]
    assert texts(source, code="skip") == ["Run :"]
    assert read(source, Settings(markup="markdown", code="skip")).warnings == ("left out 3 pieces of code",)


def test_footnotes() -> None:
    source = "One[^a] two.[^b]\n\n[^a]: Short\n[^b]: Long\n  goes on.\n\n    And on.\n\nText."
    assert texts(source) == ["One two.", "Text."]
    assert texts(source, footnotes=True) == [
        *("One two.", "Footnote: Short", "Footnote: Long goes on.", "And on.", "Text.")
    ]
    assert read(source).warnings == ("left out 2 footnotes",)


def test_citations_and_parentheses() -> None:
    source = "It is so [12, 14–16] (Smith et al., 2020; Jones and Lee, 1999a). See [3]. As f(x) does (or (so) I hear)."
    assert texts(source) == ["It is so. See [3]. As f(x) does (or (so) I hear)."]
    assert texts(source, citations=True, parentheses=False) == [
        "It is so [12, 14–16]. See [3]. As f(x) does."
    ]


def test_spans_never_go_back() -> None:
    for source in ("- a \0 b  c\n  d\te", "| a\\|b  c | \0 |\n|-|-|\n| x  y | z |", "```x  y\na  b\n```"):
        for block in read(source, ALL).blocks:
            ends = zip(block.text.starts, block.text.ends, strict=True)
            assert all(0 <= start <= end <= len(source) for start, end in ends), block


SOURCE = """---
title: x
---
# The *Kettle* and `tea`

A [link](http://the.com "the end") and the end; **bold** text&amp;more \\*star\\*
\tindented the wrapped line.

1. Mix the flour
2. Bake it[^n]
   - Inner item the

> Quoted text
lazy the line
> > deeper the text

| Name | the |
|------|-----|
| the | the |

    code the line
<div>
the <b>bold</b>
</div>

[^n]: First the note
    goes on.
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_every_word_stands_where_it_says(ends: str) -> None:
    source = SOURCE.replace("\n", ends)
    found = read(source, ALL)
    spans = []
    for block in found.blocks:
        for word in re.finditer(r"[A-Za-z]+", block.text.text):
            start, end = block.text.span(*word.span())
            if word[0] not in ("Footnote", "more"):
                assert source[start:end] == word[0]
            spans.append((start, end))
    body = [span for span in spans if span[0] < source.index("[^n]: ")]
    assert body == sorted(body), "in the order of the source"
    assert len(set(spans)) == len(spans)
    assert sum(source[start:end] == "the" for start, end in spans) == 12

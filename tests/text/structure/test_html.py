"""HTML is read by its structure, well-formed or not."""

import re

import pytest

from tiedtts.settings import Settings
from tiedtts.text.structure import documents


def texts(source: str, **changes: object) -> list[str]:
    settings = Settings(markup="html", **changes)  # type: ignore[arg-type]
    return [block.text.text for block in documents.read(source, settings).blocks]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<h1>Title</h1><p>One <b>b</b>old.</p>two", ["Title", "One bold.", "two"]),
        ("<p>unclosed<p>next<div>more", ["unclosed", "next", "more"]),
        ("<ul><li>a<li>b<ul><li>c</ul><li>d</ul>e", ["a", "b", "c", "d", "e"]),
        ("<ol start=3><li>a</li><li value=7>b</li><li>c</li></ol>", ["3, a", "7, b", "8, c"]),
        ("<table><tr><th>A<th>B<tr><td>1</td><td></td><td>2</td></table>", ["A, B", "1, 2"]),
        (
            f"<table><tr><td><p>{'word ' * 14}</p><p>{'more ' * 14}</p></td></tr></table>",
            ["word " * 13 + "word", "more " * 13 + "more"],
        ),
        ("one<br>two<br/>Three.<br>Four<br><br>five", ["one, two, Three. Four", "five"]),
        (
            "a &amp; b &lt;c&gt; &#8220;q&#x201d; &copy;&nosuch; x & y < z",
            ["a & b <c> “q” ©&nosuch; x & y < z"],
        ),
        ("<head><title>T</title></head><nav>menu</nav><script>x<1</script><style>p{}</style>t", ["t"]),
        ("<p hidden>no</p><p aria-hidden='true'>no</p><p style='display: none'>no</p>yes", ["yes"]),
        ("<p>A <img alt='cat' src=x> and <img alt='' src=y><a href=z>link</a></p>", ["A cat, and link"]),
        ("x<sup>2</sup> and 1<sup>st</sup> and H<sub>2</sub>O", ["x^2 and 1st and H2O"]),
        ("<q>Hi</q> <ruby>K<rp>(</rp><rt>k</rt></ruby>", ['"Hi" K']),
        ("<!DOCTYPE html><!-- c --><?php x ?><p>t", ["t"]),
        ("<p>p<span class='pagenum'>[12]</span>q<a id='x'/>r</p>", ["pqr"]),
        ("before<main><h1>M</h1>in</main>after", ["M", "in"]),
        ("<main></main>text", ["text"]),
        ("</p></div></li>text</td>", ["text"]),
        ("<p>a <!-- never ends", ["a <!-- never ends"]),
        ("<p>a <b never ends", ["a <b never ends"]),
        ("<math alttext='x squared'><mi>x</mi></math> is", ["x squared is"]),
        ("<dl><dt>Term<dd>What it is</dl>", ["Term", "What it is"]),
    ],
)
def test_what_is_read(source: str, expected: list[str]) -> None:
    assert texts(source) == expected


@pytest.mark.parametrize(
    "mark",
    [
        '<a epub:type="noteref" href="n.xhtml#a">1</a>',
        '<sup><a href="#fn1">1</a></sup>',
        '<a href="#fn1"><sup>1</sup></a>',
        '<sup class="reference" id="r"><a href="#c">[1]</a></sup>',
        '<a href="x.html#note3">[3]</a>',
        '<a role="doc-noteref" href="#a">*</a>',
    ],
)
def test_footnotes(mark: str) -> None:
    notes = "".join(
        f"<{note}><p>Note.</p></{note.split()[0]}>"
        for note in ("aside epub:type='footnote'", "section class='footnotes'", "div role='doc-endnotes'")
    )
    source = f"<p>Word{mark} goes <a href='#chapter'>on</a>.</p>{notes}"
    assert texts(source) == ["Word goes on."]
    assert texts(source, footnotes=True) == ["Word goes on.", *["Note."] * 3]


def test_code() -> None:
    source = "<p>Run <code>x</code>.</p><pre>a = 1\n  b &lt; 2</pre>"
    assert texts(source) == ["Run x.", "Code block."]
    assert texts(source, code="read") == ["Run x.", "a = 1", "b < 2"]
    assert texts(source, code="skip") == ["Run ."]


def test_every_word_stands_where_it_says() -> None:
    source = (
        "<html>\n<h1 id=a>The Title</h1>\r\n<p title='The'>The\n<b>bold</b> the&nbsp;end<!-- the --></p>the"
    )
    found = documents.read(source, Settings(markup="html"))
    spans = [
        block.text.span(*word.span())
        for block in found.blocks
        for word in re.finditer(r"\w+", block.text.text)
    ]
    assert [source[start:end] for start, end in spans] == "The Title The bold the end the".split()
    assert spans == sorted(set(spans))
    assert source[found.places["a"] :].startswith("<h1")


@pytest.mark.parametrize(
    "unit",
    "<!-- <! <? <a < </ &# &amp; <p> <div> <li> <td> <pre> </p> <![CDATA[ <b><i> <script> <sup><a <br> <ul><li>".split(),
)
def test_time_grows_with_the_length_only(unit: str) -> None:
    """Whatever a page repeats; the parser of the standard library alone would look through it again and again."""
    source = unit * (40_000 // len(unit))
    documents.read(source, Settings(markup="html"))

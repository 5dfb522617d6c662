"""Marks in square brackets: what they do, where they stand, and that all else in brackets is text."""

import pytest

from tiedtts.settings import Settings
from tiedtts.text.markup import plain
from tiedtts.text.markup.spans import Document
from tiedtts.text.structure import documents


def read(text: str, **settings: object) -> Document:
    chosen = Settings(marks=True, **settings)  # type: ignore[arg-type]
    blocks = None if chosen.markup == "text" else documents.read(text, chosen).blocks
    return plain.spans(text, chosen, blocks, lambda name, gender: name if name == "nora" else None)


@pytest.mark.parametrize(
    ("mark", "seconds"),
    [
        *(("[pause 1s]", 1.0), ("[pause 300ms]", 0.3), ("[pause 1.5 s]", 1.5), ("[pause .5s]", 0.5)),
        *(("[pause 2]", 2.0), ("[Pause: 2 seconds]", 2.0), ("[pause=20 milliseconds]", 0.02)),
        *(("[pause]", 0.4), ("[pause weak]", 0.2), ("[break 1s]", 1.0), ("[pause 1s][pause 1s]", 2.0)),
        ("[pause 0s]", 0.0),
    ],
)
def test_pauses(mark: str, seconds: float) -> None:
    found = read(f"One {mark} two.")
    assert found.warnings == ()
    assert " ".join(span.text.strip() for span in found.spans) == "One two."
    assert sum(span.pause for span in found.spans) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("[slow]x[/slow]", "speed", 0.75),
        ("[rate 80%]x[/rate]", "speed", 0.8),
        ("[speed 1.2]x[/speed]", "speed", 1.2),
        ("[pitch +2st]x[/]", "pitch", 2.0),
        ("[high]x[/high]", "pitch", 3.0),
        ("[volume -6dB]x[/volume]", "volume", -6.0),
        ("[loud]x[/loud]", "volume", 4.0),
        ("[range 0%]x[/range]", "pitch_range", 0.0),
        ("[emphasis]x[/emphasis]", "emphasis", "moderate"),
        ("[strong]x[/strong]", "emphasis", "strong"),
        ("[slow][slow]x[/][/]", "speed", 0.5625),
        ("[voice nora]x[/voice]", "voice", "nora"),
    ],
)
def test_what_stands_between_marks(text: str, field: str, value: object) -> None:
    found = read(f"a {text} b")
    assert found.warnings == ()
    (inner,) = (span for span in found.spans if span.text.strip() == "x")
    assert getattr(inner, field) == (pytest.approx(value) if isinstance(value, float) else value)
    assert all(getattr(span, field) != value for span in found.spans if span is not inner)


def test_spelling_and_other_readings() -> None:
    texts = [
        span.text for span in read("[spell]AB[/spell] [digits]12[/digits] [say-as ordinal]3[/say-as]").spans
    ]
    assert " ".join("".join(texts).split()) == "{EY1} {B IY1} one two third"


@pytest.mark.parametrize(
    "text", ["[1]", "[sic]", "[pauses]", "[pause for effect, if you like it so much that it goes on and on and on]", "[/x]", "[ pause 1s]", "[pause 1s", r"\[pause 1s]"]
)  # fmt: skip
def test_what_is_no_mark_is_text(text: str) -> None:
    found = read(f"One {text} two.")
    assert "".join(span.text for span in found.spans) == f"One {text} two.".replace("\\", "")
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[pause x]", "`[pause x]` is no length of a pause such as 1s or 300ms, a short one is made"),
        ("[pause 99s]", "`[pause 99s]` is longer than 60 s, which are taken"),
        ("[/slow]", "`[/slow]` closes nothing"),
        ("[slow]", "1 mark not closed, which hold to the end: `[slow]`"),
        ("[rate 900%][/rate]", "`[rate 900%]` is beyond what can be said, the nearest is taken"),
        ("[rate x][/rate]", "`[rate x]` is no mark that can be followed, it is left out"),
        ("[rate][/rate]", "`[rate]` is no mark that can be followed, it is left out"),
        ("[say-as x][/say-as]", "`[say-as x]` is no mark that can be followed, it is left out"),
        ("[voice x][/voice]", "there is no voice named `x`, the voice before goes on"),
        ("[slow 3]", "`[slow 3]` has a value, which `slow` does not take; it is left out"),
        ("[digits]x[/digits]", "`x` cannot be said as digits, it is read as it stands"),
    ],
)
def test_what_cannot_be_followed_is_told(text: str, warning: str) -> None:
    found = read(f"One {text} two.")
    assert found.warnings == (warning,)
    assert not any("[" in span.text for span in found.spans)


def test_paragraphs_documents_and_lines() -> None:
    found = read("One.\n\n[pause 1s]\n\nTwo. [slow]Three\nfour.\n\nFive[/slow]. Six.")
    assert [(span.text.strip(), span.speed) for span in found.spans] == [
        *(("One.", 1.0), ("Two.", 1.0), ("Three\nfour.".replace("\n", " "), 0.75), ("Five.", 0.75), ("Six.", 1.0))
    ]  # fmt: skip
    assert found.spans[0].pause == 1.0
    page = read("# One\n\nTwo [pause 1s] three `[pause 2s]` \\[pause 3s].\n\n```\n[pause 4s]\n```\n", markup="markdown", code="read")  # fmt: skip
    assert sum(span.pause for span in page.spans) == 3.0
    assert page.spans[1].gap == 4.0
    text = "[slow][emphasis]One[/emphasis][/slow] [pause 1s](two)"
    assert [span.text.strip() for span in read(text).spans] == ["One", "(two)"]


def test_many_marks() -> None:
    found = read("[slow]" * 300 + "x" + "[/slow]" * 300)
    assert len(found.warnings) == 2
    assert read("[pause 60s]" * 2_000 + "x").spans[0].pause == 60.0

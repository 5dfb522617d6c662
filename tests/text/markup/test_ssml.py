import time

import pytest

from tiedtts.errors import TextError
from tiedtts.text.frontend import FrontEnd
from tiedtts.text.markup.detection import looks_like_ssml
from tiedtts.text.markup.ssml import DEEPEST, MOST_WARNINGS, Span, parse
from tiedtts.text.pronounce.ipa import to_arpabet


def spans(inside: str) -> tuple[Span, ...]:
    document = parse(f"<speak>{inside}</speak>")
    assert document.warnings == ()
    return document.spans


def text(inside: str) -> str:
    return " ".join(span.text for span in spans(inside))


def warning(inside: str) -> str:
    (line,) = parse(f"<speak>{inside}</speak>").warnings
    return line


def test_plain_text() -> None:
    assert spans("Fish &amp; chips,\n  &lt;please&gt; &#x41;.") == (Span("Fish & chips, <please> A."),)
    assert spans("") == ()
    assert parse('\ufeff\n<?xml version="1.0" encoding="utf-16"?>\n<speak>é</speak>').spans == (Span("é"),)
    assert parse('<s:speak xmlns:s="urn:x" xml:lang="en" version="1.1">hi</s:speak>').warnings == ()


def test_sentences_and_paragraphs() -> None:
    assert spans("Before<p><s>One</s> <s>two</s></p><p>Three</p>after") == (
        Span("Before", boundary="paragraph"),
        Span("One", boundary="sentence"),
        Span("two", boundary="paragraph"),
        Span("Three", boundary="paragraph"),
        Span("after"),
    )


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ("", 0.4),
        ('time="500ms"', 0.5),
        ('time="1.5s"', 1.5),
        ('strength="none"', 0.0),
        ('strength="x-strong"', 1.0),
        ('time="0.25s" strength="strong"', 0.25),
    ],
)
def test_breaks(attributes: str, seconds: float) -> None:
    assert spans(f"a<break {attributes}/>b") == (
        (Span("a", pause=seconds), Span("b")) if seconds else (Span("ab"),)
    )


def test_breaks_add_up_and_may_stand_alone() -> None:
    assert spans('<break time="1s"/>a<break time="2s"/> <break time="3s"/>') == (
        Span("", pause=1.0),
        Span("a", pause=5.0),
    )


def test_prosody() -> None:
    (span,) = spans('<prosody rate="slow" pitch="+2st" volume="-6dB">low</prosody>')
    assert span == Span("low", speed=0.75, pitch=2.0, volume=-6.0)
    (span,) = spans('<prosody rate="200%"><prosody rate="50%" pitch="-1st">x</prosody></prosody>')
    assert (span.speed, span.pitch) == (1.0, -1.0)
    (span,) = spans('<prosody range="50%"><prosody range="high">x</prosody></prosody>')
    assert span.pitch_range == 0.75


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("rate", "120%", 1.2),
        ("rate", "+20%", 1.2),
        ("rate", "-20%", 0.8),
        ("rate", "1.5", 1.5),
        ("rate", "x-fast", 1.7),
        ("pitch", "high", 3.0),
        ("pitch", "+100%", 12.0),
        ("pitch", "-3st", -3.0),
        ("range", "x-low", 0.3),
        ("range", "+50%", 1.5),
        ("range", "-100%", 0.0),
        ("range", "80%", 0.8),
        ("volume", "silent", -96.0),
        ("volume", "+6dB", 6.0),
        ("volume", "10", -20.0),
        ("volume", "0", -96.0),
        ("volume", "loud", 4.0),
    ],
)
def test_values(name: str, written: str, value: float) -> None:
    (span,) = spans(f'<prosody {name}="{written}">x</prosody>')
    names = {"rate": "speed", "range": "pitch_range"}
    assert getattr(span, names.get(name, name)) == pytest.approx(value)


def test_punctuation_stays_with_its_word() -> None:
    assert [span.text for span in spans('Not <prosody rate="slow">you</prosody>, him.')] == [
        "Not",
        "you,",
        "him.",
    ]


def test_space_between_elements_of_one_kind() -> None:
    one, two = '<prosody rate="slow">one</prosody>', '<prosody rate="slow">two</prosody>'
    assert spans(f"{one} {two}") == (Span("one two", speed=0.75),)
    assert spans(f"a {one}. {two}") == (Span("a"), Span("one. two", speed=0.75))
    assert spans(f"{one}{two}") == (Span("onetwo", speed=0.75),)


def test_emphasis() -> None:
    weak, strong = spans('so <emphasis level="strong">big</emphasis>')
    assert (weak.emphasis, strong.emphasis) == ("", "strong")
    assert strong.volume > weak.volume
    assert spans('<emphasis level="none">x</emphasis>') == (Span("x"),)


def test_marks() -> None:
    assert spans('one <mark name="here"/> two') == (Span("one"), Span("", mark="here"), Span("two"))


@pytest.mark.parametrize(
    ("kind", "content", "spoken"),
    [
        ('"characters"', "a2-Z", "{EY1} two dash {Z IY1}"),
        ('"spell-out"', "hi", "{EY1 CH} {AY1}"),
        ('"cardinal"', "1,205", "one thousand two hundred and five"),
        ('"cardinal"', "-3.5", "minus three point five"),
        ('"ordinal"', "21", "twenty first"),
        ('"ordinal"', "3rd", "third"),
        ('"digits"', "2024", "two zero two four"),
        ('"fraction"', "3/4", "three quarters"),
        ('"fraction"', "1+1/2", "one and one half"),
        ('"date" format="dmy"', "1/2/2020", "February first twenty twenty"),
        ('"date" format="mdy"', "1/2/2020", "January second twenty twenty"),
        ('"date" format="ymd"', "2020-12-31", "December thirty first twenty twenty"),
        ('"date" format="md"', "12/31", "December thirty first"),
        ('"date" format="y"', "1905", "nineteen oh five"),
        ('"date"', "Jan. 5, 1999", "January fifth, nineteen ninety nine"),
        ('"time"', "2:30pm", "two thirty PM"),
        ('"time" format="hms12"', "2:30p", "two thirty PM"),
        ('"telephone"', "+1 (800) 555-0199", "plus one, eight hundred, five five five, zero one nine nine"),
        ('"unit"', "10 ft", "ten feet"),
        ('"currency"', "$45.30", "forty five dollars thirty cents"),
    ],
)
def test_say_as(kind: str, content: str, spoken: str) -> None:
    assert text(f"<say-as interpret-as={kind}>{content}</say-as>") == spoken


def test_substitutes_and_phones_grow_into_their_sentence() -> None:
    inside = (
        'The <sub alias="World Wide Web">WWW</sub>, a '
        '<phoneme alphabet="ipa" ph="təˈmeɪtoʊ">tomato</phoneme> or '
        '<phoneme alphabet="x-arpabet" ph="T AH0 M AA1 T OW2">tomato</phoneme>.'
    )
    assert spans(inside) == (Span("The World Wide Web, a {T AH0 M EY1 T OW0} or {T AH0 M AA1 T OW2}."),)


@pytest.mark.parametrize(
    ("written", "phones"),
    [
        ("həˈloʊ", "HH AH0 L OW1"),
        ("hɛloʊ", "HH EH1 L OW0"),
        ("ˌɪntɚˈnæʃənəl", "IH2 N T ER0 N AE1 SH AH0 N AH0 L"),
        ("tʃɝːtʃ", "CH ER1 CH"),
        ("t͡ʃ iː", "CH IY1"),
        ("ˈbʌtn̩", "B AH1 T AH0 N"),
        ("ˈbɜːd", "B ER1 D"),
        ("ðə", "DH AH1"),
    ],
)
def test_ipa(written: str, phones: str) -> None:
    assert " ".join(to_arpabet(written)) == phones


@pytest.mark.parametrize(
    ("inside", "line"),
    [
        ('<audio src="x">bell</audio>', "the SSML element `audio` is unknown, its text is read"),
        ('<p role="x">a</p>', "the attribute `role` of `p` has no effect"),
        ('<prosody rate="wide">a</prosody>', "`rate` cannot be `wide`, it is left as it is"),
        ('<prosody pitch="200Hz">a</prosody>', "`pitch` cannot be `200Hz`, it is left as it is"),
        ('<prosody range="+10Hz">a</prosody>', "`range` cannot be `+10Hz`, it is left as it is"),
        ('<prosody range="900%">a</prosody>', "`range` of `900%` is beyond what can be said, the nearest is taken"),
        ('<prosody rate="900%">a</prosody>', "`rate` of `900%` is beyond what can be said, the nearest is taken"),
        ('<break time="1e9s"/>', "`time` cannot be `1e9s`, it is left as it is"),
        ('<break time="3600s"/>', "`time` of `3600s` is beyond what can be said, the nearest is taken"),
        ('<emphasis level="wild">a</emphasis>', "`level` of `emphasis` cannot be `wild`, `moderate` is taken; known are strong, moderate, none, reduced"),
        ('<say-as interpret-as="cardinal">abc</say-as>', "`abc` cannot be said as cardinal, it is read as it stands"),
        ('<phoneme ph="ʘ">a</phoneme>', "`ʘ` in `ʘ` is no phone of ipa, the text is read instead"),
        ('<phoneme alphabet="klingon" ph="q">a</phoneme>', "the alphabet `klingon` is unknown, the text is read instead; known are ipa, arpabet, x-arpabet, cmu"),
        ('<phoneme ph="">a</phoneme>', "a `phoneme` has no phones in `ph`, the text is read instead"),
        ('<sub alias="x"><s>a</s></sub>', "`s` within `sub` has no effect"),
    ],
)  # fmt: skip
def test_warnings(inside: str, line: str) -> None:
    assert warning(inside) == line


def test_what_is_not_understood_is_spoken() -> None:
    document = parse(
        "<speak>a <audio src='x'>b <w>c</w></audio> <say-as interpret-as='odd'>d</say-as></speak>"
    )
    assert document.spans == (Span("a b c d"),)
    assert len(document.warnings) == 3
    assert (
        len(parse("<speak>" + "".join(f"<x{n}/>" for n in range(99)) + "</speak>").warnings) == MOST_WARNINGS
    )
    assert parse("<p>a</p>").warnings == ("the SSML begins with `p`, not with `speak`",)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("<speak>a & b</speak>", r"not well-formed in line 1, column 11"),
        ("\n<speak>\n<p>a</speak>", r"not well-formed in line 3, column 7: mismatched tag"),
        ("", "line 1, column 1: no element found"),
        ("hello", "line 1, column 1: syntax error"),
        ("<speak>&nbsp;</speak>", "undefined entity"),
        ("<speak>\x00</speak>", "not well-formed"),
        ('<!DOCTYPE speak SYSTEM "file:///etc/passwd"><speak/>', "document type or an entity of its own"),
        (
            '<!DOCTYPE s [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><s>&b;</s>',
            "document type or an entity of its own",
        ),
        ("<p>" * (DEEPEST + 1), f"nested deeper than {DEEPEST} elements"),
    ],
)
def test_refusals(source: str, message: str) -> None:
    with pytest.raises(TextError, match=message):
        parse(source)


@pytest.mark.parametrize(("start", "is_it"), [("<speak>", True), (' \n<?xml version="1.0"?><speak version="1.1">', True), ("<speaker>", False), ("Hi <speak>", False), ("", False)])  # fmt: skip
def test_looks_like_ssml(start: str, is_it: bool) -> None:
    assert looks_like_ssml(start + "x</speak>") is is_it


@pytest.mark.parametrize(
    "unit", ["<s>a</s>", "<break/>", "a<sub alias='b'>c</sub>", "<mark name='m'/>", "<x/>a ", ", "]
)
def test_cost_is_linear(unit: str) -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        parse(f"<speak>{unit * count}</speak>")
        return time.process_time() - start

    seconds(100)
    # Again if it was slow: a pause of the interpreter's own comes once.
    assert any(seconds(8000) < 10 * seconds(2000) + 0.05 for _ in range(3))


def test_spans_are_fit_for_the_front_end(front_end: FrontEnd) -> None:
    (span,) = spans('<say-as interpret-as="characters">AB</say-as> <phoneme ph="haɪ">hi</phoneme>')
    (sentence,) = front_end(span.text)
    assert [word.source for word in sentence.words] == ["text"] * 3

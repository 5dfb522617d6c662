"""Marked-up text through the front end: read as if it had no markup, each word with its span."""

import random

import pytest

from tiedtts.text import first_clause
from tiedtts.text.frontend import FrontEnd, LeftOut, Sentence
from tiedtts.text.markup.ssml import parse

PIECES = (
    *("Hello", "Dr. Smith", "$5.50", "5 p.m.", "e.g. this", ", and", "one.", "Two!", "(three)", "well-known"),
    *(
        "\u65e5\u672c",
        "\U0001f642",
        "...",
        "{HH AH0}",
        "3/4",
        "The",
        "https://x.org/a?b=1",
        "-",
        '"so"',
        "* * *",
    ),
    "the people of the valley came down from the hills,",
)


def read(inside: str, front_end: FrontEnd) -> list[Sentence]:
    return list(front_end.read_spans(parse(f"<speak>{inside}</speak>").spans, LeftOut()))


@pytest.mark.parametrize(
    "inside",
    [
        "Dr. <emphasis>Smith</emphasis> read 3.5 GB.",
        "They came, e.g. <emphasis>on foot</emphasis>, at <prosody rate='slow'>5 p.m.</prosody> today. So?",
        "<prosody pitch='high'>Who?</prosody> I <mark name='x'/>have read it<mark name='y'/>.",
        "A <emphasis>well-known</emphasis> actor, <prosody volume='+6dB'>who cost $5</prosody>!",
    ],
)
def test_markup_changes_no_word(inside: str, front_end: FrontEnd) -> None:
    plain = "".join(part.partition(">")[2] if n else part for n, part in enumerate(inside.split("<")))
    sentences = read(inside, front_end)
    assert [(s.text, s.words, s.phones) for s in sentences] == [
        (s.text, s.words, s.phones) for s in front_end(plain)
    ]


def test_words_know_their_span(front_end: FrontEnd) -> None:
    (sentence,) = read("It cost <prosody rate='200%'>$45</prosody>, I <emphasis>think</emphasis>.", front_end)
    assert sentence.prosody is not None
    said = dict(zip((phone.word for phone in sentence.phones), sentence.prosody.speed, strict=True))
    assert [word.text for word in sentence.words] == "It cost forty five dollars I think".split()
    assert [said[n] for n in range(7)] == [1, 1, 2, 2, 2, 1, 0.92]


def test_a_break_is_a_pause_of_its_sentence(front_end: FrontEnd) -> None:
    (sentence,) = read("One <break time='2s'/> boat.", front_end)
    assert [p.symbol for p in sentence.phones] == "sil W AH N , B OW T .".split()
    assert sentence.prosody is not None
    assert sentence.prosody.silence == (0, 0, 0, 0, 2, 0, 0, 0, 0)


def test_nothing_is_lost(front_end: FrontEnd) -> None:
    """Every pause and every mark of a text comes out once, wherever it stands."""
    chance = random.Random(1)

    def inside(depth: int = 0) -> str:
        made = []
        for _ in range(chance.randint(1, 5)):
            kind = chance.random()
            within = inside(depth + 1) if depth < 4 and kind > 0.7 else ""
            if kind > 0.7 and within:
                tag = chance.choice(("prosody rate='slow'", "emphasis", "s", "p"))
                made.append(f"<{tag}>{within}</{tag.partition(' ')[0]}>")
            elif kind > 0.6:
                made.append(chance.choice(("<break time='50ms'/>", "<break time='1s'/>")))
            elif kind > 0.5:
                made.append(f"<mark name='{chance.randint(0, 9)}'/>")
            else:
                made.append(chance.choice(PIECES))
            made.append(" " if chance.random() < 0.8 else "")
        return "".join(made)

    spoken = 0
    for _ in range(300):
        spans = parse(f"<speak>{inside()}</speak>").spans
        sentences = list(first_clause.cut(front_end.read_spans(spans, LeftOut())))
        if not sentences:
            continue
        spoken += 1
        found = [s.prosody for s in sentences if s.prosody is not None]
        assert len(found) == len(sentences)
        silence = sum((s.before or 0) + s.after for s in sentences) + sum(sum(d.silence) for d in found)
        assert silence == pytest.approx(sum(span.pause for span in spans))
        names = [span.mark for span in spans if span.mark is not None]
        assert [place.name for d in found for place in d.marks] == names
        for sentence, prosody in zip(sentences, found, strict=True):
            values = (prosody.speed, prosody.pitch, prosody.volume, prosody.silence)
            assert {len(value) for value in values} == {len(sentence.phones)}
            assert "\ue001" not in sentence.text
    assert spoken > 200


@pytest.mark.parametrize(
    ("inside", "shown"),
    [
        ("The <say-as interpret-as='characters'>NASA</say-as> code.", "The NASA code."),
        ("A <phoneme ph='tu'>two</phoneme>, <say-as interpret-as='characters'>AB</say-as>!", "A two, AB!"),
        ("<sub alias='{HH AY1}'>hi</sub> <say-as interpret-as='characters'>XY</say-as>", "hi XY"),
        ("It is {HH AY1} there.", "It is {HH AY1} there."),
    ],
)
def test_what_is_spelled_is_shown_as_it_is_written(inside: str, shown: str, front_end: FrontEnd) -> None:
    (sentence,) = read(inside, front_end)
    assert sentence.text == shown
    assert all(0 <= start < end <= len(shown) for start, end in sentence.places)

"""Each spoken word keeps the span of the written text it was read from."""

import itertools
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiedtts.text.frontend import FrontEnd, LeftOut, Sentence, Word
from tiedtts.text.markup.ssml import parse

FRONT_END = FrontEnd()


def words_of(text: str, front_end: FrontEnd = FRONT_END) -> list[Word]:
    return [word for sentence in front_end(text) for word in sentence.words]


def marked_up(source: str) -> list[Sentence]:
    return list(FRONT_END.read_spans(parse(source).spans, LeftOut()))


def grouped(words: list[Word]) -> str:
    """Return `written: words` for each stretch of words that were read from the same span."""
    return " | ".join(
        f"{written}: {' '.join(word.text for word in group)}"
        for (written, _), group in itertools.groupby(words, lambda word: (word.written, word.span))
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It cost $100.", "It: It | cost: cost | $100: one hundred dollars"),
        ("-$1.50!", "-$1.50: minus one dollar fifty cents"),
        ("$5 million", "$5 million: five million dollars"),
        ("on July 4, 2020", "on: on | July: July | 4: fourth | 2020: twenty twenty"),
        ("2020-01-02", "2020-01-02: January second twenty twenty"),
        ("the 3rd of May", "the: the | 3rd: third | of: of | May: May"),
        ("at 5:30pm EST", "at: at | 5:30pm EST: five thirty PM EST"),
        ("Dr. Smith vs. Mr Jones", "Dr.: Doctor | Smith: Smith | vs.: versus | Mr: Mister | Jones: Jones"),
        ("the U.S. and J. R. R. T.", "the: the | U.S.: US | and: and | J. R. R.: JRR | T: T"),
        ("5 km, 3kg", "5 km: five kilometers | 3kg: three kilograms"),
        ("20% of 1,234.5", "20%: twenty percent | of: of | 1,234.5: one thousand two hundred and thirty four point five"),
        ("10-20 boats", "10: ten | -: to | 20: twenty | boats: boats"),
        ("me@x.org", "me: me | @: at | x: x | .: dot | org: org"),
        ("Henry VIII", "Henry: Henry | VIII: the eighth"),
        ("iPhone15 and MP3s", "iPhone: iPhone | 15: fifteen | and: and | MP: MP | 3s: threes"),
        ("a well-known {HH AY1} R&D", "a: a | well-known: well-known | {HH AY1}: {HH AY1} | R: R | &: and | D: D"),
        ("\u201cOh\u2026\u201d he\u00a0said \u2014 \u00bd\u00a0mile", "Oh: Oh | he: he | said: said | \u00bd: one half | mile: mile"),
        ("cafe\u0301 Stra\u00dfe", "cafe\u0301: cafe | Stra\u00dfe: Strasse"),
        ("ok \U0001f642 \u043c\u0438\u0440 5 m\u00b2", "ok: ok | 5 m\u00b2: five square meters"),
        ("'tis the dogs' 'house'", "'tis: 'tis | the: the | dogs': dogs' | house: house"),
        ("One.\n\n\tTwo\r\nlines.\r\n\r\nThree 3", "One: One | Two: Two | lines: lines | Three: Three | 3: three"),
    ],
)  # fmt: skip
def test_what_words_were_read_from(text: str, expected: str) -> None:
    words = words_of(text)
    assert all(text[slice(*word.span)] == word.written for word in words)
    assert grouped(words) == expected


def test_spans_of_several_paragraphs() -> None:
    text = "A cat.\n\n  It sat\non 2 mats.\r\n\r\n- B\n- C"
    assert [word.span for word in words_of(text)] == [
        *((0, 1), (2, 5), (10, 12), (13, 16), (17, 19), (20, 21), (22, 26), (33, 34), (37, 38))
    ]


def test_user_lexicons(tmp_path: Path) -> None:
    (tmp_path / "a.lex").write_text("c++ = see plus plus\n")
    words = words_of("I like C++, 5 kg of it", FrontEnd(tmp_path / "a.lex"))
    assert grouped(words) == "I: I | like: like | C++: C++ | 5 kg: five kilograms | of: of | it: it"


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("I paid <emphasis>$100</emphasis>.", "I: I | paid: paid | $100: one hundred dollars"),
        ("<sub alias='World Wide Web'>WWW</sub> &amp; so", "WWW: World Wide Web | &amp;: and | so: so"),
        ("<say-as interpret-as='date'>2020-01-02</say-as>, ok", "2020-01-02: January second twenty twenty | ok: ok"),
        ("a<say-as interpret-as='characters'>bc</say-as>", "a: a | bc: {B IY1} {S IY1}"),
        ("<phoneme alphabet='x-arpabet' ph='HH AY1'>hi</phoneme>", "hi: {HH AY1}"),
        ("<phoneme alphabet='x-arpabet' ph='HH AY1'/> you", "<phoneme alphabet='x-arpabet' ph='HH AY1'/>: {HH AY1} | you: you"),
        ("<s>\u00fcber 5</s>\r\n<break time='1s'/> <p>\u201cso\u201d<mark name='m'/> <![CDATA[a&b 2]]></p>", "\u00fcber: uber | 5: five | so: so | a: a | &: and | b: b | 2: two"),
        ("b&#97;d &#x1F642; z", "b&#97;d: bad | z: z"),
    ],
)  # fmt: skip
def test_marked_up_text(inside: str, expected: str) -> None:
    source = f"\n<?xml version='1.0'?>\n<speak>\u00e9t\u00e9 \u4e2d {inside}</speak>"
    words = [word for sentence in marked_up(source) for word in sentence.words]
    assert all(source[slice(*word.span)] == word.written for word in words)
    assert words[0].written == "\u00e9t\u00e9"
    assert grouped(words[1:]) == expected


def test_a_part_of_a_sentence_is_as_written() -> None:
    clause = "they paid $5 for the brown fox and the lazy dog, "
    sentences = FRONT_END(clause * 30 + "\u2018so\u2019.")
    assert len(sentences) > 2
    assert " ".join(sentence.text for sentence in sentences) == clause * 30 + "'so'."
    for sentence in sentences:
        assert len(sentence.places) == len(sentence.words)
        for word, place in zip(sentence.words, sentence.places, strict=True):
            shown = sentence.text[slice(*place)]
            assert shown == word.written
            assert shown in (word.text, "$5")


PLAIN = (
    "the cat sat on Dr. Smith's well-known mat, and NASA paid $5.50 (or 3/4 km) at 5 p.m. on May 3rd".split()
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*PLAIN, "caf\u00e9", "e\u0301t", "\u201cso\u201d", "10-20", "\U0001f642"]),
            st.sampled_from(" \n\t\u00a0"),
        ),
        max_size=30,
    )
)
def test_ordinary_text_is_read_in_order(pieces: list[tuple[str, str]]) -> None:
    text = "".join(itertools.chain.from_iterable(pieces))
    words = words_of(text)
    spans = [word.span for word in words]
    assert spans == sorted(spans)
    for word in words:
        assert 0 <= word.span[0] < word.span[1] <= len(text)
        assert text[slice(*word.span)] == word.written == word.written.strip()
        plain = unicodedata.normalize("NFKD", word.written).encode("ascii", "ignore").decode()
        if plain.isalpha() and word.text.isascii() and word.written.lower() not in ("dr", "km", "pm"):
            assert plain.lower() in (word.text.lower(), word.text.lower() + "s"), word


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.text(
        st.one_of(st.characters(), st.sampled_from("12 .,:/-$%'\"{}aAexMIVst#@\u00b2\u00bd\u0301\n")),
        max_size=40,
    )
)
def test_any_text_has_spans_within_it(text: str) -> None:
    for sentence in FRONT_END.read("".join(text.split("{")), LeftOut()):
        assert len(sentence.places) == len(sentence.words)
        for word, (start, end) in zip(sentence.words, sentence.places, strict=True):
            assert 0 <= start < end <= len(sentence.text)
            assert word.written

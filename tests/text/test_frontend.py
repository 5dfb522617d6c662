import subprocess
import sys
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiedtts.text.frontend import FrontEnd, Sentence
from tiedtts.text.phones import CLAUSES, PAUSES, SILENCE

SPEAK = FrontEnd()


def labels(text: str) -> str:
    return " | ".join(" ".join(phone.label for phone in sentence.phones) for sentence in SPEAK(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", "sil HH AH0 L OW1 , W ER1 L D !"),
        ("the apple and the pear", "sil DH IY0 AE1 P AH0 L AH0 N D DH AH0 P EH1 R ."),
        ("I go to eat.", "sil AY1 G OW1 T UW0 IY1 T ."),
        ("I go to bed.", "sil AY1 G OW1 T AH0 B EH1 D ."),
        ("What to?", "sil W AH1 T T UW1 ?"),
        ("A cat", "sil AH0 K AE1 T ."),
        ("plan A is", "sil P L AE1 N EY1 IH1 Z ."),
        ("cat - dog; cow: hen (pig) ox", "sil K AE1 T , D AO1 G , K AW1 , HH EH1 N , P IH1 G , AA1 K S ."),
        ("cat—dog -- cow", "sil K AE1 T , D AO1 G , K AW1 ."),
        ("Oh, (really)?! Yes...", "sil OW1 , R IH1 L IY0 ! | sil Y EH1 S ."),
        ("...so? no", "sil S OW1 ? N OW1 ."),
        ("Hi. You.", "sil HH AY1 . | sil Y UW1 ."),
        ("well-known", "sil W EH1 L N OW1 N ."),
        ("“don’t”", "sil D OW1 N T ."),
        ("{HH AH0 L OW1}, you", "sil HH AH0 L OW1 , Y UW1 ."),
        ("{hh ah l ow0}", "sil HH AH1 L OW0 ."),
        ("café", "sil K AH0 F EY1 ."),
        ("$5", "sil F AY1 V D AA1 L ER0 Z ."),
        ("3 am", "sil TH R IY1 EY1 EH1 M ."),
        ("US it", "sil Y UW1 EH1 S IH1 T ."),
        ("iOS", "sil AY1 OW1 EH1 S ."),
        ("Ios", "sil IY1 OW0 S ."),
        ("the OS", "sil DH IY0 OW1 EH1 S ."),
        ("GIVE US IT", "sil G IH1 V AH1 S IH1 T ."),
    ],
)
def test_phones(text: str, expected: str) -> None:
    assert labels(text) == expected


def test_factors() -> None:
    (sentence,) = SPEAK("A bee, I see?")
    rows = [(p.symbol, p.stress, p.position, CLAUSES[p.clause], p.word) for p in sentence.phones]
    assert rows == [
        ("sil", 0, 0, ",", -1),
        ("AH", 1, 4, ",", 0),
        ("B", 0, 1, ",", 1),
        ("IY", 2, 3, ",", 1),
        (",", 0, 0, ",", -1),
        ("AY", 2, 4, "?", 2),
        ("S", 0, 1, "?", 3),
        ("IY", 2, 3, "?", 3),
        ("?", 0, 0, "?", -1),
    ]
    assert sentence.ids.shape == (9, 4)
    assert sentence.ids.dtype == np.int64
    assert [word.text for word in sentence.words] == ["A", "bee", "I", "see"]


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("Dr. Smith met J. R. Brown at 5 p.m. in St. Louis. He left.", 2),
        ("It cost $3.50. Cheap!", 2),
        ('"Stop!" he said. "Why?" she asked.', 2),
        ("He said no. Then yes.", 2),
        ("The U.S. Army came. I saw it.", 2),
        ("one line\nand the next\n\nA new paragraph", 2),
        ("- milk\n- eggs", 2),
        ("See Fig. 3 and No. 5 etc. for more.", 1),
        ("hello there. how are you", 2),
        ("wait... what", 1),
    ],
)
def test_sentences(text: str, texts: int) -> None:
    assert len(SPEAK(text)) == texts


def test_text_is_as_written() -> None:
    assert [sentence.text for sentence in SPEAK("It’s $5.   Yes, {Y EH1 S}! 🙂 Café")] == [
        "It's $5.",
        "Yes, {Y EH1 S}!",
        "Café",
    ]


def test_paragraphs_are_counted(front_end: FrontEnd) -> None:
    text = "One. Two,\nthree.\n\n* * *\n \nFour. Five.\n- six\n- seven"
    assert [(s.text, s.paragraph) for s in front_end(text)] == [
        *(("One.", 0), ("Two, three.", 0), ("Four.", 2), ("Five.", 2), ("- six", 2), ("- seven", 2))
    ]


@pytest.mark.parametrize("text", ["", "   ", "?!…", "\x00\x07", "-", "'", "{}", "{ }"])
def test_nothing_to_say(text: str) -> None:
    analysis = SPEAK.analyse(text)
    assert analysis.sentences == ()
    assert analysis.warnings[-1] == "nothing to say: the text has no words"


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("Привет мир and hello", "skipped 2 words in Cyrillic script, the first: Привет"),
        ("日本語 hello", "skipped 1 word in CJK script, the first: 日本語"),
        ("hi 🙂 and 👍🏽 there", "skipped 2 emoji"),
        ("a } b", "dropped 1 unmatched brace"),
        ("{a { b", "dropped 2 unmatched braces"),
    ],
)
def test_warnings(text: str, warning: str) -> None:
    analysis = SPEAK.analyse(text)
    assert analysis.warnings == (warning,)
    assert len(analysis.sentences) == 1


@pytest.mark.parametrize(
    ("text", "same", "warning"),
    [
        ("say {HH QQ AW1}", "say {HH AW1}", "left out `QQ` in `{HH QQ AW1}`, which is not a phone"),
        ("Dear {name},", "Dear name,", "read 1 text in braces as words"),
        ("{{ user.id }} {b: 1}", "user.id b: one", "read 2 texts in braces as words"),
        ("for (;;) { go(); }", "for (;;) go();", "read 1 text in braces as words"),
        ("{QQ}", "QQ", "read 1 text in braces as words"),
    ],
)
def test_braces_without_phones(front_end: FrontEnd, text: str, same: str, warning: str) -> None:
    analysis = front_end.analyse(text)
    assert analysis.warnings[0].startswith(warning)
    assert phones(analysis.sentences) == phones(front_end(same))


def phones(found: Iterable[Sentence]) -> list[str]:
    return [phone.label for sentence in found for phone in sentence.phones if phone.is_speech]


def test_words_on_their_own() -> None:
    words = {text: SPEAK(text)[0].words[0] for text in ("hello", "unquenchable", "zorbik", "{B IY1}")}
    assert words["hello"].phones == ("HH", "AH0", "L", "OW1")
    assert {text: word.source for text, word in words.items()} == {
        "hello": "lexicon",
        "unquenchable": "rule",
        "zorbik": "g2p-en",
        "{B IY1}": "text",
    }
    assert SPEAK("?") == []


def test_long_runs_are_cut_at_pauses() -> None:
    clause = "the quick brown fox jumps over the lazy dog, "
    sentences = SPEAK(clause * 40)
    assert len(sentences) > 3
    assert all(len(sentence.phones) <= 302 for sentence in sentences)
    assert all(sentence.words[0].text == "the" for sentence in sentences)
    assert sum(len(sentence.words) for sentence in sentences) == 360
    assert [sentence.goes_on for sentence in sentences] == [True] * (len(sentences) - 1) + [False]


@pytest.mark.parametrize(
    "text", ["a" * 20000, "1" * 20000, "ab" * 5000 + "!", "a-" * 5000, "{AA}" * 2000, "\ud800\ue000x\u202e"]
)
def test_odd_text(text: str) -> None:
    sentences = SPEAK(text)
    assert sentences
    assert all(len(sentence.phones) <= 302 for sentence in sentences)


ALPHABET = st.one_of(
    st.characters(),
    st.sampled_from(list("aeb's .,?!-{}()$%#@&/:;0123456789\n\u0301\ud800\ue000ſß½²🙂я中")),
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(ALPHABET, max_size=60))
def test_any_text_gives_whole_sentences(text: str) -> None:
    analysis = SPEAK.analyse(text)
    assert bool(analysis.sentences) or "nothing to say" in analysis.warnings[-1]
    for sentence in analysis.sentences:
        symbols = [phone.symbol for phone in sentence.phones]
        assert symbols[0] == SILENCE
        assert symbols[1] not in PAUSES
        assert symbols[-1] in ".?!"
        assert not any(a in PAUSES and b in PAUSES for a, b in pairwise(symbols))
        assert SILENCE not in symbols[1:]
        assert {p.word for p in sentence.phones if p.is_speech} == set(range(len(sentence.words)))


def test_import_is_light() -> None:
    code = (
        "import sys, tiedtts.text.frontend as f; f.FrontEnd()('Zorbik met 5 frobnicators.');"
        "sys.exit(' '.join({'torch', 'nltk', 'inflect', 'librosa', 'g2p_en'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stderr.strip(), done.returncode) == ("", 0)

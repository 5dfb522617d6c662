import itertools
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tiedtts.errors import TextError
from tiedtts.text.frontend import FrontEnd
from tiedtts.text.pronounce import user_lexicon
from tiedtts.text.pronounce.lexicon import CMUDICT, Lexicon, pack, read_cmudict
from tiedtts.text.pronounce.user_lexicon import Entry

LINES = """;;; a comment
'bout B AW1 T
a AH0
a(2) EY1
aalborg AO1 L B AO0 R G # place, danish
zz Z
"""


def test_pack_round_trip() -> None:
    words = read_cmudict(LINES.splitlines())
    lexicon = Lexicon(pack(words))
    assert {word: list(lexicon.get(word)) for word in words} == words
    assert lexicon.get("a") == (("AH0",), ("EY1",))
    for unknown in ("", "aa", "z", "zzz", "b\n", "\n", "é", "aalbor", "\ud800"):
        assert lexicon.get(unknown) == ()
        assert unknown not in lexicon


def test_shipped_dictionary() -> None:
    lexicon = Lexicon.open()
    assert CMUDICT.stat().st_size < 2_200_000
    assert lexicon.get("hello")[0] == ("HH", "AH0", "L", "OW1")
    assert lexicon.get("zywicki") != ()
    assert lexicon.get("'bout") == (("B", "AW1", "T"),)
    assert "tiedtts" not in lexicon


def test_bad_packing() -> None:
    with pytest.raises(TextError, match="unknown phone `QQ` in `word`"):
        pack({"word": [("QQ",)]})
    with pytest.raises(TextError, match="must be ASCII"):
        pack({"wörd": [("W",)]})
    with pytest.raises(TextError, match="not a packed lexicon"):
        Lexicon(b"hello")


def test_user_lexicon(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text(
        "# mine\n\nKubectl = cube control\nnginx\tEH1 N JH IH0 N EH1 K S  # server\nhello  HH EH1 L OW2\n"
        "hello(2)  B\nC# = see sharp\nk8s = kates\nDr. = drummer\n",
        encoding="utf-8",
    )
    entries = user_lexicon.read(path).entries
    assert entries["kubectl"] == Entry(respelling="cube control")
    assert entries["hello"] == Entry(phones=("HH", "EH1", "L", "OW2"))
    speak = FrontEnd(path)
    mine = f"user lexicon {path}"

    def said(text: str) -> list[tuple[str, str, str]]:
        return [(w.text, " ".join(w.phones), w.source) for s in speak(text) for w in s.words]

    assert said("nginx") == [("nginx", "EH1 N JH IH0 N EH1 K S", mine)]
    assert said("Kubectl!") == [("Kubectl", "K Y UW1 B K AH0 N T R OW1 L", mine)]
    assert said("HELLO") == [("HELLO", "HH EH1 L OW2", mine)]
    assert said("C#")[0][2] == mine
    assert said("k8s")[0][1] == "K EY1 T S"
    assert said("hello's")[0][1] == "HH EH1 L OW2 Z"
    assert said("othello")[0][2] == "lexicon"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("word  HH QQ", "`QQ` is not a phone"),
        ("word", "`word` has no phones"),
        ("word =", "no words after `=`"),
        ("word = ...", "`word` has no words in `...`"),
        ("= hello", "no"),
        ("word  /hɛˈl£/", "`£` is no sound of English in IPA"),
        ("word  hɛˈl£", "`£` is no sound of English in IPA"),
        ("word  /ˈ/", "has no sounds"),
        ("gif = {JH QQ}", "`QQ` in `{JH QQ}` is not a phone"),
        ("gif = {JH IH1 F", "holds no phones"),
        ("gif = a {} b", "`{}` holds no phones"),
        ("New York  N QQ", "`QQ` is not a phone"),
        ("word HH AX9 L", "`AX9` is not a phone"),
        ('"New York', "no word in its quotes"),
        ('""  HH', "no word in its quotes"),
        ("@2000 a = b", "a priority is -1,000 to 1,000, got: 2000"),
        ("@5 a", "`a` has no phones"),
        ("/(a/ = b", "`/(a/` is no regular expression: missing"),
        ("/(a)/ = \\2", "cannot be filled in: invalid group reference 2"),
        ("/(a)/ = \\g<x>", "cannot be filled in: unknown group name"),
        ("/a/ = \\d", "cannot be filled in: bad escape"),
        ("/a*/ = b", "finds nothing at all"),
        ("/a/x = b", "a flag that there is not: x"),
        ("/a/ = ", "no words after `=`"),
        ("/a/", "`/a/` has no phones"),
        ("/a/  QQ", "`QQ` is not a phone"),
    ],
)
def test_bad_user_lexicon(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "words.txt"
    path.write_text(f"fine  F AY1 N\n{line}\n", encoding="utf-8")
    with pytest.raises(TextError, match=re.escape(message)) as caught:
        user_lexicon.read(path)
    assert f"{path}:2: " in str(caught.value)
    assert caught.value.hint


def test_a_later_lexicon_wins(tmp_path: Path) -> None:
    general, own = tmp_path / "general.txt", tmp_path / "own.txt"
    general.write_text("nginx  N\nredis  R\nsqlite = my lite\nmy  M\n", encoding="utf-8")
    own.write_text("nginx  EH1 N\nnginx  G\nmy  M AH1\n", encoding="utf-8")
    for files, phones in (((general, str(own)), "EH1 N"), ((own, general), "N"), (own, "EH1 N")):
        (word,) = FrontEnd(files)("nginx")[0].words
        assert " ".join(word.phones) == phones
        assert word.source == f"user lexicon {own if phones == 'EH1 N' else general}"
    (word,) = FrontEnd([general, own])("sqlite")[0].words
    assert word.phones[:2] == ("M", "AH1"), "a respelling is read with all of them"
    assert word.source == f"user lexicon {general}"


def test_missing_user_lexicon(tmp_path: Path) -> None:
    with pytest.raises(TextError, match="cannot read the lexicon"):
        user_lexicon.read(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("foo = foo", "foo"),
        ("foo = bar\nbar = baz foo\nbaz = hello", "bar"),
        ("\n".join(f"w{chr(97 + k)}q = w{chr(98 + k)}q" for k in range(24)) + "\nwyq = waq", "waq"),
    ],
)
def test_a_lexicon_that_refers_to_itself(tmp_path: Path, lines: str, text: str) -> None:
    (tmp_path / "a.lex").write_text(lines)
    front_end = FrontEnd(tmp_path / "a.lex")
    with pytest.raises(TextError, match="refers to itself") as error:
        front_end(f"Say {text}.")
    assert len(str(error.value)) <= 240
    assert front_end("Say hello.")
    # Whatever has happened before.
    with pytest.raises(TextError, match="refers to itself"):
        front_end(f"Say {text}.")


def test_a_few_entries_ask_for_no_billion_phones(tmp_path: Path) -> None:
    names = [f"q{chr(97 + k)}q" for k in range(26)]
    rows = [f"{one} = {two} {two} {two} {two}" for one, two in itertools.pairwise(names)]
    (tmp_path / "a.lex").write_text("\n".join(rows))
    with pytest.raises(TextError, match=r"`q.q` comes to more than 3000 phones"):
        FrontEnd(tmp_path / "a.lex")("qaq")


def test_entries_may_refer_to_others(tmp_path: Path) -> None:
    (tmp_path / "a.lex").write_text("foo = bar bar\nbar = hello")
    (sentence,) = FrontEnd(tmp_path / "a.lex")("foo")
    assert sentence.words[0].phones == ("HH", "AH0", "L", "OW1") * 2


@pytest.mark.parametrize(
    "data", [bytes(1_000_000), b"x" * 1_000_000, b"\x1b[31m q", b"a \x1b[0m" + b"Q" * 10_000]
)
def test_errors_of_a_lexicon_are_short_and_printable(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.lex").write_bytes(data)
    with pytest.raises(TextError) as error:
        FrontEnd(tmp_path / "a.lex")
    assert len(str(error.value)) <= 240
    assert str(error.value).isprintable()


def test_a_lexicon_is_not_read_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_lexicon, "LARGEST", 100)
    (tmp_path / "a.lex").write_text("hello = hi\n" * 100)
    with pytest.raises(TextError, match="it is larger than 100 bytes"):
        FrontEnd(tmp_path / "a.lex")


def test_letters_that_are_one_in_capitals_only(tmp_path: Path) -> None:
    (tmp_path / "a.lex").write_text("\u017ftop = go", encoding="utf-8")
    assert [word.text for word in FrontEnd(tmp_path / "a.lex")("Stop.")[0].words] == ["Stop"]


@pytest.mark.parametrize("word", ["pâté", "pa\u0302te\u0301", "Pâté"])
def test_entries_with_accents_are_found(tmp_path: Path, word: str) -> None:
    path = tmp_path / "a.lex"
    path.write_text(f"{word}  B AA1 B\n", encoding="utf-8")
    (sentence,) = FrontEnd(path)("A pâté and a pate.")
    assert [word.phones for word in sentence.words if word.text != "a"][1] == ("B", "AA1", "B")
    assert sentence.words[4].phones == ("P", "EY1", "T")


def spoken(tmp_path: Path, lines: str, text: str) -> list[str]:
    path = tmp_path / "a.lex"
    path.write_text(lines, encoding="utf-8")
    return [" ".join(word.phones) for sentence in FrontEnd(path)(text) for word in sentence.words]


@pytest.mark.parametrize(
    "line",
    [
        "gyros = yeero",
        "gyros =yeero",
        "gyros=yeero",
        "gyros  /ˈjɪroʊ/",
        "gyros  [ˈjɪroʊ]",
        "gyros ˈjɪroʊ",
        "gyros = /ˈjɪroʊ/",
        "gyros\tY IH1 R OW0",
        "gyros Y IH1  R OW0",
        "gyros = {Y IH1 R OW0}",
        '"gyros" Y IH1 R OW0',
        '"gyros" = {Y IH1} row',
        "/gyros/ = yeero",
        "/GYROS/i  Y IH1 R OW0",
        "/gyros/  /ˈjɪroʊ/",
        "/gyr(os)?/ = {Y IH1 R OW0}",
        "@7 gyros = yeero # as in Athens",
        "Gyros(2)  Y IH1 R OW0",
    ],
)
def test_ways_to_write_a_reading(tmp_path: Path, line: str) -> None:
    (phones,) = spoken(tmp_path, f"{line}\n", "gyros")
    assert phones.startswith("Y I")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("New York = x", "In new\n  york now."),
        ("new york  EH1 K S", "In NEW YORK now."),
        ('"New  York"  EH1 K S', "In New York now."),
        ("New York  /ɛks/", "In New York now."),
        ("New York /ɛks/", "In New York now."),
        ("hors d’oeuvre = x", "In hors d'oeuvre now."),
        ("hors d'oeuvre = x", "In hors d’oeuvre now."),
        ("/New (York|England)/ = x", "In New England now."),
    ],
)
def test_phrases_of_several_words(tmp_path: Path, line: str, text: str) -> None:
    assert spoken(tmp_path, line, text) == ["IH0 N", "EH1 K S", "N AW1"]


def test_phrases_may_own_something(tmp_path: Path) -> None:
    assert spoken(tmp_path, "New York = hello", "New York's")[0] == "HH AH0 L OW1 Z"


def test_patterns_with_groups(tmp_path: Path) -> None:
    text = "v2.1 and 3x of R2D2: 5"
    lines = (
        "/v(\\d+)\\.(\\d+)/ = version $1 dot \\2\n/(?P<n>\\d)x/ = \\g<n> times\n"
        "/R(\\d)D\\1/  AA1\n/: (\\d)/ = $9 $1\n"
    )
    path = tmp_path / "a.lex"
    path.write_text(lines)
    (sentence,) = FrontEnd(path)(text)
    assert [word.text for word in sentence.words] == [
        *("version", "two", "dot", "one", "and", "three", "times", "of", "{AA1}", "nine", "dollars", "five")
    ]
    assert {text[slice(*word.span)] for word in sentence.words[:4]} == {"v2.", "1"}
    assert sentence.words[0].source == f"user lexicon {path}"
    assert sentence.words[4].source == "lexicon"


def test_several_pieces_of_one_match_keep_their_order(tmp_path: Path) -> None:
    lines = "/xyz/ = one {B IY1} two {S IY1} one\ntwo  T\none  W\n"
    assert spoken(tmp_path, lines, "xyz xyz") == ["W", "B IY1", "T", "S IY1", "W"] * 2


def test_numbers_and_signs_in_a_respelling(tmp_path: Path) -> None:
    (phones,) = spoken(tmp_path, "abc = 2 & {B IY1} 3", "abc")
    assert phones == "T UW1 AH0 N D B IY1 TH R IY1"


def test_priorities(tmp_path: Path) -> None:
    first, second = tmp_path / "a.lex", tmp_path / "b.lex"
    first.write_text(
        "@5 abc = one\nxyz = one\n/ab./ = two\n@2 new york = one\n/q+/ = one\n/qq/ = two\n@-1 pop = one\n/po./ = two\n"
    )
    second.write_text("abc = two\nxyz = two\n@1 new = two\n@1 york = three\n/q/ = three\n")

    def said(text: str, *files: Path) -> list[str]:
        return [word.text for word in FrontEnd(files)(text)[0].words]

    def sounds(text: str, *files: Path) -> list[str]:
        return [word.phones[0] for word in FrontEnd(files)(text)[0].words]

    assert sounds("abc", first, second) == sounds("abc", second, first) == ["W"]
    assert sounds("xyz", first, second) == ["T"]
    assert sounds("xyz", second, first) == ["W"]
    assert sounds("new york", first, second) == ["W"]
    assert sounds("new", first, second) == ["T"]
    assert said("qq", first) == ["one"]
    assert said("q q", first, second) == ["three", "three"]
    assert said("pop", first) == ["two"]


@pytest.mark.parametrize("seed", range(3))
def test_any_line_is_read_or_refused_with_its_number(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    pieces = (
        *("word", " ", "  ", "\t", "=", "/", "\\", "(", ")", "[", "]", "{", "}", '"', "#", "@5 ", "HH"),
        *("AH0", "ə", "\\1", "$1", "*", "é", "\u2028", "'", "i"),
    )
    path = tmp_path / "a.lex"
    for _ in range(300):
        line = "".join(rng.choices(pieces, k=rng.randint(1, 12)))
        path.write_text(f"fine = good\n{line}\n", encoding="utf-8")
        said = refused(lambda: FrontEnd(path))
        if said:
            assert said.startswith(f"{path}:"), line
            assert len(said) < 400
        else:
            said = refused(lambda: FrontEnd(path)("word fine HH (é) i."))
            assert not said or "refers to itself" in said, line


def refused(call: Callable[[], object]) -> str:
    """Return the message of the error that a call ends with, if it does."""
    try:
        call()
    except TextError as error:
        return str(error)
    return ""

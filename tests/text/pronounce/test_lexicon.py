import itertools
from pathlib import Path

import pytest

from tiedtts.errors import TextError
from tiedtts.text.frontend import FrontEnd
from tiedtts.text.pronounce import user_lexicon
from tiedtts.text.pronounce.lexicon import CMUDICT, Entry, Lexicon, pack, read_cmudict, read_user_lexicon

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
    entries = read_user_lexicon(path)
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
    ],
)
def test_bad_user_lexicon(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "words.txt"
    path.write_text(f"fine  F AY1 N\n{line}\n", encoding="utf-8")
    with pytest.raises(TextError, match=message) as caught:
        read_user_lexicon(path)
    assert f"{path}:2: " in str(caught.value)


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
        read_user_lexicon(tmp_path / "none.txt")


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

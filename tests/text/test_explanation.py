import pytest

from tiedtts.text.explanation import explain
from tiedtts.text.frontend import FrontEnd


def parts(text: str, front_end: FrontEnd) -> list[tuple[str, str]]:
    return [(part.written, " ".join(word.text for word in part.words)) for part in explain(text, front_end)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", [("Hello,", "Hello"), ("world!", "world")]),
        ("It cost $5.20, i.e. less.", [("It", "It"), ("cost", "cost"), ("$5.20,", "five dollars twenty cents"), ("i.e.", "that is"), ("less.", "less")]),
        ("on July 4, 2020 we", [("on", "on"), ("July", "July"), ("4,", "fourth"), ("2020", "twenty twenty"), ("we", "we")]),
        ("a well-known R&D lab", [("a", "a"), ("well-known", "well-known"), ("R&D", "R and D"), ("lab", "lab")]),
        ("hi 🙂 мир you", [("hi", "hi"), ("(emoji)", ""), ("мир", ""), ("you", "you")]),
        ("say {HH AY1} - now", [("say", "say"), ("{HH AY1}", "{HH AY1}"), ("now", "now")]),
        ("One. Two 2.", [("One.", "One"), ("Two", "Two"), ("2.", "two")]),
        ("...", []),
        ("", []),
    ],
)  # fmt: skip
def test_parts(text: str, expected: list[tuple[str, str]], front_end: FrontEnd) -> None:
    assert parts(text, front_end) == expected


def test_sources(front_end: FrontEnd) -> None:
    words = [word for part in explain("{B IY1} bee unquenchable zorbik", front_end) for word in part.words]
    assert [word.source for word in words] == ["text", "lexicon", "rule", "g2p-en"]


@pytest.mark.parametrize(
    "text", ["I read 3 books in 1999.", "B2B, 5kg & a/b " * 30, "x" * 3000, "1 " * 500, ". " * 500]
)
def test_every_word_is_explained(text: str, front_end: FrontEnd) -> None:
    said = [word for sentence in front_end(text) for word in sentence.words]
    assert [word for part in explain(text, front_end) for word in part.words] == said


def test_braces_without_phones_are_words(front_end: FrontEnd) -> None:
    told: list[str] = []
    parts = list(explain("Dear {name},", front_end, warn=told.append))
    assert [word.text for part in parts for word in part.words] == ["Dear", "name"]
    assert "in braces" in told[0]

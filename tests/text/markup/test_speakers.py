"""Scripts and quotation marks: who speaks what, and that nothing but names is left out."""

import pytest

from tiedtts import casting
from tiedtts.settings import Settings
from tiedtts.text.aligned import AlignedText
from tiedtts.text.markup import plain, quotations
from tiedtts.text.markup.speakers import Speakers
from tiedtts.text.structure import documents

CAST = "ALICE=nora, BOB=felix, Lady Macbeth=clara"
LINES = [
    ("ALICE: Hello.\nBOB: Hi.", [("ALICE", "Hello."), ("BOB", "Hi.")]),
    ("Alice:Hello.", [("", "Alice:Hello.")]),
    ("alice : Hello.", [("ALICE", "Hello.")]),
    ("ALICE: One,\ntwo.\n\nThree.", [("ALICE", "One, two."), ("", "Three.")]),
    ("ALICE:\nOne.\n\nTwo.", [("ALICE", "One."), ("", "Two.")]),
    ("ALICE:\n\nOne.\n\nTwo.", [("ALICE", "One."), ("", "Two.")]),
    ("BOB (aside): Hm.", [("BOB", "Hm.")]),
    ("**Bob:** Hm.\n_Alice_: Oh.", [("BOB", "Hm."), ("ALICE", "Oh.")]),
    ("LADY MACBETH: Out!\nLady  Macbeth: Out.", [("Lady Macbeth", "Out!"), ("Lady Macbeth", "Out.")]),
    ("ALICE.\nHello.\nBOB. Hi.", [("ALICE", "Hello."), ("BOB", "Hi.")]),
    ("Ask Alice. Bob: no.", [("", "Ask Alice. Bob: no.")]),
    ("Alice. Hello.", [("", "Alice. Hello.")]),
    ("It is as Bob said: no.", [("", "It is as Bob said: no.")]),
    ("Note: see below.", [("", "Note: see below.")]),
    ("CARL: Me.\nBOB: Who?", [("CARL", "Me."), ("BOB", "Who?")]),
    ("ALICE: Yes\nBOB: No", [("ALICE", "Yes"), ("BOB", "No")]),
    ("NARRATOR: Night.", [("NARRATOR", "Night.")]),
    ('ALICE: He said, "No."', [("ALICE", 'He said, "No."')]),
    ("2001: A Space Odyssey.", [("", "2001: A Space Odyssey.")]),
    ("at 10:30 ALICE: no.", [("", "at 10:30 ALICE: no.")]),
]


def spoken(text: str, **settings: object) -> list[tuple[str, str]]:
    """Return who says what; the sentences of one speaker in a row are one."""
    chosen = Settings(**settings)  # type: ignore[arg-type]
    blocks = None if chosen.markup == "text" else documents.read(text, chosen).blocks
    found: list[tuple[str, str]] = []
    for span in plain.spans(text, chosen, blocks).spans:
        if span.text:
            found.append((span.speaker, " ".join(span.text.split())))
    return found


@pytest.mark.parametrize(("text", "expected"), LINES)
def test_the_lines_of_a_script(text: str, expected: list[tuple[str, str]]) -> None:
    assert spoken(text, cast=CAST) == expected


def test_voices_of_roles() -> None:
    text = "Dawn.\nALICE: Hello.\nCARL: Hi.\nNARRATOR: Night."
    who = {"ALICE": "nora", "default": "oscar", "narrator": "felix"}
    found = plain.spans(text, Settings(cast=who))
    assert [(span.voice, span.text.strip()) for span in found.spans] == [
        *(("", "Dawn."), ("nora", "Hello."), ("oscar", "Hi."), ("felix", "Night."))
    ]
    assert found.warnings == ()
    found = plain.spans(text, Settings(cast={"ALICE": "nora"}))
    assert [span.voice for span in found.spans] == ["", "nora", "", ""]
    assert found.warnings == ("not in the cast: `CARL`, `NARRATOR`, who speak 2 lines",)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("markdown", "# Play\n\n**ALICE:** Hello.\nBOB: Hi.\n\nNight."),
        ("html", "<h1>Play</h1><p><b>ALICE:</b> Hello.<br>BOB: Hi.</p><p>Night."),
    ],
)
def test_scripts_in_documents(markup: str, text: str) -> None:
    expected = [("", "Play"), ("ALICE", "Hello."), ("BOB", "Hi."), ("", "Night.")]
    assert spoken(text, cast=CAST, markup=markup) == expected


def test_code_is_no_script() -> None:
    text = "```\nALICE: x\n```\n"
    assert spoken(text, cast=CAST, markup="markdown", code="read") == [("", "ALICE: x")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"Hello," she said. "Come in."', ['"Hello,"', '"Come in."']),
        ("\u201cHello,\u201d she said, \u201cagain.\u201d", ["\u201cHello,\u201d", "\u201cagain.\u201d"]),
        ("\u2018Don\u2019t,\u2019 he said. \u2018The dogs\u2019 tails.\u2019", ["\u2018Don\u2019t,\u2019", "\u2018The dogs\u2019 tails.\u2019"]),
        ("'Come here,' he said, but 'twas late and the dogs' tails hung.", ["'Come here,'"]),
        ("The so-called \"experts\" met in 'Room 5' to read \"Emma\" aloud.", []),
        ('He said "no" to me.', ['"no"']),
        ('They called it "art", and left.', []),
        ("\u00abOui\u00bb, dit-il.", ["\u00abOui\u00bb"]),
        ("\u201eJa\u201c, sagte er.", ["\u201eJa\u201c"]),
        ("\u201cIt goes on", ["\u201cIt goes on"]),
        ("\u201cHe said, \u2018No.\u2019 and left,\u201d she said.", ["\u201cHe said, \u2018No.\u2019 and left,\u201d"]),
        ('A 27" screen, 6\'2" tall.', []),
        ('"I am 6\'2" tall," he said.', ['"I am 6\'2" tall,"']),
        ('""" ""', []),
        ("rock 'n' roll, '90s", []),
        ('"..."', []),
        ("", []),
    ],
)  # fmt: skip
def test_quotations(text: str, said: list[str]) -> None:
    aligned = AlignedText.of(text)
    assert [text[start:end] for start, end in quotations.find(aligned)] == said


def test_quotation_marks_have_a_voice_of_their_own() -> None:
    text = "\u201cCome in,\u201d she said. Night.\n\nALICE: \u201cNo.\u201d"
    assert spoken(text, cast="quotes=felix, ALICE=nora") == [
        ("quotes", '"Come in,"'),
        *(("", "she said. Night."), ("ALICE", '"No."')),
    ]
    assert spoken(text.partition("\n")[0], cast="quotes=felix, markup=x")[0][0] == "quotes"


@pytest.mark.parametrize("piece", ["'A ", '"A', "\u201c", "ALICE: ", "A: ", "\u2018A, ", "**ALICE", "A B C "])
def test_long_texts_take_no_longer_for_their_length(piece: str) -> None:
    text = AlignedText.of(piece * 20_000)
    turns = list(Speakers(casting.read("ALICE=nora, quotes=felix")).turns(text))
    assert turns[-1].end == len(text) or piece == "ALICE: "

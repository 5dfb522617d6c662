import string

import pytest

from tiedtts.speechd import capitals, characters, keys, punctuation, reading
from tiedtts.speechd.capitals import TONE
from tiedtts.speechd.parameters import Parameters
from tiedtts.text.frontend import FrontEnd, LeftOut
from tiedtts.text.markup.spans import Span


def texts(spans: tuple[Span, ...]) -> list[str]:
    return [f"<{span.mark}>" if span.mark is not None else span.text for span in spans]


@pytest.mark.parametrize(
    ("character", "said"),
    [
        ("a", "{EY1}"),
        ("Z", "{Z IY1}"),
        ("7", "seven"),
        (" ", "space"),
        ("(", "left paren"),
        ("_", "underscore"),
        ("é", "{IY1} acute"),
        ("É", "{IY1} acute"),
        ("e\u0301", "{IY1} acute"),
        ("ß", "sharp {EH1 S}"),
        ("ж", "cyrillic zhe"),
        ("😀", "grinning face"),
        ("…", "ellipsis"),
        ("\u200b", "zero width space"),
        ("\ue000", "character {IY1} zero zero zero"),
    ],
)
def test_every_character_has_a_name(character: str, said: str) -> None:
    assert characters.spoken(character) == said


def test_every_sign_of_the_keyboard_is_named_apart() -> None:
    names = [characters.spoken(sign) for sign in string.punctuation + string.whitespace[:4] + string.digits]
    assert len(set(names)) == len(names)
    assert all(names)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("control_a", "control, {EY1}"),
        ("control_shift_F10", "control, shift, {EH1 F} 10"),
        ("shift_kp-5", "shift, keypad five"),
        ("kp-enter", "keypad enter"),
        ("alt_underscore", "alt, underscore"),
        ("shift__", "shift, underscore"),
        ("_", "underscore"),
        ("prior", "page up"),
        ("next", "page down"),
        ("double-quote", "quote"),
        ("num-lock", "num lock"),
        ("super_Tab", "super, tab"),
        ("XF86AudioPlay", "XF86AudioPlay"),
    ],
)
def test_keys_are_named(key: str, said: str) -> None:
    assert keys.spoken(key) == said


@pytest.mark.parametrize(
    ("level", "text", "said"),
    [
        ("none", "Hi, (you) $5!", "Hi, (you) $5!"),
        ("some", "a+b, (c)", "a plus b, (c)"),
        ("most", "Hi, (you)!", "Hi, left paren you right paren !"),
        ("all", "Hi, you!", "Hi comma, you exclamation mark!"),
        ("all", "3.5", "3 dot 5"),
        ("all", "don't 'quote'", "don't apostrophe quote apostrophe"),
        ("some", "=" * 20, "20 equals"),
        ("some", "a == b", "a equals equals b"),
        ("all", "½ ∑", "½ n ary summation"),
        ("none", "ok 😀", "ok grinning face"),
    ],
)
def test_punctuation_is_named_by_level(level: str, text: str, said: str) -> None:
    assert " ".join(punctuation.named(text, level).split()) == said


def test_signs_of_a_client_take_the_place_of_the_usual_ones() -> None:
    assert " ".join(punctuation.named("a+b?", "some", "?").split()) == "a+b question mark?"


def test_capitals_are_told_by_words_or_tones() -> None:
    assert capitals.spelled("Open the NASA file in A") == "capital Open the all caps NASA file in capital A"
    parts = list(capitals.marked(Span("see Open Office now.", pause=0.5, boundary="sentence")))
    assert texts(tuple(parts)) == ["see", f"<{TONE}>", "Open", f"<{TONE}>", "Office now."]
    assert [(part.pause, part.boundary) for part in parts if part.text] == [
        (0, ""),
        (0, ""),
        (0.5, "sentence"),
    ]


def test_a_message_is_read_as_its_parameters_want_it() -> None:
    source = '<speak>Hi, You.<mark name="m"/> Ok</speak>'
    assert texts(reading.message(source, Parameters())) == ["Hi, You.", "<m>", "Ok"]
    spelled = texts(reading.message(source, Parameters(spelling_mode="on")))
    assert spelled[0] == "{EY1 CH}, {AY1}, comma; {W AY1}, {OW1}, {Y UW1}, dot"
    named = texts(reading.message(source, Parameters(punctuation_mode="all", cap_let_recogn="spell")))
    assert " ".join(named[0].split()) == "capital Hi comma, capital You dot."
    toned = texts(reading.message(source, Parameters(cap_let_recogn="icon")))
    assert toned == [f"<{TONE}>", "Hi,", f"<{TONE}>", "You.", "<m>", f"<{TONE}>", "Ok"]


@pytest.mark.parametrize(
    ("text", "parameters", "said"),
    [
        ("A", Parameters(), ["{EY1}"]),
        ("A", Parameters(cap_let_recogn="spell"), ["capital {EY1}"]),
        ("A", Parameters(cap_let_recogn="icon"), [f"<{TONE}>", "{EY1}"]),
        ("a", Parameters(cap_let_recogn="icon"), ["{EY1}"]),
        ("space", Parameters(), ["space"]),
        ("", Parameters(), ["space"]),
        (" left paren(", Parameters(), [" left paren("]),
    ],
)
def test_single_characters(text: str, parameters: Parameters, said: list[str]) -> None:
    assert texts(reading.character(text, parameters)) == said


@pytest.mark.parametrize("level", ["none", "some", "most", "all"])
@pytest.mark.parametrize("capital", ["none", "spell", "icon"])
def test_whatever_is_written_can_be_said(level: str, capital: str) -> None:
    parameters = Parameters(punctuation_mode=level, cap_let_recogn=capital)
    written = (
        "".join(map(chr, range(32, 0x180))).replace("&", "&amp;").replace("<", "&lt;") + " Ωж中😀\ufffd{"
    )
    spans = reading.message(f"<speak>{written}</speak>", parameters)
    assert list(FrontEnd().read_spans(spans, LeftOut()))

"""The end of a text that is still coming: halves of characters, whole words, sentences that sound whole."""

import pytest

from tiedtts.text import unfinished


@pytest.mark.parametrize(
    ("text", "piece", "both"),
    [
        ("Fine \ud83d", "\ude00. So", "Fine \U0001f600. So"),
        ("Fine \ud83d", "", "Fine \ud83d"),
        ("Fine \ud83d", "a", "Fine \ud83da"),
        ("", "\ude00", "\ude00"),
        ("a", "b", "ab"),
    ],
)
def test_half_a_character_waits_for_its_other_half(text: str, piece: str, both: str) -> None:
    assert unfinished.joined(text, piece) == both


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("That is it.", True),
        ("Is it?\n", True),
        ("That is", False),
        ("See Dr.", False),
        ("It is 3.", False),
        ("# A.", False),
        ("See [the page.", False),
        ("", False),
    ],
)
def test_what_sounds_whole(text: str, whole: bool) -> None:
    assert unfinished.is_whole(text) == whole


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("One two thr", "One two"),
        ("One", ""),
        ("", ""),
        ("One two\nthree ", ""),
        ("# One two thr", ""),
        ("See [the page ab", ""),
        ("See <b class= ab", ""),
    ],
)
def test_what_is_certain_at_the_beginning(text: str, words: str) -> None:
    assert unfinished.beginning(text) == words

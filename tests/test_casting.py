"""A cast is read from a mapping, pairs or text, and what is none is refused."""

import pytest

from tiedtts import casting
from tiedtts.errors import ConfigError
from tiedtts.settings import Settings


@pytest.mark.parametrize(
    "given",
    [
        {"ALICE": "nora", "Lady  Macbeth": "clara"},
        (("ALICE", "nora"), ("Lady Macbeth", "clara")),
        [["ALICE", "nora"], ["Lady Macbeth", "clara"]],
        "ALICE=nora, Lady Macbeth=clara",
        " ALICE: = nora;\nLady Macbeth=clara;",
        ["ALICE=nora", "Lady Macbeth=clara"],
        ["ALICE=nora,Lady Macbeth=clara", "alice=nora"],
    ],
)
def test_a_cast_in_every_form(given: object) -> None:
    assert casting.read(given) == (("ALICE", "nora"), ("Lady Macbeth", "clara"))


def test_the_name_of_a_file_may_have_a_comma() -> None:
    assert casting.read("A=my,own.onnx, B=x.onnx") == (("A", "my,own.onnx"), ("B", "x.onnx"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("ALICE", "takes NAME=VOICE, got: ALICE"),
        ("=nora", "lacks a name or a voice"),
        ({"A": ""}, "lacks a name or a voice"),
        ({"A": 3}, "has names and voices, got: A=3"),
        ({"--": "nora"}, "no name: --"),
        ({"A" * 61: "nora"}, "no name: AAA"),
        ("A=nora,a=clara", "two voices for a"),
        (3, "must be voices by name, got: 3"),
        ([3], "must be voices by name"),
        ([("a",)], "must be voices by name"),
        ({f"A{n}": "nora" for n in range(1001)}, "more than 1,000 roles"),
    ],
)
def test_what_is_no_cast(given: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        casting.read(given)


def test_settings_keep_pairs() -> None:
    settings = Settings(cast={"Alice": "nora", "quotes": "felix"})
    assert settings.cast == (("Alice", "nora"), ("quotes", "felix"))
    assert settings.roles == {"alice": "nora", "quotes": "felix"}
    assert Settings(cast=settings.cast) == settings
    assert settings.is_directed
    assert Settings(marks=True).is_directed
    assert not Settings(cast={"Narrator": "nora"}).is_directed
    assert Settings().changed({"cast": "A=b"}).roles == {"a": "b"}
    assert Settings().changed({"marks": "yes"}).marks
    with pytest.raises(ConfigError, match="`marks` are for texts without SSML"):
        Settings(ssml=True, marks=True)

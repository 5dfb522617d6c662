from pathlib import Path

import pytest

from tiedtts.corpus import decisions
from tiedtts.corpus.suspects import Suspect
from tiedtts.errors import CorpusError

SUSPECTS = [
    Suspect(id="a", reason="cut", clear=True, doubt=9.0),
    Suspect(id="b", reason="odd", clear=False, doubt=4.0),
    Suspect(id="c", reason=None, clear=False, doubt=1.0),
]


@pytest.mark.parametrize(
    ("level", "decided", "out"),
    [
        ("none", {}, {}),
        ("clear", {}, {"a": "cut"}),
        ("all", {}, {"a": "cut", "b": "odd"}),
        ("all", {"a": True}, {"b": "odd"}),
        ("none", {"b": False, "z": False}, {"b": decisions.DECIDED, "z": decisions.DECIDED}),
        ("clear", {"a": False, "b": True, "c": False}, {"a": "cut", "c": decisions.DECIDED}),
    ],
)
def test_what_is_left_out(level: str, decided: "dict[str, bool]", out: "dict[str, str]") -> None:
    assert decisions.left_out(SUSPECTS, level, decided) == out


def test_a_file_of_decisions(tmp_path: Path) -> None:
    path = tmp_path / "decisions.txt"
    path.write_text("# mine\nkeep a b\n\nDROP\tdeep/c.wav\nkeep d\ndrop d\n", encoding="utf-8")
    assert decisions.read(path) == {"a b": True, "deep/c.wav": False, "d": False}
    path.write_text("drop a\nperhaps b\n")
    with pytest.raises(CorpusError, match=r"decisions\.txt, line 2: perhaps b is no decision$"):
        decisions.read(path)
    with pytest.raises(CorpusError, match=r"^cannot read "):
        decisions.read(tmp_path / "none")

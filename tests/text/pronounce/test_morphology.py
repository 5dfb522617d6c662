import pytest

from tiedtts.text.pronounce import morphology
from tiedtts.text.pronounce.lexicon import Pronunciation

WORDS = {
    **{"cat": "K AE1 T", "dog": "D AO1 G", "horse": "HH AO1 R S", "want": "W AA1 N T", "ask": "AE1 S K"},
    **{
        "hop": "HH AA1 P",
        "hope": "HH OW1 P",
        "carry": "K AE1 R IY0",
        "happy": "HH AE1 P IY0",
        "read": "R IY1 D",
    },
    **{
        "real": "R IY1 L",
        "block": "B L AA1 K",
        "chain": "CH EY1 N",
        "sun": "S AH1 N",
        "flower": "F L AW1 ER0",
    },
    **{"simple": "S IH1 M P AH0 L", "box": "B AA1 K S", "we": "W IY1", "bus": "B AH1 S", "rage": "R EY1 JH"},
}


def look_up(word: str) -> Pronunciation:
    return tuple(WORDS.get(word, "").split())


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("cats", "K AE1 T S"),
        ("dogs", "D AO1 G Z"),
        ("horses", "HH AO1 R S IH0 Z"),
        ("boxes", "B AA1 K S IH0 Z"),
        ("carries", "K AE1 R IY0 Z"),
        ("dog's", "D AO1 G Z"),
        ("dogs'", "D AO1 G Z"),
        ("we'll", "W IY1 AH0 L"),
        ("wanted", "W AA1 N T IH0 D"),
        ("asked", "AE1 S K T"),
        ("raged", "R EY1 JH D"),
        ("hopped", "HH AA1 P T"),
        ("hoped", "HH OW1 P T"),
        ("carried", "K AE1 R IY0 D"),
        ("hopping", "HH AA1 P IH0 NG"),
        ("hoping", "HH OW1 P IH0 NG"),
        ("reader", "R IY1 D ER0"),
        ("simply", "S IH1 M P L IY0"),
        ("happily", "HH AE1 P AH0 L IY0"),
        ("really", "R IY1 L IY0"),
        ("unhappy", "AH0 N HH AE1 P IY0"),
        ("reread", "R IY0 R IY1 D"),
        ("unreadable", "AH0 N R IY1 D AH0 B AH0 L"),
        ("blockchain", "B L AA1 K CH EY2 N"),
        ("sunflower", "S AH1 N F L AW2 ER0"),
        ("zorbik", ""),
        ("s", ""),
        ("'s", ""),
        ("", ""),
    ],
)
def test_derive(word: str, phones: str) -> None:
    assert morphology.derive(word, look_up) == tuple(phones.split())

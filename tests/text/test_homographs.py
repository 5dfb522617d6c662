import pytest

from tiedtts.text import homographs
from tiedtts.text.frontend import FrontEnd

SPEAK = FrontEnd()


@pytest.mark.parametrize(
    ("text", "word", "phones"),
    [
        ("I will read it", "read", "R IY1 D"),
        ("he read it", "read", "R EH1 D"),
        ("it was read", "read", "R EH1 D"),
        ("we read books yesterday", "read", "R EH1 D"),
        ("where do you live", "live", "L IH1 V"),
        ("a live show", "live", "L AY1 V"),
        ("take the lead", "lead", "L IY1 D"),
        ("a lead pipe", "lead", "L EH1 D"),
        ("the wind blew", "wind", "W IH1 N D"),
        ("wind up the clock", "wind", "W AY1 N D"),
        ("a tear fell", "tear", "T IH1 R"),
        ("do not tear it", "tear", "T EH1 R"),
        ("close the door", "close", "K L OW1 Z"),
        ("he is close to me", "close", "K L OW1 S"),
        ("the use of it", "use", "Y UW1 S"),
        ("I use it", "use", "Y UW1 Z"),
        ("a new record", "record", "R EH1 K ER0 D"),
        ("to record a song", "record", "R IH0 K AO1 R D"),
        ("the present is here", "present", "P R EH1 Z AH0 N T"),
        ("they present a gift", "present", "P R IY0 Z EH1 N T"),
        ("I object", "object", "AH0 B JH EH1 K T"),
        ("the project", "project", "P R AA1 JH EH0 K T"),
        ("she was content", "content", "K AH0 N T EH1 N T"),
        ("the content is good", "content", "K AA1 N T EH0 N T"),
        ("wait a minute", "minute", "M IH1 N AH0 T"),
        ("a minute amount", "minute", "M AY0 N UW1 T"),
        ("a bow and arrow", "bow", "B OW1"),
        ("bow down", "bow", "B AW1"),
        ("no excuse", "excuse", "IH0 K S K Y UW1 S"),
        ("excuse me", "excuse", "IH0 K S K Y UW1 Z"),
        ("to house them", "house", "HH AW1 Z"),
        ("a separate room", "separate", "S EH1 P ER0 IH0 T"),
        ("separate the eggs", "separate", "S EH1 P ER0 EY2 T"),
        ("we estimate that", "estimate", "EH1 S T AH0 M EY2 T"),
        ("farmers produce oil", "produce", "P R AH0 D UW1 S"),
        ("the fresh produce", "produce", "P R AH0 D UW1 S"),
        ("their produce", "produce", "P R OW1 D UW0 S"),
        ("a permit", "permit", "P ER1 M IH2 T"),
        ("he records it", "records", "R IH0 K AO1 R D Z"),
        ("nine lives", "lives", "L AY1 V Z"),
        ("he lives alone", "lives", "L IH1 V Z"),
        ("he used to go", "used", "Y UW1 S T"),
        ("he wound the clock", "wound", "W AW1 N D"),
        ("the wound bled", "wound", "W UW1 N D"),
    ],
)
def test_in_context(text: str, word: str, phones: str) -> None:
    (sentence,) = SPEAK(text)
    assert [" ".join(w.phones) for w in sentence.words if w.text.lower() == word] == [phones]


def test_other_words_are_left_alone() -> None:
    assert homographs.choose(["the", "cat"], 1) == ()

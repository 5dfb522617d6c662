import pytest

from tiedtts.text.frontend import FrontEnd
from tiedtts.text.pronounce import homographs

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


SENTENCES = """
I read it every day. | read | R IY1 D
I read it yesterday. | read | R EH1 D
She has read the book. | read | R EH1 D
Have you read it? | read | R EH1 D
Did you read it? | read | R IY1 D
He can read and write. | read | R IY1 D
Please read this aloud. | read | R IY1 D
The book was read by millions. | read | R EH1 D
Last week she read three papers. | read | R EH1 D
They read the news every morning. | read | R IY1 D
A good read. | read | R IY1 D
I have never read it. | read | R EH1 D
To read is to live. | read | R IY1 D
She read the letter and cried. | read | R EH1 D
The sign read closed. | read | R EH1 D
You should read more. | read | R IY1 D
We will read it tomorrow. | read | R IY1 D
He read my mind. | read | R EH1 D
Children learn to read early. | read | R IY1 D
When I read that, I laughed. | read | R EH1 D
I live in Paris. | live | L IH1 V
We watched a live show. | live | L AY1 V
The concert was broadcast live. | live | L AY1 V
They live here. | live | L IH1 V
Long live the king. | live | L IH1 V
live wires are dangerous | live | L AY1 V
Where does he live? | live | L IH1 V
She went live at noon. | live | L AY1 V
People live longer now. | live | L IH1 V
the live broadcast | live | L AY1 V
We are live from London. | live | L AY1 V
You only live once. | live | L IH1 V
She will lead the team. | lead | L IY1 D
The pipes are made of lead. | lead | L EH1 D
He took the lead. | lead | L IY1 D
lead poisoning | lead | L EH1 D
a lead singer | lead | L IY1 D
Lead is a heavy metal. | lead | L EH1 D
Roads lead to Rome. | lead | L IY1 D
The lead in the paint was toxic. | lead | L EH1 D
Lead the way. | lead | L IY1 D
as heavy as lead | lead | L EH1 D
The wind blew hard. | wind | W IH1 N D
Wind the clock. | wind | W AY1 N D
The roads wind through the hills. | wind | W AY1 N D
a strong wind | wind | W IH1 N D
You need to wind it up. | wind | W AY1 N D
wind turbines | wind | W IH1 N D
gone with the wind | wind | W IH1 N D
They wind down at night. | wind | W AY1 N D
A tear rolled down her cheek. | tear | T IH1 R
Do not tear the page. | tear | T EH1 R
There was a tear in his eye. | tear | T IH1 R
There is a tear in my shirt. | tear | T EH1 R
They tear it apart. | tear | T EH1 R
Tear along the dotted line. | tear | T EH1 R
tear gas | tear | T IH1 R
Close the door. | close | K L OW1 Z
They were close friends. | close | K L OW1 S
Please close it. | close | K L OW1 Z
Come close. | close | K L OW1 S
The store will close at nine. | close | K L OW1 Z
It was a close game. | close | K L OW1 S
The house is close to the sea. | close | K L OW1 S
at the close of day | close | K L OW1 Z
We close at five. | close | K L OW1 Z
pay close attention | close | K L OW1 S
She sat close by. | close | K L OW1 S
to close the deal | close | K L OW1 Z
What is the use? | use | Y UW1 S
I use it daily. | use | Y UW1 Z
Use the stairs. | use | Y UW1 Z
It is of no use. | use | Y UW1 S
the use of force | use | Y UW1 S
They use words. | use | Y UW1 Z
in use | use | Y UW1 S
make use of it | use | Y UW1 S
She broke the record. | record | R EH1 K ER0 D
We record every call. | record | R IH0 K AO1 R D
They will record an album. | record | R IH0 K AO1 R D
a record player | record | R EH1 K ER0 D
Record your voice. | record | R IH0 K AO1 R D
for the record | record | R EH1 K ER0 D
the world record holder | record | R EH1 K ER0 D
a birthday present | present | P R EH1 Z AH0 N T
He will present the award. | present | P R IY0 Z EH1 N T
at present | present | P R EH1 Z AH0 N T
All members were present. | present | P R EH1 Z AH0 N T
They present their work today. | present | P R IY0 Z EH1 N T
the present moment | present | P R EH1 Z AH0 N T
I object to that. | object | AH0 B JH EH1 K T
a strange object | object | AA1 B JH EH0 K T
object oriented | object | AA1 B JH EH0 K T
a minute later | minute | M IH1 N AH0 T
minute details | minute | M AY0 N UW1 T
I refuse to go. | refuse | R AH0 F Y UW1 Z
a pile of refuse | refuse | R EH1 F Y UW2 Z
They refuse it. | refuse | R AH0 F Y UW1 Z
He plays the bass guitar. | bass | B EY1 S
They caught a bass in the lake. | bass | B AE1 S
the bass drum | bass | B EY1 S
a row of seats | row | R OW1
Polish the silver. | polish | P AA1 L IH0 SH
She is a Polish writer. | polish | P OW1 L IH0 SH
nail polish | polish | P AA1 L IH0 SH
an invalid password | invalid | IH0 N V AE1 L AH0 D
The content is new. | content | K AA1 N T EH0 N T
He was content with it. | content | K AH0 N T EH1 N T
in the desert | desert | D EH1 Z ER0 T
Do not desert me. | desert | D IH0 Z ER1 T
sign the contract | contract | K AA1 N T R AE2 K T
The law does not permit it. | permit | P ER0 M IH1 T
a rough estimate | estimate | EH1 S T AH0 M AH0 T
I estimate ten. | estimate | EH1 S T AH0 M EY2 T
He wound the rope around it. | wound | W AW1 N D
a deep wound | wound | W UW1 N D
She dove into the pool. | dove | D OW1 V
a white dove | dove | D AH1 V
Take a bow. | bow | B AW1
a bow and arrow | bow | B OW1
He tied a bow. | bow | B OW1
Excuse me. | excuse | IH0 K S K Y UW1 Z
a poor excuse | excuse | IH0 K S K Y UW1 S
a big house | house | HH AW1 S
two separate rooms | separate | S EH1 P ER0 IH0 T
Separate the whites. | separate | S EH1 P ER0 EY2 T
a perfect day | perfect | P ER1 F IH2 K T
to perfect it | perfect | P ER0 F EH1 K T
She lives in Rome. | lives | L IH1 V Z
They saved many lives. | lives | L AY1 V Z
our lives | lives | L AY1 V Z
We made progress. | progress | P R AA1 G R EH2 S
a moderate pace | moderate | M AA1 D ER0 AH0 T
a deliberate act | deliberate | D IH0 L IH1 B ER0 AH0 T
an attribute of it | attribute | AE1 T R AH0 B Y UW2 T
They attribute it to luck. | attribute | AH0 T R IH1 B Y UW0 T
Combine the eggs. | combine | K AH0 M B AY1 N
the main entrance | entrance | EH1 N T R AH0 N S
the game console | console | K AA1 N S OW0 L
a compact car | compact | K AA1 M P AE0 K T
my home address | address | AE1 D R EH2 S
He will address the crowd. | address | AH0 D R EH1 S
"""


@pytest.mark.parametrize("line", SENTENCES.strip().splitlines())
def test_in_sentences(line: str) -> None:
    text, word, phones = line.split(" | ")
    (sentence,) = SPEAK(text)
    assert phones in [" ".join(w.phones) for w in sentence.words if w.text.lower() == word]


def test_other_words_are_left_alone() -> None:
    assert homographs.choose(["the", "cat"], 1) == ()

import time

import pytest

from tiedtts.text.normalize.normalizer import normalize

CASES = {
    "numbers": """
        7 => seven
        1,234,567.89 => one million two hundred thirty four thousand five hundred and sixty seven point eight nine
        0.05 => zero point zero five
        .5 => point five
        007 => zero zero seven
        -5 => minus five
        12345 => twelve thousand three hundred and forty five
        100000 => one hundred thousand
        10 000 => ten thousand
        1.2.3 => one point two point three
        1st, 2nd, 3rd, 11th, 22nd, 1000th => first, second, third, eleventh, twenty second, one thousandth
    """,
    "years": """
        in 1999 => in nineteen ninety nine
        in 2005, 2010 and 1900 => in two thousand five, twenty ten and nineteen hundred
        the 1990s and the '80s => the nineteen nineties and the eighties
        1999-2001 => nineteen ninety nine to two thousand one
        1500 books => one thousand five hundred books
        340 A.D. => three forty AD.
    """,
    "dates": """
        July 4, 2020 => July fourth, twenty twenty
        4 July 1999 => the fourth of July nineteen ninety nine
        the 4th of July => the fourth of July
        Sept. 11 => September eleventh
        2016-11-03 => November third, twenty sixteen
        12/25/2020 => December twenty fifth, twenty twenty
        25/12/2020 => December twenty fifth, twenty twenty
        I march 10 miles => I march ten miles
    """,
    "times": """
        3:45 pm => three forty five PM
        9:05 => nine oh five
        12:00 => twelve o'clock
        5pm-7 pm => five PM to seven PM
        at 5 p.m. we go. => at five PM we go.
        1:02:01 => one hour two minutes and one second
    """,
    "money": """
        $5.20 => five dollars twenty cents
        $1 => one dollar
        £3 and €1.50 => three pounds and one euro fifty cents
        $2.5 million => two point five million dollars
        $2 million dollars => two million dollars
        $300k => three hundred thousand dollars
        $10-20 => ten to twenty dollars
        $5/hr => five dollars per hour
        50 USD => fifty US dollars
        ¥100 => one hundred yen
    """,
    "units": """
        5 km => five kilometers
        1 kg => one kilogram
        20°C => twenty degrees Celsius
        60 mph => sixty miles per hour
        10 m/s => ten meters per second
        3 m² => three square meters
        5'10" => five foot ten
        12.5% => twelve point five percent
        6 ft. tall => six feet tall
        x^2 => x squared
    """,
    "fractions and ranges": """
        1/2 and 3/4 => one half and three quarters
        3 1/2 cups => three and a half cups
        2½ cups => two and a half cups
        10-20 => ten to twenty
        5–7 days => five to seven days
        24/7 => twenty four seven
        1+2=3 => one plus two equals three
        16:9 => sixteen to nine
    """,
    "telephones": """
        555-1234 => five five five, one two three four
        (555) 123-4567 => five five five, one two three, four five six seven
        +44 20 7946 0958 => plus four four, two zero, seven nine four six, zero nine five eight
        192.168.0.1 => one nine two dot one six eight dot zero dot one
    """,
    "roman": """
        Henry VIII => Henry the eighth
        World War II => World War two
        Chapter IV => Chapter four
        Louis XIV's => Louis the fourteenth's
        I am in. => I am in.
        Mix it with DI water => Mix it with DI water
    """,
    "abbreviations": """
        Mr. and Mrs. Smith => Mister and Missus Smith
        Dr Brown => Doctor Brown
        St. Louis => Saint Louis
        on Elm St. today => on Elm Street today
        e.g. this, i.e. that => for example, this, that is, that
        us vs. them etc. => us versus them etcetera.
        No. 5 => number five
        Fig. 3, pp. 10-20 => figure three, pages ten to twenty
        the U.S.A. and J. R. R. Tolkien => the USA and JRR Tolkien
    """,
    "web": """
        www.example.com => WWW dot example dot com
        a.b@c.org => a dot b at c dot org
        https://x.io/y_z => HTTPS colon slash slash x dot IO slash y underscore z
        #fun and @you => hashtag fun and at you
    """,
    "signs": """
        you & me => you and me
        R&D => R and D
        and/or => and or
        a = b + c => a equals b plus c
        C# and C++ => C sharp and C plus plus
        <b>bold</b> **or** _not_ => bold or not
        MP3s, B2B, COVID-19 => MP threes, B two B, COVID nineteen
    """,
    "characters": """
        “curly” ‘quotes’ => "curly" 'quotes'
        ﬁne ｆｕｌｌ => fine full
        naïve café Łódź => naive cafe Lodz
        so\u200bft\u00adware\x00 => software
        hi 🙂 there мир => hi there
        α-helix => alpha -helix
    """,
    "phones in braces": """
        say {HH AH0 L OW1} 5 => say {HH AH0 L OW1} five
    """,
}


@pytest.mark.parametrize(
    ("written", "spoken"),
    [line.strip().split(" => ") for block in CASES.values() for line in block.strip().split("\n")],
)
def test_rules(written: str, spoken: str) -> None:
    assert normalize(written) == spoken


@pytest.mark.parametrize("text", ["", " ", "Plain words, as they are; nothing else!", "well-known o'clock"])
def test_plain_text_stays(text: str) -> None:
    assert normalize(text) == text.strip()


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "a",
        "1.",
        "1,",
        "1/",
        "1-",
        "a@",
        "a.",
        "$1",
        "http://",
        "<b ",
        "{ ",
        "A. ",
        "'a",
        "-a",
        "1:",
        "^2",
        "II ",
        "May 1 ",
    ],
)
def test_cost_is_linear(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        start = time.process_time()
        normalize(text)
        return time.process_time() - start

    seconds(500)
    # Quadratic cost would be sixteen times as much, every time; a pause of the interpreter's own comes once.
    assert any(seconds(12000) < 10 * seconds(3000) + 0.05 for _ in range(3))

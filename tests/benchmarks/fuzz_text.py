"""Feed generated text to the text front end: nothing but a named error, and time that grows with the length only.

    python -m tests.benchmarks.fuzz_text [--inputs 100000] [--seed 0] [--megabyte] [--json]

Every input goes through the normaliser and the front end, every tenth as SSML too. `--megabyte` times lines
of 1 MB, each of one repeated unit, at two lengths.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from tiedtts.errors import TiedTTSError
from tiedtts.text.frontend import FrontEnd, LeftOut, Sentence
from tiedtts.text.markup.ssml import parse
from tiedtts.text.normalize.normalizer import normalize
from tiedtts_cli import boundary

WORDS = (
    "the a read live Dr. Mr. St. No. U.S. etc. e.g. May Jan. Monday pm a.m. km kg GHz $ £5 XIV II well-known "
    "don't O'Brien iPhone NASA hello zorbik Ph.D. $1.5 million billion th st rd www. http:// .com @ # and/or"
).split()
SNIPPETS = (
    (
        "1st 22nd 3/4 1,234.50 0.5 .5 007 1999-2001 1990s '80s 12:30 5pm 2016-11-03 12/25/20 +1-800-555-0199 "
        "192.168.0.1 a@b.co http://x.io/y_z C:\\Users {HH_AH0} {QQ} {} <b> </b> <break/> &amp; &#65; [[x]] 5'10\" "
        '27" -40°C ½ 10⁻³ x^2 2+2=4 1e-5 MIG-25/235-a 978-3-16-148410-0 Henry_VIII LVIII No._5 20% ~5 <3 >= :) ---'
    )
    .replace("_", " ")
    .split(" ")
)
PUNCTUATION = ".,;:!?'\"()[]{}<>-–—…/\\|@#$%^&*_+=~`"
BLOCKS = (
    *((0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x6FF)),
    *((0x900, 0x97F), (0x1100, 0x11FF), (0x2000, 0x206F), (0x2070, 0x21FF), (0x2200, 0x22FF)),
    *((0x2500, 0x27BF), (0x3000, 0x30FF), (0x4E00, 0x9FFF), (0xD800, 0xDFFF), (0xE000, 0xE0FF)),
    *((0xFB00, 0xFB4F), (0xFE00, 0xFE0F), (0xFF00, 0xFFEF), (0x1D400, 0x1D7FF), (0x1F300, 0x1FAFF)),
    *((0, 0x1F), (0x7F, 0x9F), (0xF0000, 0xF0010), (0xE0001, 0xE007F)),
)
UNITS = (
    *(
        "1",
        "a",
        "A",
        " ",
        ".",
        "'",
        '"',
        "“",
        "(",
        "{",
        "}",
        "[",
        "<",
        "-",
        "—",
        ",",
        "/",
        "\\",
        "&",
        "$",
        "🙂",
    ),
    *(
        "{}",
        "{AA}",
        "()",
        "<b>",
        "1.",
        "1,",
        "1/",
        "1-",
        "1:",
        "$1",
        "1 ",
        "a ",
        "A.",
        "a.",
        "a-",
        "a@",
        "a/",
    ),
    *(
        "'a",
        "-a",
        "é",
        "я",
        "中",
        "\u0301",
        "a\u0301",
        "²",
        "½",
        "\n",
        "\n\n",
        "\t",
        "\x00",
        "\ud800",
        "I",
        "II ",
    ),
    *(
        "May 1 ",
        "A1",
        "1a",
        "12 km ",
        "http://",
        "www.a",
        "#a",
        "@a",
        "&amp;",
        "a'",
        "1'",
        '1"',
        "St. ",
        "A. ",
    ),
    *(
        "a. b. ",
        "No. 1 ",
        "in 1066 ",
        "5-6 ",
        "1999-",
        "2^",
        "x ",
        "A-1/",
        "ab1-",
        "Mr. ",
        "?!",
        "1st",
        "XVI ",
    ),
    *("!= -> a> 1'000 ⁻³ Mon- 5%- A.B a$1 k ab12 1\"x 1..".split()),
    *("1 000 ", '1" x ', "1e-5 "),
)
"""Lines made of one of these are where rules that look back and forth become slow."""


@dataclass
class Result:
    inputs: int = 0
    characters: int = 0
    refused: int = 0
    """Inputs that ended in a named error."""
    failures: list[str] = field(default_factory=list)
    """Inputs that ended otherwise."""
    slowest: float = 0.0
    """Microseconds a character, of inputs with 100 and more."""
    slowest_input: str = ""
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of the generator")
    parser.add_argument("--megabyte", action="store_true", help="time lines of 1 MB instead")
    parser.add_argument("--json", action="store_true", help="print raw numbers")
    options = parser.parse_args()
    if options.megabyte:
        rows = list(megabytes())
        print(json.dumps(rows) if options.json else "\n".join(map(str, rows)))
        return
    result = fuzz(options.inputs, options.seed)
    print(
        json.dumps(vars(result))
        if options.json
        else "\n".join(f"{k:14} {v}" for k, v in vars(result).items())
    )
    raise SystemExit(1 if result.failures else 0)


def fuzz(count: int, seed: int) -> Result:
    """Run generated inputs through the front end."""
    front_end, result = FrontEnd(), Result()
    start = time.process_time()
    for index, text in enumerate(inputs(count, seed)):
        result.inputs += 1
        result.characters += len(text)
        begin = time.process_time()
        calls: list[Callable[[str], object]] = [normalize, front_end.analyse, partial(_spoken, front_end)]
        if index % 10 == 0:
            calls.append(lambda written: parse(f"<speak>{written}</speak>"))
        for call in calls:
            try:
                call(text)
            except TiedTTSError:
                result.refused += 1
            except Exception as error:
                result.failures.append(f"{type(error).__name__}: {error}: {text[:200]!r}")
        pace = 1e6 * (time.process_time() - begin) / max(len(text), 1)
        if len(text) >= 100 and pace > result.slowest:
            result.slowest, result.slowest_input = pace, repr(text[:80])
    result.seconds = time.process_time() - start
    return result


def _spoken(front_end: FrontEnd, text: str) -> list[Sentence]:
    """Return the sentences of a text with phrase breaks, as a voice speaks them."""
    return list(front_end.read(text, LeftOut(), breaks=True))


def inputs(count: int, seed: int) -> Iterator[str]:
    """Yield texts of many kinds, the same for the same seed."""
    chance = random.Random(seed)
    makers = (_mixture, _words, _characters, _digits, _binary, _repeated, _markup)
    for _ in range(count):
        yield chance.choice(makers)(chance)


def _length(chance: random.Random) -> int:
    return min(int(chance.expovariate(1 / 12)) + 1, 200)


def _character(chance: random.Random) -> str:
    return chr(chance.randint(*chance.choice(BLOCKS)))


def _mixture(chance: random.Random) -> str:
    makers: list[Callable[[], str]] = [
        lambda: chance.choice(WORDS),
        lambda: chance.choice(SNIPPETS),
        lambda: chance.choice(PUNCTUATION),
        lambda: str(chance.randint(0, 10 ** chance.randint(0, 20))),
        lambda: _character(chance),
        lambda: " ",
    ]
    return "".join(chance.choice(makers)() for _ in range(_length(chance)))


def _words(chance: random.Random) -> str:
    return " ".join(chance.choice(chance.choice((WORDS, SNIPPETS))) for _ in range(_length(chance)))


def _characters(chance: random.Random) -> str:
    return "".join(_character(chance) for _ in range(_length(chance)))


def _digits(chance: random.Random) -> str:
    return "".join(chance.choice("0123456789.,-/: $%xe") for _ in range(_length(chance)))


def _binary(chance: random.Random) -> str:
    return chance.randbytes(_length(chance)).decode(chance.choice(("latin-1", "utf-16-le")), "replace")


def _repeated(chance: random.Random) -> str:
    return chance.choice(UNITS) * chance.randint(1, 60) + chance.choice(WORDS)


def _markup(chance: random.Random) -> str:
    names = ("p", "s", "prosody", "emphasis", "sub", "say-as", "phoneme", "voice", "mark", "break")
    parts = []
    for _ in range(chance.randint(1, 6)):
        name = chance.choice(names)
        attribute = chance.choice(("rate", "pitch", "time", "interpret-as", "ph", "alias", "level", "format"))
        value = chance.choice(
            ("slow", "+5%", "1s", "date", "cardinal", "characters", "x", "dmy", "həˈloʊ", "")
        )
        inner = chance.choice(WORDS + SNIPPETS).replace("<", "").replace("&", "")
        parts.append(f"<{name} {attribute}='{value}'>{inner}</{name if chance.random() < 0.9 else 'x'}>")
    return "".join(parts)


def megabytes(size: int = 1_000_000, units: tuple[str, ...] = UNITS) -> Iterator[dict[str, object]]:
    """Yield the seconds for lines of a quarter and of the whole size, and how they grow."""
    front_end = FrontEnd()
    for unit in units:
        quarter, whole = (_seconds(front_end, unit * (length // len(unit))) for length in (size // 4, size))
        yield {
            "unit": unit,
            "quarter": round(quarter, 2),
            "whole": round(whole, 2),
            "growth": round(whole / max(quarter, 1e-9), 1),
        }


def _seconds(front_end: FrontEnd, text: str) -> float:
    start = time.process_time()
    with suppress(TiedTTSError):
        _spoken(front_end, text)
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

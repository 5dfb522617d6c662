"""Looks for texts whose time grows faster than their length: one unit, or two in turn, over and over.

    python -m tests.benchmarks.growth [--pairs 500] [--size 4000] [--seed 0] [--paths analyse,ssml] [--json]

Every path that a text can take, from a pipe or a list to phones, gets `start + unit * n + end` at one size, twice
and four times of it. Those that grow faster than the size to the power of 1.3 are measured again at larger
sizes, where noise is smaller, and named if they still do.
"""

import argparse
import io
import itertools
import json
import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape, quoteattr

from tests.benchmarks.fuzz_text import PUNCTUATION, SNIPPETS, UNITS, WORDS
from tiedtts.batch import lines, readers
from tiedtts.errors import TiedTTSError
from tiedtts.quoting import printable, quoted
from tiedtts.text import incoming
from tiedtts.text.characters import clean
from tiedtts.text.explanation import explain
from tiedtts.text.frontend import FrontEnd, LeftOut
from tiedtts.text.markup.say_as import KINDS, DoesNotFit, say_as
from tiedtts.text.markup.ssml import parse
from tiedtts.text.normalize.normalizer import normalize
from tiedtts.text.pronounce import ipa
from tiedtts_cli import boundary

LARGEST_POWER = 1.3
"""Largest power of the size; 1 is linear, 2 quadratic."""
SHORTEST_SECONDS = 0.01
"""Less tells nothing."""
LARGEST_SIZE = 64_000
"""Units of a text that takes less even so."""
LONGEST_SECONDS = 20.0
"""More need not be waited for."""
MARKUP = (
    *("<p>a</p>", "<s>a</s>", "<s/>", "a<break/>", "<mark name='m'/>", "a<mark name='m'/>", "<x>a</x>"),
    *("<prosody rate='slow'>a</prosody>", "<prosody pitch='+1st'>a</prosody> b.", "<emphasis>a</emphasis>"),
    *("<say-as interpret-as='characters'>ab</say-as>", "<say-as interpret-as='date'>1/2/2003</say-as>"),
    *(
        "<sub alias='b'>a</sub>",
        "<phoneme ph='hə'>a</phoneme>",
        "<!-- a -->",
        "<![CDATA[a]]>",
        "&amp;",
        "&#97;",
    ),
)
"""Units of SSML."""
MARKS = ("\u0301", "\u0327", "\u0301\u0327", "\u0327\u0301", "\u093f", "\u1161", "\ufe0f", "\u200d", "\u20e3")
STARTS = ("", "a", "1", "\n", "(", "{", '"', "<", "$", "A.")
ENDS = ("", "a", "1", ".", ")", " x", "\n")

_FRONT_END = FrontEnd()


@dataclass(frozen=True)
class Finding:
    """A text whose time grows too fast."""

    path: str
    start: str
    unit: str
    end: str
    power: float
    seconds: float


def _ssml(text: str) -> None:
    _spoken(f"<speak>{escape(text)}</speak>")


def _spoken(source: str) -> None:
    for _ in _FRONT_END.read_spans(parse(source).spans, LeftOut()):
        pass


def _attributes(text: str) -> None:
    value = quoteattr(text)
    parse(
        f"<speak><phoneme ph={value}>a</phoneme><sub alias={value}>a</sub><prosody rate={value}>a</prosody></speak>"
    )


def _said_as(text: str) -> None:
    for kind in KINDS:
        with suppress(DoesNotFit):
            say_as(kind, text)


def _listed(kind: str) -> Callable[[str], None]:
    def read(text: str) -> None:
        data = text.encode("utf-8", "replace")
        for by in ("id", "text"):
            for line in lines.named(readers.rows(io.BytesIO(data), kind, "list"), by=by):
                printable(str(line.warnings))

    return read


def _json_text(text: str) -> None:
    _listed("jsonl")(json.dumps({"id": text, "text": text, text: 1}))


def _piped(text: str) -> None:
    for _ in incoming.pieces(io.BytesIO(text.encode("utf-8", "replace"))):
        pass


def _ipa(text: str) -> None:
    with suppress(ValueError):
        ipa.to_arpabet(text)


def _lexicon(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.lex"
        path.write_text(text, encoding="utf-8", errors="replace")
        front_end = FrontEnd(path)
        front_end.analyse("A word.")


def _explained(text: str) -> None:
    for _ in explain(text, _FRONT_END):
        pass


PATHS: dict[str, Callable[[str], object]] = {
    "clean": clean,
    "normalize": normalize,
    "analyse": _FRONT_END.analyse,
    "explain": _explained,
    "ssml": _ssml,
    "attributes": _attributes,
    "say-as": _said_as,
    "lines": _listed("lines"),
    "csv": _listed("csv"),
    "jsonl": _listed("jsonl"),
    "json text": _json_text,
    "pipe": _piped,
    "ipa": _ipa,
    "lexicon": _lexicon,
    "markup": _spoken,
    "quoted": lambda text: (quoted(text), printable(text)),
}
"""Everything that reads what somebody else has written."""


def units(pairs: int, seed: int) -> Iterator[str]:
    """Yield units: every character and snippet of its own, then so many pairs."""
    single = list(dict.fromkeys((*UNITS, *MARKS, *PUNCTUATION, *SNIPPETS, *WORDS)))
    yield from single
    chance = random.Random(seed)
    glue = ("", " ", "\n", ". ")
    for _ in range(pairs):
        yield chance.choice(single) + chance.choice(glue) + chance.choice(single) + chance.choice(glue)


def seconds(call: Callable[[str], object], text: str, tries: int = 1) -> float:
    """Return the time of this thread for a text, seconds, the least of so many tries."""
    spent = []
    for _ in range(tries):
        begin = time.thread_time()
        with suppress(TiedTTSError):
            call(text)
        spent.append(time.thread_time() - begin)
    return min(spent)


def power(
    call: Callable[[str], object], parts: tuple[str, str, str], size: int, tries: int = 1
) -> tuple[float, float]:
    """Return the power of the size that the time grows with, between a size and four times of it, and the time."""
    start, unit, end = parts
    least, most = (
        seconds(call, start + unit * max(length // len(unit), 1) + end, tries) for length in (size, 4 * size)
    )
    return math.log(max(most, 1e-9) / max(least, 1e-4), 4), most


def look(
    paths: Sequence[str], texts: Sequence[tuple[str, str, str]], size: int, most: float = LARGEST_POWER
) -> Iterator[Finding]:
    """Yield what grows with a greater power of the size than `most`."""
    for path, parts in itertools.product(paths, texts):
        call, length, closer = PATHS[path], size, 0
        grown, spent = power(call, parts, length)
        # What is fast needs more before it can be told from noise.
        while spent < SHORTEST_SECONDS and length < LARGEST_SIZE:
            length *= 4
            grown, spent = power(call, parts, length)
        # What is suspicious is looked at closer, and larger.
        while grown > most and (spent < 10 * SHORTEST_SECONDS or closer < 1) and spent < LONGEST_SECONDS:
            closer += 1
            length *= 2
            grown, spent = power(call, parts, length, tries=2)
        if grown > most and spent > SHORTEST_SECONDS:
            yield Finding(path, *parts, round(grown, 2), round(spent, 2))


def texts(pairs: int, seed: int) -> list[tuple[str, str, str]]:
    """Return beginnings, units and ends."""
    chance = random.Random(seed)
    return [(chance.choice(STARTS), unit, chance.choice(ENDS)) for unit in units(pairs, seed)]


def markup() -> list[tuple[str, str, str]]:
    """Return units of SSML, one and two in turn, in their document."""
    pairs = ("".join(pair) for pair in itertools.product(MARKUP, MARKUP[:8]))
    return [("<speak>", unit, "</speak>") for unit in (*MARKUP, *pairs)]


def main() -> None:
    """Look, and end with 1 if something was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=500, help="pairs of units")
    parser.add_argument("--size", type=int, default=4_000, help="characters to begin with")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of pairs")
    parser.add_argument("--paths", default=",".join(PATHS), help=f"some of {', '.join(PATHS)}")
    parser.add_argument("--json", action="store_true", help="print raw numbers")
    options = parser.parse_args()
    paths = options.paths.split(",")
    found = []
    for path in paths:
        chosen = markup() if path == "markup" else texts(options.pairs, options.seed)
        for finding in look([path], chosen, options.size):
            found.append(finding)
            print(json.dumps(vars(finding)) if options.json else finding, flush=True)
    print(f"{len(found)} found")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

"""Damage Markdown, HTML, subtitles and books at random: speech or one clear error, within seconds, in the output only.

    python -m tests.benchmarks.fuzz_documents [--cases 10000] [--seed 0] [--limit 20] [--kind epub]

Each file goes through a whole batch with a voice that says nothing: reading, sentences, phones, chapters, times,
tags, manifest. A case fails if it ends in anything but sound or a named error, takes longer than the limit, or
leaves anything outside its output. Linux and macOS only.
"""

import argparse
import io
import random
import signal
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import numpy as np

from tests.epubs import FILES
from tiedtts.batch import lines, readers, run
from tiedtts.batch.job import BatchSpec
from tiedtts.errors import TextError, TiedTTSError
from tiedtts.settings import Settings
from tiedtts.speech import subtitled
from tiedtts.speech.speech import Speech
from tiedtts.text.frontend import FrontEnd, LeftOut
from tiedtts.text.structure import cues, documents
from tiedtts_cli import boundary

MARKDOWN = """---
title: x
---
# The *Kettle* and `tea` [link](http://the.com "the end")

Text with $x^2$, ![a cat](c.png), [12] (Smith, 2020) & more[^n]; {HH AH0}.

1. Mix
   - inner
- [x] done

> quoted

| A | B |
|---|---|
| 1 | x \\| y |

```python
a = 1
```
<div><b>in</b> HTML</div>

[^n]: Note
    goes on.
"""
HTML = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>t</title><style>p {}</style></head><body><nav>menu</nav>
<main><h1 id="a">Title</h1><p>One &amp; <b>two</b><sup><a href="#n">1</a></sup><br>three <img alt="cat"></p><ul><li>a<li>b</ul>
<table><tr><th>A<td>B</table><pre>x = 1
</pre><!-- c --><script>if (a < b) {}</script><aside class="footnote" id="n">Note.</aside><math alttext="x"><mi>x</mi></math></main></body></html>"""
SRT = """1
00:00:00,500 --> 00:00:01,000
<i>One two</i>
- three

2
00:00:01.200 --> 00:00:01,900 X1:1
[music] {\\an8}Four &amp; five
"""
VTT = "WEBVTT\n\nNOTE n\n\nSTYLE\n::cue {}\n\nid\n00:00.100 --> 00:00.900 line:0\n<v Anna>Hello.\n\n00:01.000 --> 00:01.500\n<c.x>Bye\n"
SEEDS = {".md": MARKDOWN, ".html": HTML, ".srt": SRT, ".vtt": VTT}
TOKENS = (
    *"<!-- --> <![CDATA[ ]]> <? ?> < > </ /> <p> </p> <div> <li> <ul> <td> <tr> <table> <pre> <code> <script> </script>".split(),
    *"<style> <main> <nav hidden> <body> <html> <a href='#x'> <sup> <img alt='"
    "x'> &amp; &#0; &#x110000; &#xd800; &nosuch; & ' \" = [ ] ( ) ![ ]( [^n] [^n]: ** * _ __ ~~ ` ``` ~~~ # > - + 1. | $ $$ \\( \\) \\".split(),
    *"--> 00:00:00,000 99:99:99,999 00:00:03,000-->00:00:01,000 WEBVTT NOTE STYLE {\\an8} <v x> [music] (x)".split(),
    *(
        "\n",
        "\n\n",
        "\r",
        "\t",
        "    ",
        "\x00",
        "\ufeff",
        "\ud800",
        "é",
        "中文",
        "🙂",
        "\u0301",
        "\u2028",
        "\x1e",
        "\x0c",
        "---\n",
        "<!ENTITY a 'b'>",
    ),
)
BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'
NAMES = (
    "../../evil.txt",
    "/tmp/evil.txt",
    "..\\..\\evil.txt",
    "OEBPS/../../../evil",
    "a" * 300,
    "C:\\evil",
    "",
    ".",
)
KINDS = (*SEEDS, ".epub")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=20, help="seconds for a file")
    parser.add_argument("--kind", choices=[kind.lstrip(".") for kind in KINDS], help="of these files alone")
    arguments = parser.parse_args()
    kinds = KINDS if arguments.kind is None else (f".{arguments.kind}",)
    counts: Counter[str] = Counter()
    slowest = (0.0, "")
    failures = 0
    # Seconds of the processor: those of the clock would tell of others' work.
    signal.signal(signal.SIGPROF, _stop)
    for number, (suffix, data) in enumerate(cases(arguments.cases, arguments.seed, kinds)):
        begin = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, arguments.limit)
        problem, became = trial(suffix, data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        counts[f"{suffix.lstrip('.')}: {became}"] += 1
        slowest = max(slowest, (time.process_time() - begin, f"case {number}, {suffix}, {len(data)} bytes"))
        if problem:
            failures += 1
            kept = Path(tempfile.gettempdir()) / f"fuzz-{arguments.seed}-{number}{suffix}"
            kept.write_bytes(data)
            print(f"case {number}: {problem}; kept as {kept}", flush=True)
    print(f"{sum(counts.values())} files, {failures} failures; {dict(sorted(counts.items()))}")
    print(f"slowest: {slowest[0]:.1f} s, {slowest[1]}")
    sys.exit(bool(failures))


def _stop(number: int, frame: FrameType | None) -> None:
    raise TookTooLong


class TookTooLong(BaseException):
    """No error that a reader may take for one of its own."""


def cases(count: int, seed: int, kinds: Sequence[str] = KINDS) -> Iterator[tuple[str, bytes]]:
    """Yield suffixes and files, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        suffix = chance.choice(kinds)
        if suffix == ".epub":
            yield suffix, _book(chance)
        else:
            yield suffix, _encoded(chance, _mutated(chance, SEEDS[suffix]))


def trial(suffix: str, data: bytes) -> tuple[str, str]:
    """Speak a file in a folder of its own; return what is wrong, if anything is, and what became of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "a" / "b"
        folder.mkdir(parents=True)
        source = folder / f"in{suffix}"
        source.write_bytes(data)
        errors: list[BaseException] = []
        made = 0
        try:
            rows = readers.sources([source])[0].rows()
            found = run.run(
                lines.named(rows),
                folder / "out",
                Silent(voice="none"),
                Settings(code="read", footnotes=True),
                workers=1,
                report=lambda report: errors.append(report.error) if report.error is not None else None,
            )
            made = found.made
        except TookTooLong:
            return "took too long", "failed"
        except Exception as error:
            errors.append(error)
        outside = [
            str(path) for path in Path(name).rglob("*") if path.is_file() and not _is_own(path, folder)
        ]
        if outside:
            return f"wrote {outside}", "failed"
        for error in errors:
            if not isinstance(error, TiedTTSError):
                return f"{type(error).__name__}: {error}", "failed"
            if not str(error) or len(str(error)) > 1_000:
                return f"an error that tells nothing, or too much: {error}", "failed"
        return "", "spoken" if made else "refused"


def _is_own(path: Path, folder: Path) -> bool:
    return path == folder / f"in{path.suffix}" or path.parent == folder / "out" or ".tiedtts" in str(path)


class Silent(BatchSpec):
    """A batch whose voice says a hundredth of a second of nothing a sentence."""

    def load(self) -> "SilentVoice":  # type: ignore[override]
        return SilentVoice()


class SilentVoice:
    """Reads as a voice does, and makes no sound of it."""

    sample_rate = 8_000
    front_end = FrontEnd()

    def stream(self, text: str, settings: Settings) -> Iterator[Speech]:
        """Yield a part for each sentence."""
        if settings.markup == "subtitles":
            found = cues.read(text, settings)
            near = tuple(cue for cue in found.cues if cue.end < 60)
            if not near:
                raise TextError("there is nothing near to say")
            yield from subtitled.speak(cues.Subtitles(near, ()), settings, self.sample_rate, self._cue)
            return
        left_out = LeftOut()
        said = False
        blocks = documents.read(text, settings).blocks
        for block in blocks:
            _check(block.text.starts, block.text.ends, len(text))
        for sentence in self.front_end.read_blocks(blocks, left_out, breaks=True):
            said = True
            yield Speech(np.zeros(80, np.float32), self.sample_rate, sentence.text, sentence.phones, ())
        if not said:
            raise TextError("there is nothing to say")

    def _cue(self, cue: cues.Cue, settings: Settings) -> Speech:
        sentences = list(self.front_end.read_blocks(cue.blocks, LeftOut()))
        if not sentences:
            raise TextError("there is nothing to say")
        return Speech(np.zeros(int(4_000 / settings.speed), np.float32), self.sample_rate, cue.text, (), ())


def _check(starts: Sequence[int], ends: Sequence[int], size: int) -> None:
    """Refuse spans that lead out of the source, or go back in it."""
    if any(not 0 <= start <= end <= size for start, end in zip(starts, ends, strict=True)):
        raise AssertionError("a span leads out of the source")


def _mutated(chance: random.Random, text: str) -> str:
    for _ in range(chance.choice((1, 1, 2, 3, 5, 20))):
        place = chance.randint(0, len(text))
        end = min(len(text), place + int(chance.expovariate(1 / 15)))
        token = chance.choice(TOKENS)
        kind = chance.randrange(8)
        if kind == 0:
            text = text[:place] + text[end:]
        elif kind == 1:
            text = text[:place] + token + text[place:]
        elif kind == 2:
            text = text[:place] + text[place:end] * chance.choice((2, 3, 50)) + text[end:]
        elif kind == 3:
            # Loops and bombs: what parsers look through again and again, or nest.
            text = (
                text[:place]
                + (token + chance.choice(("", "x", " ", "\n"))) * chance.choice((3, 100, 5_000))
                + text[place:]
            )
        elif kind == 4:
            text = text[:place]
        elif kind == 5:
            text = text[:place] + chr(chance.randrange(0x110000)) + text[place:]
        elif kind == 6:
            other = chance.choice(tuple(SEEDS.values()))
            text = text[:place] + other[chance.randrange(len(other)) :] + text[place:]
        else:
            text = text[:place] + token + text[end:]
    return text


def _encoded(chance: random.Random, text: str) -> bytes:
    name = chance.choice(
        ("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "shift_jis")
    )
    data = (
        text.encode(name, chance.choice(("replace", "ignore")))
        if chance.random() < 0.8
        else text.encode("utf-8", "surrogatepass")
    )
    if chance.random() < 0.15:
        changed = bytearray(data or b"x")
        for _ in range(chance.randint(1, 20)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        data = bytes(changed)
    return data


def _book(chance: random.Random) -> bytes:
    """Return a book with damage inside, in its archive, or both."""
    files: dict[str, bytes] = dict(FILES)
    for _ in range(chance.choice((1, 1, 2, 4))):
        name = chance.choice([name for name in files if name != "mimetype"])
        kind = chance.randrange(7)
        if kind <= 2:
            files[name] = _encoded(chance, _mutated(chance, files[name].decode("utf-8", "replace")))
        elif kind == 3:
            del files[name]
        elif kind == 4:
            files[name] = chance.choice((BOMB, b"", bytes(3_000_000), b"<a>" * 3_000, files["mimetype"]))
        elif kind == 5:
            files[chance.choice(NAMES)] = files[name]
        else:
            names = [
                b"../../../etc/passwd",
                b"text/b.xhtml#nowhere",
                b"nav.xhtml",
                b"",
                b"%00",
                b"http://x/y",
                b"text/b.xhtml",
            ]
            files[name] = files[name].replace(
                chance.choice((b"text/b.xhtml", b"text/c.xhtml", b"nav.xhtml")), chance.choice(names)
            )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name or "x"), data, zipfile.ZIP_DEFLATED)
    whole = bytearray(buffer.getvalue())
    if chance.random() < 0.25:
        for _ in range(chance.randint(1, 10)):
            whole[chance.randrange(len(whole))] = chance.randrange(256)
    return bytes(whole[: chance.randrange(len(whole))]) if chance.random() < 0.05 else bytes(whole)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

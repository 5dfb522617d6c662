"""A page to listen to: recordings beside what is made of their texts, with spectrograms.

    python -m tests.benchmarks.listen DATA -o listen.html [--voice NAME|FILE[:VOCODER]]... [--copy VOCODER]...

DATA is a folder made by `prepare`. Each row is a held-out text: the recording, copy-synthesis of it by each `--copy`
(a waveform generator on the recording's own features), and the text spoken by each `--voice`. `--sentence WORDS`
chooses texts, `--about COLUMN=TEXT` says what a column is, `--recorded NAME` who is heard in the first. The page is one file that needs nothing else; sounds
are FLAC, all of them equally loud.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.benchmarks.listening_page import Column, Row, page
from tests.benchmarks.places import existing, writable
from tiedtts import storage
from tiedtts.audio.frames import Frames
from tiedtts.errors import TiedTTSError
from tiedtts.speech import vocoders
from tiedtts.speech.voice import Voice
from tiedtts.training import corpus as corpora
from tiedtts.training.corpus import Utterance
from tiedtts_cli import boundary

RECORDED = "Recorded"
INTRO = "Each row is a sentence that was kept from training, each column another way to hear it. Compare along a row."
ABOUT = {
    RECORDED: "The reader, as she or he was recorded: what all else is measured by.",
    "copy": (
        "The recording, taken down to numbers (spectrum, pitch, where the voice sounds) and made again from these "
        "alone. Melody and pace are the reader's own, so that only the sound differs: what is lost here, no voice "
        "with this vocoder gets back."
    ),
    "voice": "The voice reads the words by itself, in a melody and a pace of its own.",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=existing)
    parser.add_argument("-o", "--output", type=writable, default=Path("listen.html"))
    parser.add_argument("--voice", action="append", default=[], help="NAME or FILE, and `:VOCODER` after it")
    parser.add_argument("--copy", action="append", default=[], help="of `synth --vocoder`")
    parser.add_argument("--recordings", type=int, default=8, help="how many, where none is chosen")
    parser.add_argument(
        "--sentence", action="append", default=[], metavar="WORDS", help="a text with these words"
    )
    parser.add_argument(
        "--about", action="append", default=[], metavar="COLUMN=TEXT", help="what a column is"
    )
    parser.add_argument("--recorded", default=RECORDED, metavar="NAME", help="name of the first column")
    parser.add_argument("--title", default="Recorded and spoken")
    parser.add_argument("--intro", default=INTRO)
    arguments = parser.parse_args()
    told = dict(text.partition("=")[::2] for text in arguments.about)
    if arguments.recordings < 1:
        parser.error("--recordings must be at least 1")
    corpus = corpora.load(arguments.data)
    chosen = choose(corpus.heldout, arguments.sentence, arguments.recordings)
    voices = {_title(name): speaker(name) for name in arguments.voice or ["kathleen"]}
    copies = {
        f"{_title(name)}, copy": vocoders.choose(name, corpus.audio, None, "the corpus")
        for name in arguments.copy
    }
    for name, voice in voices.items():
        if voice.sample_rate != corpus.audio.sample_rate:
            raise TiedTTSError(
                f"{name} speaks at {voice.sample_rate} Hz, and not as the recordings were made"
            )
    kinds = {arguments.recorded: RECORDED, **dict.fromkeys(copies, "copy"), **dict.fromkeys(voices, "voice")}
    unknown = set(told) - set(kinds)
    if unknown:
        parser.error(f"--about: there is no column {', '.join(unknown)}, only {', '.join(kinds)}")
    columns = [Column(name, told.get(name, ABOUT[kind])) for name, kind in kinds.items()]
    rows = []
    for utterance in chosen:
        f = utterance.features
        frames = Frames(f.mel, f.log_f0, f.voiced.astype(np.float32))
        made = (make(frames, [0]) for make in copies.values())
        spoken = (voice.say(utterance.text).samples for voice in voices.values())
        rows.append(Row(utterance.text, [f.samples, *made, *spoken]))
    text = page(arguments.title, arguments.intro, columns, rows, corpus.audio.sample_rate)
    storage.write_bytes(arguments.output, text.encode())
    print(f"{arguments.output}: {len(chosen)} texts, {len(text) / 1e6:.1f} MB")


def choose(heldout: Sequence[Utterance], wanted: Sequence[str], count: int) -> list[Utterance]:
    """Return a recording of each wanted text, or of so many that lie evenly among those held out."""
    texts: dict[str, Utterance] = {}
    for utterance in heldout:
        # Of several takes the first.
        texts.setdefault(utterance.text, utterance)
    if not texts:
        raise TiedTTSError("nothing was held out", hint="run `tiedtts prepare` with a larger `--holdout`")
    if not wanted:
        return list(texts.values())[:: max(1, len(texts) // count)][:count]
    found = []
    for words in wanted:
        text = next((text for text in texts if words.lower() in text.lower()), None)
        if text is None:
            raise TiedTTSError(f"no text that was held out has the words: {words}")
        found.append(texts[text])
    return found


def speaker(name: str) -> Voice:
    """Load what `--voice` names."""
    voice, _, vocoder = name.partition(":")
    return Voice.load(voice, vocoder=vocoder or None)


def _title(name: str) -> str:
    words = " through ".join(Path(part).stem if "." in part else part for part in name.split(":"))
    return words[:1].upper() + words[1:]


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

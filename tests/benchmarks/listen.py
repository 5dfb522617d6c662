"""A page to listen to: recordings beside what is made of their texts, with spectrograms.

    python -m tests.benchmarks.listen DATA -o listen.html [--voice NAME|FILE[:VOCODER]]... [--copy VOCODER]...

DATA is a folder made by `prepare`. Each row is a held-out text: the recording, copy-synthesis of it by each `--copy`
(a waveform generator on the recording's own features), and the text spoken by each `--voice`. The page is one
file that needs nothing else; sounds are FLAC at the voices' own level.
"""

import argparse
import base64
import html
import io
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.benchmarks.places import existing, writable
from tiedtts import storage
from tiedtts.audio import files
from tiedtts.audio.frames import Frames
from tiedtts.audio.mel import log_mel
from tiedtts.audio.settings import AudioSettings
from tiedtts.speech import vocoders
from tiedtts.speech.voice import Voice
from tiedtts.training import corpus as corpora
from tiedtts_cli import boundary

PAGE = """<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.4 system-ui, sans-serif; margin: 2em; }}
h2 {{ font-size: 1em; margin: 2em 0 .5em; }}
.row {{ display: flex; flex-wrap: wrap; gap: 1em; }}
figure {{ margin: 0; width: 320px; }}
figcaption {{ font-size: .9em; }}
img, audio {{ width: 100%; display: block; }}
</style>
<h1>{title}</h1>
{rows}
"""

Samples = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=existing)
    parser.add_argument("-o", "--output", type=writable, default=Path("listen.html"))
    parser.add_argument("--voice", action="append", default=[], help="NAME or FILE, and `:VOCODER` after it")
    parser.add_argument("--copy", action="append", default=[], help="of `synth --vocoder`")
    parser.add_argument("--recordings", type=int, default=8)
    parser.add_argument("--title", default="Recorded and spoken")
    arguments = parser.parse_args()
    corpus = corpora.load(arguments.data)
    audio = corpus.audio
    texts = {u.text: u for u in corpus.heldout}
    step = max(1, len(texts) // arguments.recordings)
    chosen = list(texts.values())[::step][: arguments.recordings]
    voices = {name: speaker(name) for name in arguments.voice or ["kathleen"]}
    copies = {name: vocoders.choose(name, audio, None, "the corpus") for name in arguments.copy}
    rows = []
    for utterance in chosen:
        f = utterance.features
        sounds = {"recorded": f.samples}
        frames = Frames(f.mel, f.log_f0, f.voiced.astype(np.float32))
        sounds |= {f"{_title(name)}, copy": make(frames, [0]) for name, make in copies.items()}
        sounds |= {_title(name): voice.say(utterance.text).samples for name, voice in voices.items()}
        figures = "\n".join(figure(name, samples, audio) for name, samples in sounds.items())
        rows.append(f'<h2>{html.escape(utterance.text)}</h2>\n<div class="row">\n{figures}\n</div>')
    page = PAGE.format(title=html.escape(arguments.title), rows="\n".join(rows))
    storage.write_bytes(arguments.output, page.encode())
    print(f"{arguments.output}: {len(chosen)} texts, {len(page) / 1e6:.1f} MB")


def speaker(name: str) -> Voice:
    """Load what `--voice` names."""
    voice, _, vocoder = name.partition(":")
    return Voice.load(voice, vocoder=vocoder or None)


def _title(name: str) -> str:
    return " through ".join(Path(part).stem if "." in part else part for part in name.split(":"))


def figure(name: str, samples: Samples, audio: AudioSettings) -> str:
    """Return a sound with its spectrogram."""
    sound = base64.b64encode(files.encode(samples, audio.sample_rate, "FLAC")).decode()
    picture = base64.b64encode(spectrogram(samples, audio)).decode()
    return (
        f'<figure><img alt="mel spectrogram" src="data:image/png;base64,{picture}">'
        f'<audio controls preload="none" src="data:audio/flac;base64,{sound}"></audio>'
        f"<figcaption>{html.escape(name)}, {len(samples) / audio.sample_rate:.1f} s</figcaption></figure>"
    )


def spectrogram(samples: Samples, audio: AudioSettings) -> bytes:
    """Return a picture of the mel spectrogram, time from left to right at one scale for all sounds."""
    import matplotlib.image

    mel = np.clip((log_mel(samples, audio).T[::-1] + 11.5) / 11.5, 0.0, 1.0)
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, np.repeat(mel, 2, axis=0), vmin=0.0, vmax=1.0, cmap="magma", format="png")
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

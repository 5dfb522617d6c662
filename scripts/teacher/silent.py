"""Durations and pitch that Kokoro means a voice to have, without sound: thirty times as fast as its speech.

    python scripts/teacher/silent.py sentences.txt FOLDER af_sarah silent.npz --count 6000
    python scripts/teacher/prosody.py clara.safetensors data out.safetensors --adapt 16 --silent silent.npz

Its graph is cut before the part that makes sound. What is found by ear in a data folder, the pauses and the
loudness of phones, is not known: `prosody.py` learns neither from these sentences.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from corpus import UNIT, VOICED_HZ, starts, tone
from graphs import symbols
from kokoro import MOST_SYMBOLS, TAPPED

from tiedtts.audio.settings import AudioSettings
from tiedtts.text.frontend import FrontEnd, Sentence
from tiedtts.text.phones import encode

NAMES = ("ids", "durations", "log_f0", "voiced", "known", "phones", "frames")


class Meaning:
    """The part of Kokoro that decides on durations and pitch."""

    def __init__(self, folder: Path, voice: str) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            part = str(Path(scratch, "part.onnx"))
            onnx.utils.extract_model(
                str(folder / "kokoro.onnx"), part, ["tokens", "style", "speed"], list(TAPPED)
            )
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads, options.log_severity_level = 1, 3
            self._session = onnxruntime.InferenceSession(part, options)
        ids = json.loads((folder / "vocab.json").read_text("utf-8"))
        self._ids = ids.get("vocab", ids)
        self._styles = np.fromfile(folder / f"{voice}.bin", dtype="<f4").reshape(-1, 1, 256)

    def __call__(self, sentence: Sentence) -> dict[str, np.ndarray] | None:
        """Return ids, frames, pitch and voicing of a sentence, and which phones' frames are known."""
        owners, ids = symbols(sentence, self._ids)
        if len(owners) > MOST_SYMBOLS:
            return None
        style = self._styles[min(len(owners), len(self._styles) - 1)]
        given = {"tokens": ids, "style": style, "speed": np.ones(1, np.float32)}
        lengths, f0 = (found.ravel() for found in self._session.run(None, given))
        if (f0 > VOICED_HZ).sum() < 2:
            return None
        hop, count = AudioSettings().hop, len(sentence.phones)
        total = int(lengths.sum() * UNIT / hop)
        bounds = np.rint(starts(owners, lengths.astype(int).tolist(), count)).astype(int)
        edges = np.clip(np.maximum.accumulate([0, *bounds[1:], total]), 0, total)
        durations = np.diff(edges)
        log_f0, voiced = tone(f0.astype(np.float32), total, hop)
        speech = np.array([phone.is_speech for phone in sentence.phones])
        # A phone beside a pause begins or ends where it is heard to.
        known = speech & np.r_[False, speech[:-1]] & np.r_[speech[1:], False] & (durations > 1)
        rows = (encode(sentence.phones), durations, log_f0, voiced, known)
        return dict(zip(NAMES, (*rows, np.array([count]), np.array([total])), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", type=Path, help="a sentence a line")
    parser.add_argument("kokoro", type=Path, help="folder of Kokoro, see `kokoro.py`")
    parser.add_argument("voice", help="of Kokoro")
    parser.add_argument("output", type=Path, help="`.npz` file to write")
    parser.add_argument("--count", type=int, default=6000, help="lines that are read")
    arguments = parser.parse_args()
    meaning, front_end = Meaning(arguments.kokoro, arguments.voice), FrontEnd()
    found = []
    for text in arguments.texts.read_text("utf-8").splitlines()[: arguments.count]:
        found += [said for sentence in front_end(text) if (said := meaning(sentence)) is not None]
    np.savez_compressed(
        arguments.output, **{name: np.concatenate([row[name] for row in found]) for name in NAMES}
    )
    print(f"{len(found)} sentences")


if __name__ == "__main__":
    main()

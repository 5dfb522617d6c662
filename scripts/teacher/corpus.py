"""A teacher's speech as a data folder, with the teacher's own durations and pitch in place of an alignment.

    pip install hibari-tts[fast] onnx
    python scripts/teacher/corpus.py sentences.txt data --hours 7

    python scripts/teacher/corpus.py sentences.txt data --hours 0.4 --kokoro FOLDER --voice af_sarah

The teacher is hibari (Apache-2.0), which learnt from Kokoro-82M's voice af_heart, or Kokoro (`kokoro.py`).
Its graph is asked for the durations of its symbols as well; our front end chooses the phones, so that text,
phones and durations are exactly what is spoken.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from graphs import session, symbols
from kokoro import Kokoro
from phonemes import SPACE

from tiedtts.audio import mel, pitch
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus.features import Features, normalise_level
from tiedtts.corpus.manifest import Entry, write_manifest
from tiedtts.text.frontend import FrontEnd, Sentence
from tiedtts.text.phones import INVENTORY_VERSION, Phone

EARLIER = 4
"""Frames by which a sound is heard before its place in the durations: a phone's frames then vary least."""
QUIET = 4.2
"""Frames with a mean log mel so far below the loudest are silent, natural logarithm of a ratio."""
VOICED_HZ = 60.0
"""Pitch of the teacher below which it means none, Hz."""
TEACHER_HOP = 300
"""Samples between two values of the teacher's pitch."""
UNIT = 2 * TEACHER_HOP
"""Samples of a duration of one."""
MOST_SYMBOLS = 500
"""Symbols that the teacher takes at once."""

Samples = npt.NDArray[np.float32]


class Hibari:
    """The teacher, asked for durations as well."""

    corpus = "hibari says CC0 sentences"
    name = "hibari 0.2.1, a pupil of Kokoro-82M's voice af_heart"

    def __init__(self) -> None:
        import hibari
        from hibari import dsp

        self._synthesise = dsp.synth
        assets = Path(hibari.__file__).parent / "assets"
        self._session = session(assets / "hibari.onnx", ["/Clip_output_0"])
        self._ids = json.loads((assets / "vocab.json").read_text("utf-8"))

    def __call__(self, sentence: Sentence, seed: int) -> tuple[list[int], list[int], Samples, Samples] | None:
        """Speak a sentence; nothing if it is too long.

        Returns:
            Phone of each symbol, duration of each symbol and of the silence at both ends, samples, pitch, Hz.
        """
        owners, ids = symbols(sentence, self._ids)
        if len(owners) > MOST_SYMBOLS:
            return None
        *spectra, durations = self._session.run(None, {"ids": ids, "speed": np.ones(1, np.float32)})
        parts = [part[0] for part in spectra]
        samples = self._synthesise(*parts, np.random.default_rng(seed))
        return owners, durations.ravel().astype(int).tolist(), samples, parts[-1]


def starts(owners: Sequence[int], durations: Sequence[int], count: int) -> list[float]:
    """Return where each of `count` phones begins by the teacher's durations, frames; see `frames`."""
    begin = np.concatenate([[0.0], np.cumsum(durations)[:-1]]) * UNIT / AudioSettings().hop
    marks = [None, *owners, None]
    bounds = [0.0] * count
    seen = {0}
    for place, phone in enumerate(marks):
        if phone is not None and phone != SPACE and phone not in seen:
            seen.add(phone)
            bounds[phone] = float(begin[place - 1 if marks[place - 1] == SPACE else place]) - EARLIER
    return bounds


def frames(
    owners: Sequence[int], durations: Sequence[int], phones: Sequence[Phone], energy: Samples, total: int
) -> npt.NDArray[np.int64]:
    """Return the frames of each phone, (T,), `total` in all.

    A space belongs to the phone after it, which is heard early; silence is found by ear.

    Args:
        owners: Phone of each symbol, or `SPACE`.
        durations: Duration of each symbol and of the silence at both ends, in the teacher's unit.
        phones: T of them.
        energy: Mean log mel of each frame, (F,).
        total: F.
    """
    edges = np.rint([*starts(owners, durations, len(phones)), total]).astype(np.int64)
    silent = energy < np.percentile(energy, 95) - QUIET
    for index, phone in enumerate(phones):
        if phone.is_speech:
            continue
        if index == 0:
            loud = np.flatnonzero(~silent[: edges[1] + 6])
            if len(loud):
                edges[1] = min(max(loud[0] - 1, 1), edges[1] + 4)
            continue
        low = edges[index - 1] + 2
        middle = min(max((edges[index] + edges[index + 1]) // 2, low), total - 1)
        candidates = np.flatnonzero(silent[low : min(edges[index + 1] + 4, total)]) + low
        if not len(candidates):
            continue
        left = right = int(candidates[np.argmin(abs(candidates - middle))])
        while left > low and silent[left - 1]:
            left -= 1
        while right < total - 1 and silent[right + 1]:
            right += 1
        edges[index] = min(left + 1, right)
        if index + 1 < len(phones):
            following = edges[index + 2] - 2
            edges[index + 1] = min(max(right, edges[index] + 1), following)
    edges[0], edges[-1] = 0, total
    for index in range(1, len(edges) - 1):
        least = 2 if index > 1 and phones[index - 1].is_speech else 0
        edges[index] = max(edges[index], edges[index - 1] + least)
    for index in range(len(edges) - 2, 0, -1):
        edges[index] = min(edges[index], edges[index + 1])
    return np.diff(edges)


def features(samples: Samples, f0: Samples, settings: AudioSettings) -> Features | None:
    """Return the features of a clip with the teacher's own pitch; nothing if it has none."""
    count = len(samples) // settings.hop
    levelled = normalise_level(samples, settings)[: count * settings.hop]
    if (f0 > VOICED_HZ).sum() < 2:
        return None
    log_f0, voiced = tone(f0, count, settings.hop)
    phase = pitch.fundamental_phase(levelled, log_f0, settings)
    return Features(levelled, mel.log_mel(levelled, settings), log_f0, voiced, phase)


def tone(f0: Samples, count: int, hop: int) -> tuple[Samples, npt.NDArray[np.bool_]]:
    """Return log pitch, straight lines where unvoiced, and voicing of frames, from the teacher's F0."""
    # Each value of the teacher's pitch stands for the middle of its samples.
    place = (np.arange(count) * hop - TEACHER_HOP / 2) / TEACHER_HOP
    voiced = np.flatnonzero(f0 > VOICED_HZ)
    log_f0 = np.interp(place, voiced, np.log(f0[voiced])).astype(np.float32)
    return log_f0, f0[np.clip(np.rint(place).astype(int), 0, len(f0) - 1)] > VOICED_HZ


def clips(
    teacher: Hibari | Kokoro, texts: Sequence[str], seconds: float, settings: AudioSettings
) -> Iterator[tuple[str, Sentence, Features, npt.NDArray[np.int64]]]:
    """Yield name, sentence, features and durations of what the teacher says, for about so long."""
    front_end = FrontEnd()
    spoken = 0.0
    for number, text in enumerate(texts):
        for part, sentence in enumerate(front_end(text)):
            said = teacher(sentence, number)
            if said is None:
                continue
            owners, durations, samples, f0 = said
            spoken += len(samples) / settings.sample_rate
            heard = features(samples, f0, settings)
            if heard is not None:
                lengths = frames(owners, durations, sentence.phones, heard.mel.mean(1), heard.frames)
                yield f"t{number:05d}-{part}", sentence, heard, lengths
        if spoken > seconds:
            return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("texts", type=Path, help="a sentence a line")
    parser.add_argument("data", type=Path, help="folder to write")
    parser.add_argument("--hours", type=float, default=7.0)
    parser.add_argument("--heldout", type=int, default=100, help="texts that are not trained on")
    parser.add_argument("--one-in", type=int, default=60, help="of so many texts one is held out; 1: all")
    parser.add_argument("--skip", type=int, default=0, help="texts at the beginning that are left out")
    parser.add_argument(
        "--kokoro", type=Path, metavar="FOLDER", help="Kokoro is the teacher, from these files"
    )
    parser.add_argument("--voice", default="af_heart", help="of Kokoro")
    arguments = parser.parse_args()
    teacher = Kokoro(arguments.kokoro, arguments.voice) if arguments.kokoro else Hibari()
    settings = AudioSettings()
    (arguments.data / "features").mkdir(parents=True, exist_ok=True)
    entries: list[Entry] = []
    held: set[str] = set()
    lines = arguments.texts.read_text("utf-8").splitlines()[arguments.skip :]
    for name, sentence, heard, lengths in clips(teacher, lines, arguments.hours * 3600, settings):
        heard.save(arguments.data / "features" / f"{name}.npz")
        prompt = name.partition("-")[0]
        drawn = int(hashlib.sha256(prompt.encode()).hexdigest(), 16) % arguments.one_in == 0
        if drawn and len(held) < arguments.heldout:
            held.add(prompt)
        phones = tuple(phone.row for phone in sentence.phones)
        entries.append(
            Entry(
                name,
                sentence.text,
                f"{name}.wav",
                prompt,
                "heldout" if prompt in held else "train",
                heard.frames * settings.hop / settings.sample_rate,
                heard.frames,
                phones,
                tuple(int(length) for length in lengths),
                0.0,
                f"{name}.npz",
                name,
            )
        )
    write_manifest(arguments.data, entries)
    description = {
        "format": 1,
        "inventory": INVENTORY_VERSION,
        "audio": settings.to_dict(),
        "corpus": teacher.corpus,
        "licence": "Apache-2.0",
        "teacher": {"name": teacher.name, "licence": "Apache-2.0"},
        "recordings": len(entries),
        "heldout": sum(entry.split != "train" for entry in entries),
        "seconds": round(sum(entry.seconds for entry in entries), 3),
    }
    (arguments.data / "corpus.json").write_text(json.dumps(description), "utf-8")
    print(f"{len(entries)} sentences, {len(held)} texts held out")


if __name__ == "__main__":
    main()

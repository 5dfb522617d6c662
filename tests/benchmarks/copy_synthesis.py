"""Waveform generators on the features of held-out recordings: what each makes of the same frames.

    python -m tests.benchmarks.copy_synthesis DATA [--vocoder NAME|CKPT]... [--recordings N]

DATA is a folder made by `prepare`. Each generator gets the mel spectrogram, pitch and voicing of the recordings
and is compared with them: phone error rate by the recogniser of the package, mel-cepstral distortion, distance
of log mel bands, how much louder the quietest twentieth of it is above 4 kHz (hiss), and seconds of computing a
second of sound on one core.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

from tests.benchmarks.places import existing, folder
from tiedtts.audio.frames import Frames
from tiedtts.corpus.features import extract
from tiedtts.measure import listener, quality, recognition
from tiedtts.measure.listener import Listener
from tiedtts.speech import vocoders
from tiedtts.training import corpus as corpora
from tiedtts_cli import boundary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=existing)
    parser.add_argument(
        "--vocoder", action="append", help="of `synth --vocoder`; all without a net by default"
    )
    parser.add_argument("--recordings", type=int, default=20)
    parser.add_argument("--sounds", type=folder, help="folder for what is made")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    corpus = corpora.load(arguments.data)
    chosen = corpus.heldout[:: max(1, len(corpus.heldout) // arguments.recordings)][: arguments.recordings]
    ear = Listener.load(listener.SHIPPED)
    said = sum(len(listener.spoken(u.phones)) for u in chosen)
    heard = [ear.hear(u.features.mel) for u in chosen]
    wrong = sum(
        recognition.edits(h, listener.spoken(u.phones)).total for h, u in zip(heard, chosen, strict=True)
    )
    print(
        f"{len(chosen)} recordings, {said} phones; natural: {100 * wrong / said:.1f}% of phones heard wrongly\n"
    )
    print(
        "| vocoder | phone errors | ratio | MCD, dB | mel distance | hiss, dB | RTF |\n|---|---:|---:|---:|---:|---:|---:|"
    )
    for name in arguments.vocoder or vocoders.MODEL_FREE:
        make = vocoders.choose(name, corpus.audio, None, "the corpus")
        errors = seconds = computing = 0.0
        distances, comparisons, hiss = [], [], []
        for number, utterance in enumerate(chosen):
            f = utterance.features
            start = time.process_time()
            samples = make(Frames(f.mel, f.log_f0, f.voiced.astype(np.float32)), [number])
            computing += time.process_time() - start
            seconds += len(samples) / corpus.audio.sample_rate
            made = extract(samples, corpus.audio)
            errors += recognition.edits(ear.hear(made.mel), listener.spoken(utterance.phones)).total
            distances.append(float(np.abs(made.mel - f.mel[: len(made.mel)]).mean()))
            hiss.append(quiet(made.mel) - quiet(f.mel))
            speech = np.array([phone.is_speech for phone in utterance.phones])
            comparisons.append(quality.compare(f, made, utterance.durations, speech))
            if arguments.sounds:
                from tiedtts.audio import files

                arguments.sounds.mkdir(parents=True, exist_ok=True)
                stem = Path(name).stem
                files.write(arguments.sounds / f"{number:02d}_{stem}.wav", samples, corpus.audio.sample_rate)
        distortion = quality.summarise(comparisons).mel_cepstral_distortion_db
        row = (
            f"| {name if name in vocoders.MODEL_FREE else Path(name).stem} | {100 * errors / said:.1f}% "
            f"| {errors / wrong:.2f} | {distortion:.2f} | {np.mean(distances):.3f} | {np.mean(hiss):+.1f} | {computing / seconds:.3f} |"
        )
        print(row, flush=True)


def quiet(mel: np.ndarray) -> float:
    """Return the level of the quietest twentieth of the frames in the upper mel bands, in dB."""
    return float(20 / np.log(10) * np.quantile(mel[:, -25:], 0.05, axis=0).mean())


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

"""A real checkpoint of another program, tied several ways: what is saved, and what becomes of the sound.

    python tests/benchmarks/hifigan.py CKPT RECORDINGS [--steps N] [--only NAME ...] [--results FILE]

CKPT is a HiFi-GAN generator (of LJSpeech: 22.05 kHz, 80 mel bands up to 8 kHz), RECORDINGS a corpus that
`prepare` reads. The tied generator is compared with the untied one on mels of real speech: the distance of
log-spectra, in dB, over time and frequency. A short fine-tune, in which the tied generator imitates the untied
one on other recordings, shows how much of the distance comes back. A finished row is kept in the results
file; a run that was stopped goes on with the next.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from tests.benchmarks.places import existing, folder, writable
from tiedtts.audio import files, mel
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint, other_formats
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.corpus import readers
from tiedtts.training.losses import magnitude, spectrum
from tiedtts.tying import TiePlan, count_parameters, tie
from tiedtts_cli import boundary

AUDIO = AudioSettings(sample_rate=22_050, f_max=8_000.0, f0_max=400.0)
SEGMENT = 24
"""Frames of a training segment."""
BATCH = 4
"""Segments of a step."""
RATE = 3e-4
"""Learning rate of the fine-tune."""
HELD_OUT = 6
"""Recordings that are compared; others are for the fine-tune."""
FOR_TUNING = 60
WINDOWS = (2048, 512)
BLOCKS = "resblocks.*.convs*"
PLANS: dict[str, list[dict[str, Any]]] = {
    "untied": [],
    "codebook, 256 values": [{"layers": "*", "scheme": "codebook", "options": {"k": 256}}],
    "codebook, 16 values": [{"layers": "*", "scheme": "codebook", "options": {"k": 16}}],
    "lowrank, half": [{"layers": BLOCKS, "scheme": "lowrank", "options": {"ratio": 0.5}}],
    "lowrank, quarter": [{"layers": BLOCKS, "scheme": "lowrank", "options": {"ratio": 0.25}}],
    "cluster into, 3/4": [
        {"layers": f"resblocks.*.convs1.{n}", "scheme": "cluster", "options": {"ratio": 0.75, "into": other}}
        for n in range(3)
        for other in [f"convs2.{n}"]
    ],
    "cluster into, half": [
        {"layers": f"resblocks.*.convs1.{n}", "scheme": "cluster", "options": {"ratio": 0.5, "into": other}}
        for n in range(3)
        for other in [f"convs2.{n}"]
    ],
    "cluster, half": [{"layers": BLOCKS, "scheme": "cluster", "options": {"ratio": 0.5}}],
    "separable, rank 2": [{"layers": BLOCKS, "scheme": "separable", "options": {"rank": 2}}],
    "separable": [{"layers": BLOCKS, "scheme": "separable"}],
    "share, in pairs": [
        {"layers": "resblocks.*.convs1.*", "scheme": "share", "options": {"groups": 2}},
        {"layers": "resblocks.*.convs2.*", "scheme": "share", "options": {"groups": 2}},
    ],
    "diagonal": [{"layers": BLOCKS, "scheme": "diagonal"}],
    "identity, biases one": [{"layers": BLOCKS, "scheme": "identity", "bias": "share"}],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=existing)
    parser.add_argument("recordings", type=existing)
    parser.add_argument("--steps", type=int, default=120, help="of the fine-tune")
    parser.add_argument("--only", nargs="*", default=list(PLANS), help="names of rows")
    parser.add_argument("--results", type=writable, default=Path("hifigan.jsonl"))
    parser.add_argument("--sounds", type=folder, help="folder for a sound of each row")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    done = _read(arguments.results)
    todo = [name for name in arguments.only if name not in done]
    if todo:
        net = other_formats.read(arguments.checkpoint, "hifigan").net.eval()
        mels = load(arguments.recordings, HELD_OUT + FOR_TUNING)
        for name in todo:
            row = measure(name, net, mels, arguments.steps, arguments.sounds)
            print(row, file=sys.stderr)
            with arguments.results.open("a") as file:
                file.write(json.dumps(row) + "\n")
    print(table([row for row in _read(arguments.results).values() if row["name"] in arguments.only]))


def measure(
    name: str, net: nn.Module, mels: Sequence[Tensor], steps: int, sounds: Path | None
) -> dict[str, Any]:
    """Tie, compare, fine-tune and compare again."""
    tied = net if not PLANS[name] else tie(net, TiePlan.from_dict({"tie": PLANS[name]}))[0]
    seconds = mels[0].shape[2] / AUDIO.frame_rate
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        tied(mels[0])
    path = Path(f"{name}.safetensors".replace(" ", "-").replace("/", "-"))
    checkpoint.save(path, Checkpoint({"vocoder": tied}, None))
    size = path.stat().st_size
    path.unlink()
    before = distance(tied, net, mels[:HELD_OUT])
    begun = time.monotonic()
    tuned = tied if name == "untied" else fine_tune(tied, net, mels[HELD_OUT:], steps)
    took = time.monotonic() - begun
    if sounds is not None:
        sounds.mkdir(exist_ok=True)
        for kind, each in (("tied", tied), ("tuned", tuned)):
            with torch.no_grad():
                samples = each(mels[0])[0].numpy()
            files.write(sounds / f"{path.stem}-{kind}.wav", samples, AUDIO.sample_rate)
    return {
        "name": name,
        "parameters": count_parameters(tied),
        "bytes": size,
        "macs_per_second": counter.get_total_flops() / 2 / seconds,
        "distance": before,
        "distance_tuned": distance(tuned, net, mels[:HELD_OUT]),
        "steps": steps,
        "seconds": took,
    }


def load(corpus: Path, count: int) -> list[Tensor]:
    """Return mels, (1, M, F), of evenly chosen recordings."""
    recordings, _ = readers.read(corpus)
    chosen = np.linspace(0, len(recordings) - 1, count).astype(int)
    mels = []
    for recording in (recordings[at] for at in np.random.default_rng(1).permutation(chosen)):
        sound = files.read(recording.audio)
        samples = soxr.resample(sound.mono, sound.rate, AUDIO.sample_rate).astype(np.float32)
        scaled = samples * 0.9 / np.abs(samples).max()
        mels.append(torch.from_numpy(mel.log_mel(scaled, AUDIO).T.copy())[None])
    return mels


@torch.no_grad()
def distance(net: nn.Module, reference: nn.Module, mels: Sequence[Tensor]) -> float:
    """Return the root mean square distance of log-spectra, dB, what is 60 dB below the peak left out."""
    found = []
    for each in mels:
        made, wanted = (magnitude(spectrum(of(each), 1024)) for of in (net, reference))
        floor = wanted.max() / 1e3
        levels = [20 * torch.log10(value.clamp(min=float(floor))) for value in (made, wanted)]
        found.append(float((levels[0] - levels[1]).square().mean().sqrt()))
    return float(np.mean(found))


def fine_tune(tied: nn.Module, reference: nn.Module, mels: Sequence[Tensor], steps: int) -> nn.Module:
    """Train a tied generator to sound like the untied one; no recording's samples are used."""
    import copy

    rng = np.random.default_rng(1)
    net = copy.deepcopy(tied).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE, betas=(0.8, 0.99))
    for step in range(steps):
        parts = [mels[int(at)] for at in rng.integers(len(mels), size=BATCH)]
        starts = [int(rng.integers(part.shape[2] - SEGMENT)) for part in parts]
        batch = torch.cat([part[:, :, at : at + SEGMENT] for part, at in zip(parts, starts, strict=True)])
        with torch.no_grad():
            wanted = reference(batch)
        made = net(batch)
        losses = []
        for window in WINDOWS:
            ours, theirs = (magnitude(spectrum(signal, window)) for signal in (made, wanted))
            losses += [(ours.log() - theirs.log()).abs().mean(), (ours - theirs).norm() / theirs.norm()]
        loss = torch.stack(losses).sum()
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 10) * (1 - step / steps)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    return net.eval()


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as Markdown."""
    lines = [
        "| tied | unique parameters | MMACs/s | file, kB | distance, dB | after fine-tune, dB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        lines.append(
            f"| {row['name']} | {row['parameters']:,} | {row['macs_per_second'] / 1e6:,.0f} "
            f"| {row['bytes'] / 1e3:,.0f} | {row['distance']:.2f} | {row['distance_tuned']:.2f} |"
        )
    return "\n".join(lines)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        return {}
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {row["name"]: row for row in rows}


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))

"""Train durations, pitch and energy of an acoustic net alone, without running its decoder.

    python scripts/teacher/prosody.py start.safetensors data prosody.safetensors --steps 8000

With `--silent FILE`, made by `silent.py`, four sentences of five come without sound.
"""

import argparse
import copy
import dataclasses
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.corpus.manifest import Entry, read_manifest
from tiedtts.nets.acoustic import AcousticNet
from tiedtts.nets.variance import Variances
from tiedtts.text.phones import FIRST_SPEECH_ID, Phone, encode
from tiedtts.training import corpus as corpora
from tiedtts.training import recipe as recipes
from tiedtts.training.batches import Batches
from tiedtts.training.tasks.acoustic import AcousticTask, phone_means
from tiedtts.tying import adapters

Item = tuple[np.ndarray, ...]
SILENT = 0.8
"""Share of a batch that comes without sound, where there are such sentences."""
EDGES = (8, 14)
"""Frames of silence kept before and after a sentence."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("start", type=Path, help="checkpoint with an acoustic net")
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--adapt", type=int, default=0, metavar="RANK", help="train only adapters")
    parser.add_argument(
        "--silent", type=Path, help="durations and pitch of further sentences, see `silent.py`"
    )
    parser.add_argument("--every", type=int, default=500, help="steps between two evaluations")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    loaded = checkpoint.load(arguments.start)
    net = loaded.part("acoustic")
    assert isinstance(net, AcousticNet)
    entries = read_manifest(arguments.data)
    if arguments.adapt:
        # Pitch is learnt around the voice's own mean; spectra stay on the scale of the shared nets.
        scale = corpora.load(arguments.data).scale
        own = {"log_f0_mean": scale.log_f0_mean, "log_f0_std": scale.log_f0_std}
        net.config = dataclasses.replace(net.config, **own)
        adapters.attach(net.variance, arguments.adapt)
    train = [item(arguments.data, e, net) for e in entries if e.split == "train"]
    apart = [item(arguments.data, e, net) for e in entries if e.split != "train"]
    heldout = collate(apart)
    silent: list[Item] = []
    if arguments.silent:
        kept = {each[0].tobytes() for each in apart}
        silent = [each for each in silent_items(arguments.silent, net) if each[0].tobytes() not in kept]
    learning = [p for p in net.variance.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, arguments.rate, betas=(0.9, 0.99), weight_decay=0.02)
    without = round(arguments.batch * SILENT) if silent else 0
    batches = Batches([len(each[0]) for each in train], arguments.batch - without, 1)
    drawn = np.random.default_rng(1)
    averages = [p.detach().clone() for p in learning]
    for step in range(arguments.steps):
        for group in optimizer.param_groups:
            group["lr"] = arguments.rate * schedule(step, arguments.steps)
        net.train()
        chosen = [train[index] for index in batches.at(step)]
        batch = collate(chosen + [silent[index] for index in drawn.integers(0, max(1, len(silent)), without)])
        duration, pitch, energy = losses(net.predict(batch[0], batch[-1]), batch)
        optimizer.zero_grad()
        (duration + 0.5 * pitch + energy).backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimizer.step()
        for average, p in zip(averages, learning, strict=True):
            average.lerp_(p.detach(), 1 - min(0.999, (step + 1) / (step + 10)))
        if (step + 1) % arguments.every == 0 or step + 1 == arguments.steps:
            kept = [p.detach().clone() for p in learning]
            put(learning, averages)
            print(step + 1, evaluate(net.eval(), heldout), flush=True)
            nets = {**loaded.parts, "acoustic": adapters.merge(copy.deepcopy(net))}
            checkpoint.save(arguments.output, Checkpoint(nets, loaded.audio, loaded.provenance, loaded.plans))
            put(learning, kept)
    put(learning, averages)
    adapters.merge(net)
    # The scales that `train` measures at the end of a part: of durations, and of pitch.
    corpus = corpora.load(arguments.data)
    AcousticTask(corpus, recipes.load("tiny").acoustic, net.eval()).finish(net)
    checkpoint.save(arguments.output, Checkpoint(loaded.parts, loaded.audio, loaded.provenance, loaded.plans))


def schedule(step: int, steps: int, warmup: int = 200, final: float = 0.02) -> float:
    """Return the share of the rate at a step: a warm-up, then half a cosine."""
    falling = final + (1 - final) * 0.5 * (1 + math.cos(math.pi * step / steps))
    return min(1.0, (step + 1) / warmup) * falling


def put(parameters: list[torch.nn.Parameter], values: list[Tensor]) -> None:
    """Set parameters to values."""
    for parameter, value in zip(parameters, values, strict=True):
        parameter.data.copy_(value)


def item(data: Path, entry: Entry, net: AcousticNet) -> Item:
    """Return ids, (T, 4), durations, pitch and energy of a sentence's phones, and where known, (T,)."""
    config = net.config
    with np.load(data / "features" / entry.features) as kept:
        mel = (kept["mel"].astype(np.float32) - config.mel_mean) / config.mel_std
        log_f0 = ((kept["log_f0"] - config.log_f0_mean) / config.log_f0_std).astype(np.float32)
        voiced = kept["voiced"]
    durations = np.array(entry.durations)
    pitch, energy = phone_means(mel.mean(1), log_f0, voiced, durations)
    durations[0], durations[-1] = min(durations[0], EDGES[0]), min(durations[-1], EDGES[1])
    sounding = (durations > 0).astype(np.float32)
    return (
        encode([Phone(*row) for row in entry.phones]),
        durations,
        pitch,
        energy,
        np.ones(len(durations), np.float32),
        sounding,
        sounding,
    )


def silent_items(path: Path, net: AcousticNet) -> list[Item]:
    """Return sentences that `silent.py` wrote, as `item` does."""
    config = net.config
    with np.load(path) as kept:
        rows = {name: kept[name] for name in kept.files}
    log_f0 = ((rows["log_f0"] - config.log_f0_mean) / config.log_f0_std).astype(np.float32)
    phone_ends, frame_ends = np.cumsum(rows["phones"]), np.cumsum(rows["frames"])
    found: list[Item] = []
    for end, last, count, frames in zip(phone_ends, frame_ends, rows["phones"], rows["frames"], strict=True):
        phones, span = slice(end - count, end), slice(last - frames, last)
        ids, durations = rows["ids"][phones], rows["durations"][phones]
        pitch, nothing = phone_means(
            np.zeros(frames, np.float32), log_f0[span], rows["voiced"][span], durations
        )
        known = rows["known"][phones].astype(np.float32)
        sounding = ((ids[:, 0] >= FIRST_SPEECH_ID) & (durations > 1)).astype(np.float32)
        found.append((ids, durations, pitch, nothing, known, sounding, np.zeros(count, np.float32)))
    return found


def collate(items: list[Item]) -> list[Tensor]:
    """Pad sentences to the longest: what `item` returns, and a mask, (B, T)."""
    longest = max(len(each[0]) for each in items)

    def stacked(arrays: list[np.ndarray]) -> Tensor:
        pads = [[(0, longest - len(a)), *[(0, 0)] * (a.ndim - 1)] for a in arrays]
        return torch.from_numpy(np.stack([np.pad(a, pad) for a, pad in zip(arrays, pads, strict=True)]))

    columns = [stacked([each[column] for each in items]) for column in range(7)]
    return [*columns, stacked([np.ones(len(each[0]), np.float32) for each in items])]


def losses(said: Variances, batch: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean squared errors of log duration, pitch and energy, where each is known."""
    _, durations, pitch, energy, *known, _ = batch
    pairs = ((said.log_duration, torch.log1p(durations.float())), (said.pitch, pitch), (said.energy, energy))
    length, tone, loudness = (
        ((a - b) ** 2 * where).sum() / where.sum().clamp(min=1)
        for (a, b), where in zip(pairs, known, strict=True)
    )
    return length, tone, loudness


@torch.no_grad()
def evaluate(net: AcousticNet, batch: list[Tensor]) -> str:
    """Describe how held-out durations and pitch are met."""
    ids, durations, pitch, *_, mask = batch
    said = net.predict(ids, mask)
    speech = (ids[..., 0] >= FIRST_SPEECH_ID) & (durations > 0)
    pairs = ((said.log_duration, torch.log1p(durations.float())), (said.pitch, pitch))
    length, tone = (float(np.corrcoef(a[speech], b[speech])[0, 1]) for a, b in pairs)
    semitones = (said.pitch - pitch)[speech].abs().mean() * net.config.log_f0_std * 12 / math.log(2)
    cents = 100 * float(semitones)
    return f"correlation of durations {length:.3f}, of pitch {tone:.3f}; pitch {cents:.0f} cents off"


if __name__ == "__main__":
    main()

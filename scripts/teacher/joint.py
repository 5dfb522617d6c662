"""Train spectrum and vocoder together on the waveform, from nets that can already speak.

    python scripts/teacher/joint.py acoustic.safetensors vocoder.safetensors data run --steps 5000

The acoustic net needs no discriminator of its own: the vocoder learns to give its smooth spectra back their
detail, and its loss reaches the acoustic net as well. Stop it at any moment; the same command goes on.
"""

import argparse
import copy
import os
from pathlib import Path

import numpy as np
import torch
from prosody import schedule
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from tiedtts import __version__
from tiedtts.audio import excitation
from tiedtts.audio.mel import FLOOR
from tiedtts.audio.pitch import oscillator_phase
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.corpus.manifest import Entry, read_manifest, read_provenance, read_settings
from tiedtts.nets.acoustic import AcousticNet, frame_positions
from tiedtts.nets.discriminator import PatchDiscriminator
from tiedtts.nets.vocoder import HarmonicVocoder
from tiedtts.text.phones import Phone, encode
from tiedtts.training import losses
from tiedtts.training.tasks.acoustic import phone_means
from tiedtts.tying import adapters

SEGMENT = 48
"""Frames that the vocoder makes of each sentence."""
CONTEXT = 16
"""Frames around a segment that the acoustic net makes beside it."""
WINDOWS = (1024, 512, 2048)
"""Windows of the spectrograms that are judged, samples; each step asks the next of the discriminators."""
CHANNELS = 16
"""Channels of the first layer of each discriminator."""
LEAD = 100
"""Steps that the discriminator learns before it is asked."""
REPULSION = 0.5
"""Share of the distance between two drawings that counts, see `losses.spectral_energy`."""
PHASE_WEIGHT, PHASE_TOP_HZ = 0.5, 4000.0
"""Weight and highest frequency of the loss of the harmonics' phases."""
JUDGE_RATE = 1e-3
"""Highest rate of the discriminators: adapters learn at a higher one than whole nets."""
ADVERSARIAL = 1.0
"""Weight of a discriminator's verdict and of its inner values."""
FRAME_WEIGHTS = {"mel": 1.0, "f0": 0.3, "voicing": 0.2}
"""Weights of the losses of the acoustic net's own frames."""

Item = dict[str, np.ndarray]


class Sentences:
    """Sentences in memory, and the random segments that steps are made of."""

    def __init__(self, data: Path, entries: list[Entry], net: AcousticNet, audio: AudioSettings) -> None:
        self.audio, self.net = audio, net
        self.items = [self._item(data, entry) for entry in entries]
        lengths = np.array([len(item["mel"]) for item in self.items], float)
        self.shares = lengths / lengths.sum()

    def _item(self, data: Path, entry: Entry) -> Item:
        config, hop = self.net.config, self.audio.hop
        with np.load(data / "features" / entry.features) as kept:
            item = {name: kept[name] for name in ("samples", "mel", "log_f0", "voiced", "phase")}
        mel = (item["mel"].astype(np.float32) - config.mel_mean) / config.mel_std
        log_f0 = (item["log_f0"] - config.log_f0_mean) / config.log_f0_std
        item["durations"] = np.array(entry.durations)
        means = phone_means(mel.mean(1), log_f0.astype(np.float32), item["voiced"], item["durations"])
        item["pitch"], item["energy"] = means
        item["ids"] = encode([Phone(*row) for row in entry.phones])
        turned = oscillator_phase(item["log_f0"], hop, self.audio.sample_rate)[hop - 1 :: hop]
        item["turned"] = np.concatenate([[0.0], turned])[: len(mel)] % (2 * np.pi)
        return item

    def batch(self, step: int, size: int) -> dict[str, Tensor]:
        """Cut a random segment out of each of `size` sentences, drawn by their length."""
        rng = np.random.default_rng([1, step])
        rows = [self._row(self.items[i], rng) for i in rng.choice(len(self.items), size, p=self.shares)]
        longest = max(len(row["ids"]) for row in rows)
        batch: dict[str, Tensor] = {}
        for name in rows[0]:
            values = [row[name] for row in rows]
            if name in ("ids", "pitch", "energy", "mask"):
                values = [F.pad(v, [0, 0] * (v.dim() - 1) + [0, longest - len(v)]) for v in values]
            batch[name] = torch.stack(values)
        return batch

    def _row(self, item: Item, rng: np.random.Generator) -> dict[str, Tensor]:
        hop, rate = self.audio.hop, self.audio.sample_rate
        count, width = len(item["mel"]), SEGMENT + 2 * CONTEXT + 2
        start = int(rng.integers(0, max(1, count - SEGMENT + 1)))
        # A whole number of decoder steps around the segment.
        first = max(0, start - CONTEXT) // 2 * 2
        length = min(count, start + SEGMENT + CONTEXT) - first
        length += length % 2
        index, position = frame_positions(torch.from_numpy(item["durations"]), first + length)
        index, position = index[first:], position[first:]
        frames, samples = slice(start, start + SEGMENT), slice(start * hop, (start + SEGMENT) * hop)
        log_f0, voiced = item["log_f0"][frames], item["voiced"][frames].astype(np.float32)
        phase = (item["phase"][frames].astype(np.float32) + item["turned"][start]).astype(np.float32)
        pulses = excitation.pulse_train(log_f0, voiced, hop, rate, phase)

        def fitted(values: np.ndarray, size: int, filler: float = 0.0) -> Tensor:
            pad = [(0, size - len(values)), *[(0, 0)] * (values.ndim - 1)]
            return torch.from_numpy(np.pad(values, pad, constant_values=filler).astype(np.float32))

        return {
            "ids": torch.from_numpy(item["ids"]),
            "mask": torch.ones(len(item["ids"])),
            "pitch": torch.from_numpy(item["pitch"]),
            "energy": torch.from_numpy(item["energy"]),
            "index": F.pad(index, (0, width - length), value=int(index[-1])),
            "position": F.pad(position, (0, 0, 0, width - length)),
            "inside": F.pad(torch.ones(length), (0, width - length)),
            "offset": torch.arange(SEGMENT) + (start - first),
            "mel": fitted(item["mel"][frames], SEGMENT, float(np.log(FLOOR))),
            "log_f0": fitted(log_f0, SEGMENT, float(log_f0[-1])),
            "voiced": fitted(voiced, SEGMENT),
            "real": fitted(np.ones(len(log_f0)), SEGMENT),
            "pulses": fitted(pulses, SEGMENT * hop),
            "samples": fitted(item["samples"][samples] / np.float32(32767), SEGMENT * hop),
            "noise": torch.from_numpy(rng.standard_normal((2, SEGMENT * hop), np.float32)),
        }


class Joint(nn.Module):
    """Both nets, the discriminator, and the losses of a step."""

    def __init__(self, acoustic: AcousticNet, vocoder: HarmonicVocoder, audio: AudioSettings) -> None:
        super().__init__()
        self.acoustic, self.vocoder, self.audio = acoustic, vocoder, audio
        self.judges = nn.ModuleList(PatchDiscriminator(CHANNELS) for _ in WINDOWS)
        acoustic.variance.requires_grad_(False)
        acoustic.encoder.dropout.p = 0.0

    def plain(self) -> dict[str, nn.Module]:
        """Return copies of both nets with their adapters merged."""
        nets = {"acoustic": self.acoustic, "vocoder": self.vocoder}
        return {name: adapters.merge(copy.deepcopy(net)) for name, net in nets.items()}

    def learning(self) -> list[nn.Parameter]:
        """Return the parameters of both nets that learn here."""
        both = (*self.acoustic.parameters(), *self.vocoder.parameters())
        return [parameter for parameter in both if parameter.requires_grad]

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Make the segments; return them and the losses that need no judge, by name."""
        acoustic, config = self.acoustic, self.acoustic.config
        states = acoustic.encode(batch["ids"], batch["mask"])
        out = acoustic.decode(
            states, batch["pitch"], batch["energy"], batch["index"], batch["position"], batch["inside"]
        )
        place = batch["offset"]
        mel = torch.gather(out.mel, 1, place[..., None].expand(-1, -1, config.n_mels))
        log_f0, voicing = torch.gather(out.log_f0, 1, place), torch.gather(out.voicing, 1, place)
        target = (batch["mel"] - config.mel_mean) / config.mel_std
        tone = (batch["log_f0"] - config.log_f0_mean) / config.log_f0_std
        parts = {
            "mel": losses.masked((mel - target).abs().mean(-1), batch["real"]).value,
            "f0": losses.masked((log_f0 - tone).abs(), batch["voiced"]).value,
            "voicing": losses.voicing(voicing, batch["voiced"], batch["real"]).value,
        }
        harmonic, noise = self.vocoder(
            mel * config.mel_std + config.mel_mean,
            batch["log_f0"],
            batch["voiced"],
            batch["pulses"],
            batch["noise"],
        )
        made, other = harmonic + noise[:, 0], harmonic + noise[:, 1]
        spectral = losses.spectral_energy(made, other, batch["samples"], REPULSION)
        parts["spectral"] = torch.stack([part.value for part in spectral.values()]).sum() / len(
            losses.RESOLUTIONS
        )
        hop, rate = self.audio.hop, self.audio.sample_rate
        parts["phase"] = losses.harmonic_phase(
            harmonic, batch["samples"], batch["voiced"], hop, rate, PHASE_TOP_HZ
        ).value
        return made, parts

    def judgement(self, turn: int, made: Tensor, real: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return a judge's own loss, and its inner values for the real segments."""
        views = torch.cat([losses.judged_view(signal, WINDOWS[turn]) for signal in (real, made.detach())])
        scores, inner = self.judges[turn](views)
        count = len(real)
        wanted = [values[:count].detach() for values in inner]
        return losses.discriminator_loss(scores[:count], scores[count:]).value, wanted

    def verdict(self, turn: int, made: Tensor, wanted: list[Tensor]) -> Tensor:
        """Return a judge's loss on made segments: its score, and its inner values beside the real ones."""
        judge = self.judges[turn].requires_grad_(False)
        score, inner = judge(losses.judged_view(made, WINDOWS[turn]))
        judge.requires_grad_(True)
        matching = torch.stack([(w - i).abs().mean() for w, i in zip(wanted, inner, strict=True)]).mean()
        return losses.generator_loss(score).value + 2.0 * matching


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("acoustic", type=Path)
    parser.add_argument("vocoder", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--sentences", type=int, default=2200, help="as many as memory has room for")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--final", type=float, default=0.1, help="share of the rate at the end")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--adapt", type=int, default=0, metavar="RANK", help="train only adapters")
    parser.add_argument("--every", type=int, default=200, help="steps between two checkpoints")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    spectrum, sound = checkpoint.load(arguments.acoustic), checkpoint.load(arguments.vocoder)
    acoustic, vocoder = spectrum.part("acoustic"), sound.part("vocoder")
    assert isinstance(acoustic, AcousticNet)
    assert isinstance(vocoder, HarmonicVocoder)
    audio = read_settings(arguments.data)
    entries = [entry for entry in read_manifest(arguments.data) if entry.split == "train"]
    order = np.random.default_rng(0).permutation(len(entries))[: arguments.sentences]
    sentences = Sentences(arguments.data, [entries[i] for i in order], acoustic, audio)
    if arguments.adapt:
        for net in (acoustic, vocoder):
            adapters.attach(net, arguments.adapt)
    joint = Joint(acoustic, vocoder, audio)
    learning = joint.learning()
    source = {**read_provenance(arguments.data), "seed": 1, "version": __version__, "processes": 1}
    optimizers = [
        torch.optim.AdamW(parameters, arguments.rate, betas=(0.8, 0.98), weight_decay=0.01)
        for parameters in (learning, list(joint.judges.parameters()))
    ]
    averages = [parameter.detach().clone() for parameter in learning]
    arguments.run.mkdir(parents=True, exist_ok=True)
    state, done = arguments.run / "state.pt", 0
    if state.is_file():
        kept = torch.load(state, weights_only=True)
        done, averages = kept["step"], kept["averages"]
        joint.load_state_dict(kept["joint"])
        for optimizer, values in zip(optimizers, kept["optimizers"], strict=True):
            optimizer.load_state_dict(values)
    for step in range(done, arguments.steps):
        share = schedule(step, arguments.steps, warmup=100, final=arguments.final)
        for optimizer, rate in zip(
            optimizers, (arguments.rate, min(arguments.rate, JUDGE_RATE)), strict=True
        ):
            for group in optimizer.param_groups:
                group["lr"] = rate * share
        batch = sentences.batch(step, arguments.batch)
        with parametrize.cached():
            made, parts = joint.train()(batch)
        turn = step % len(WINDOWS)
        judgement, wanted = joint.judgement(turn, made, batch["samples"])
        optimizers[1].zero_grad(set_to_none=True)
        judgement.backward()
        optimizers[1].step()
        parts["judge"] = judgement.detach()
        total = parts["spectral"] + PHASE_WEIGHT * parts["phase"]
        total = total + sum(weight * parts[name] for name, weight in FRAME_WEIGHTS.items())
        if step >= LEAD:
            parts["fooled"] = joint.verdict(turn, made, wanted)
            total = total + ADVERSARIAL * parts["fooled"]
        optimizers[0].zero_grad()
        total.backward()
        if torch.isfinite(nn.utils.clip_grad_norm_(learning, 2.0)):
            optimizers[0].step()
        for average, parameter in zip(averages, learning, strict=True):
            average.lerp_(parameter.detach(), 1 - min(0.999, (step + 1) / (step + 10)))
        if (step + 1) % 50 == 0:
            print(step + 1, " ".join(f"{name} {part.item():.3f}" for name, part in parts.items()), flush=True)
        if (step + 1) % arguments.every == 0 or step + 1 == arguments.steps:
            current = [parameter.detach().clone() for parameter in learning]
            for parameter, average in zip(learning, averages, strict=True):
                parameter.data.copy_(average)
            plans = {**spectrum.plans, **sound.plans}
            provenance = {part: {**source, "steps": step + 1} for part in ("acoustic", "vocoder")}
            checkpoint.save(
                arguments.run / f"step_{step + 1}.safetensors",
                Checkpoint(joint.plain(), audio, provenance, plans),
            )
            for parameter, value in zip(learning, current, strict=True):
                parameter.data.copy_(value)
            values = {
                "step": step + 1,
                "joint": joint.state_dict(),
                "averages": averages,
                "optimizers": [optimizer.state_dict() for optimizer in optimizers],
            }
            torch.save(values, state.with_suffix(".part"))
            os.replace(state.with_suffix(".part"), state)


if __name__ == "__main__":
    main()

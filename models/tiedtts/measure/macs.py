"""Counts multiply-accumulates: of one call of any module, and of a second of speech for the nets known here.

What is counted are the products of matrices and convolutions, each use of a shared weight for itself; sums,
activations, norms and factors for whole channels are not. Two floating-point operations are one
multiply-accumulate.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tiedtts.measure.pace import PHONES_PER_SECOND, SECONDS
from tiedtts.nets.acoustic import AcousticNet
from tiedtts.nets.deepspeech import DeepSpeech
from tiedtts.nets.hifigan import Hifigan
from tiedtts.nets.recognizer import Recognizer
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.nets.vocoder import HarmonicVocoder
from tiedtts.nets.wavenet.config import CONTEXT
from tiedtts.nets.wavenet.net import WaveNet

_FRAMES_PER_SECOND = 24_000 / 256
"""Frame rate for nets that do not state theirs: 24 kHz in steps of 256 samples, as `prepare` makes them."""
_HIFIGAN_RATE = 22_050
"""Hz; its files do not tell theirs."""


@torch.no_grad()
def macs(model: nn.Module, call: Callable[[], Any]) -> tuple[int, dict[str, int]]:
    """Count the multiply-accumulates of a call.

    Args:
        model: Runs in the call.
        call: Calls it.

    Returns:
        All of them, and those of each module by its name in the model, with what is inside it; a module
        that is called several times has the sum.
    """
    rows: dict[str, int] = {}
    counters = _RecurrentLayers(model)
    # Without oneDNN a recurrent layer is the matrix products that it is, also where a tie runs it; so is
    # attention without its fast ways, of which the counter knows some and not others.
    with warnings.catch_warnings(), counters, FlopCounterMode(display=False) as counter:
        # It tells of kinds of processors that are not asked for.
        warnings.simplefilter("ignore")
        with torch.backends.mkldnn.flags(enabled=False), _plain_attention():
            call()
    for name, flops in counter.get_flop_counts().items():
        if name != "Global":
            # The first step is the class of the model.
            _, _, inner = name.partition(".")
            rows[inner] = sum(flops.values()) // 2
    total = counter.get_total_flops() // 2
    for name, extra in counters.found.items():
        missing = extra - rows.get(name, 0)
        steps = name.split(".")
        for above in {".".join(steps[:depth]) for depth in range(len(steps) + 1)}:
            rows[above] = rows.get(above, 0) + missing
        total += missing
    rows = {name: work for name, work in rows.items() if work}
    # A list of layers is not called itself: it does what those in it do.
    lists = {name[:at] for name in rows for at, letter in enumerate(name) if letter == "."} - rows.keys()
    for outer in sorted(lists, key=lambda name: -name.count(".")):
        rows[outer] = sum(work for name, work in rows.items() if name.rpartition(".")[0] == outer)
    # A layer that a tie makes for the moment has no name, and what it does is counted with none.
    return total, rows | ({"": total} if total else {})


@contextlib.contextmanager
def _plain_attention() -> Iterator[None]:
    """Let attention be computed by products of matrices."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


class _RecurrentLayers:
    """Counts what recurrent layers do by their sizes: on a GPU they are one operation that hides it."""

    def __init__(self, model: nn.Module) -> None:
        self.found: dict[str, int] = {}
        self._layers = {n: m for n, m in model.named_modules() if isinstance(m, (nn.LSTM, nn.GRU, nn.RNN))}
        self._hooks: list[Any] = []

    def __enter__(self) -> None:
        for name, layer in self._layers.items():

            def hook(module: nn.Module, args: tuple[Any, ...], out: Any, name: str = name) -> None:
                x = args[0].data if isinstance(args[0], nn.utils.rnn.PackedSequence) else args[0]
                size = sum(p.numel() for n, p in module.named_parameters() if n.startswith("weight"))
                self.found[name] = self.found.get(name, 0) + size * x.numel() // x.shape[-1]

            self._hooks.append(layer.register_forward_hook(hook))

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()


def speech(net: nn.Module) -> tuple[float, dict[str, float]] | None:
    """Count the multiply-accumulates of a second of speech; nothing for nets of which that is not known.

    Returns:
        All of them, and those of each module by name, with what is inside it.
    """
    run = next((run for kind, run in _RUNS.items() if isinstance(net, kind)), None)
    if run is None:
        return None
    training = net.training
    net.eval()
    seconds = run(net)[1]
    total, rows = macs(net, run(net)[0])
    net.train(training)
    return total / seconds, {name: value / seconds for name, value in rows.items()}


def rows(net: nn.Module) -> dict[str, float] | None:
    """Count the multiply-accumulates of each module for a second of speech, of all of them under no name."""
    counted = speech(net)
    return None if counted is None else counted[1]


def _acoustic(net: Any) -> tuple[Callable[[], Any], float]:
    phones = round(SECONDS * PHONES_PER_SECOND)
    frames = round(SECONDS * _FRAMES_PER_SECOND) // net.config.stride * net.config.stride
    index = (torch.arange(frames) * phones // frames)[None]
    zeros, ones = torch.zeros(1, phones), torch.ones(1, phones)
    ids = torch.ones(1, phones, 4, dtype=torch.int64)
    position, mask = torch.zeros(1, frames, 5), torch.ones(1, frames)
    return lambda: net(ids, ones, zeros, zeros, index, position, mask), frames / _FRAMES_PER_SECOND


def _tacotron(net: Any) -> tuple[Callable[[], Any], float]:
    phones = round(SECONDS * PHONES_PER_SECOND)
    config = net.config
    frames = round(SECONDS * _FRAMES_PER_SECOND) // config.reduction * config.reduction
    ids = torch.ones(1, phones, *(() if config.symbols else (4,)), dtype=torch.int64)
    mel = torch.zeros(1, frames, config.n_mels)
    return lambda: net(ids, mel), frames / _FRAMES_PER_SECOND


def _harmonic(net: Any) -> tuple[Callable[[], Any], float]:
    frames = round(SECONDS * net.config.sample_rate / net.config.hop)
    mel, row = torch.zeros(1, frames, net.config.n_mels), torch.ones(1, frames)

    def call() -> None:
        # What `forward` does beyond it, no net does in synthesis.
        net.forward = net.filters
        try:
            net(mel, row, row)
        finally:
            del net.forward

    return call, frames * net.config.hop / net.config.sample_rate


def _wavenet(net: Any) -> tuple[Callable[[], Any], float]:
    # One second: each sample is counted once, as sampling with kept state computes it.
    frames = round(net.config.sample_rate / net.config.hop)
    inputs = torch.zeros(1, net.config.inputs, frames * net.config.hop)
    features = torch.zeros(1, frames + 2 * CONTEXT + 1, net.config.features)
    return lambda: net(inputs, features), frames * net.config.hop / net.config.sample_rate


def _recognizer(net: Any) -> tuple[Callable[[], Any], float]:
    frames = round(SECONDS * _FRAMES_PER_SECOND)
    mel = torch.zeros(1, frames, net.config.n_mels)
    return lambda: net(mel, torch.ones(1, frames)), frames / _FRAMES_PER_SECOND


def _hifigan(net: Any) -> tuple[Callable[[], Any], float]:
    frames = round(SECONDS * _HIFIGAN_RATE / net.config.hop)
    mel = torch.zeros(1, net.config.n_mels, frames)
    return lambda: net(mel), frames * net.config.hop / _HIFIGAN_RATE


_RUNS: Mapping[type[nn.Module], Callable[[Any], tuple[Callable[[], Any], float]]] = {
    AcousticNet: _acoustic,
    Tacotron: _tacotron,
    HarmonicVocoder: _harmonic,
    WaveNet: _wavenet,
    Recognizer: _recognizer,
    DeepSpeech: _recognizer,
    Hifigan: _hifigan,
}

"""WaveNet one sample at a time, in numpy, for B pieces at once, with what the layers remember kept.

Written for few and large calls. What comes from a dilated layer's past is a matrix product over as many
samples as the dilation allows, with the conditioning added once; so is the sum over all layers, whose inputs
lie side by side. What is left in every sample are two small products and a tanh for each layer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tiedtts.nets.wavenet import noise
from tiedtts.nets.wavenet.conditioning import LIMIT, Conditioning, longest_lag
from tiedtts.nets.wavenet.net import GatedLayer, WaveNet
from tiedtts.nets.wavenet.noise import Noise

Array = npt.NDArray[np.float32]


@dataclass
class _Layer:
    """Weights of one layer, transposed for rows, and its memory."""

    present: Array
    """Weight of the present input, (R, 2 g)."""
    past: Array
    """Weights of the earlier inputs, one tap below the other, (taps * R, 2 g)."""
    reaches: list[int]
    """How far back the taps are, samples."""
    residual: Array | None
    """(g, R)."""
    conditioning: Array
    """Conditioning and bias at every step, (G, B, 2 g)."""
    block: int
    """Samples that the past is computed for at once."""
    ring: Array
    """Inputs of the last samples, (L, B, R); L is a multiple of `block`."""
    rows: list[Array]
    """Views of `ring`, one a sample."""
    ready: Array
    """Sum of the past and the conditioning for the samples of the block, (block, B, 2 g)."""
    readied: list[Array]
    """Views of `ready`, one a sample."""


def _matrix(layer: nn.Module, tap: int = 0) -> Array:
    """Return one tap of a convolution's weight, transposed; a tied layer expands it."""
    weight = layer.weight
    assert isinstance(weight, torch.Tensor)
    return np.ascontiguousarray(weight.detach().float().cpu().numpy()[:, :, tap].T)


def _bias(layer: nn.Module, size: int) -> Array:
    bias = getattr(layer, "bias", None)
    if bias is None:
        return np.zeros(size, np.float32)
    array: Array = bias.detach().float().cpu().numpy()
    return array


class Sampler:
    """The state of B pieces of equal length S.

    Args:
        net: Weights are read once.
        conditionings: Conditioning of each piece.
        noises: Random numbers of each piece.
        temperature: Temperature of voiced samples.
    """

    def __init__(
        self,
        net: WaveNet,
        conditionings: Sequence[Conditioning],
        noises: Sequence[Noise],
        temperature: float = 1.0,
    ) -> None:
        config = net.config
        gated = net.gated()
        self.config, self.batch = config, len(conditionings)
        self.length = len(conditionings[0].gain)
        order = conditionings[0].predictor.shape[1]
        self.lead = max(longest_lag(config), order)
        self.gate = config.gate
        # Time first: a sample's values of all pieces lie side by side.
        self.predictor = np.stack([c.predictor[:, ::-1] for c in conditionings], axis=1).astype(np.float32)
        self.gain = np.stack([c.gain for c in conditionings], axis=1)
        self.clock = np.stack([c.clock for c in conditionings], axis=1)
        self.voiced = np.stack([c.voiced for c in conditionings], axis=1)
        taps = np.arange(config.lagged) - config.lagged // 2
        at = np.stack([c.lag for c in conditionings], axis=1)
        now = np.arange(self.length)[:, None] + self.lead
        # Where in the flat residual each tap of each piece lies.
        row = np.arange(self.batch) * (self.lead + self.length)
        self.lagged = (now - at + row)[:, :, None] + taps
        self.choice = np.stack([d.choice for d in noises], axis=1)
        self.place = np.stack([d.place for d in noises], axis=1)
        self.sharpness = (1.0 + (temperature - 1.0) * self.voiced).astype(np.float32)
        self.signal = np.zeros((self.batch, order + self.length), np.float32)
        self.residual = np.zeros((self.batch, self.lead + self.length), np.float32)
        self.order = order
        with torch.no_grad():
            device = next(net.parameters()).device
            features = torch.from_numpy(np.stack([c.features for c in conditionings])).to(device)
            upsampled = [c.permute(2, 0, 1).float().cpu().numpy() for c in net.upsample(features)]
        # The layers' inputs are kept without the biases of the layers before: those are in `conditioning`
        # and, for what was before the beginning, in the memory.
        offset = np.zeros(config.residual, np.float32)
        self.layers = []
        for layer, dilation, condition in zip(gated, config.dilations, upsampled, strict=True):
            self.layers.append(self._layer(layer, dilation, condition, offset))
            if layer.residual is not None:
                offset = offset + _bias(layer.residual, config.residual)
        self.one = np.ones((self.batch, self.gate), np.float32)
        self.stem = np.concatenate([_matrix(net.stem), _bias(net.stem, config.residual)[None]])
        scale = np.float32(0.5 / np.sqrt(len(self.layers)))
        self.skip = np.concatenate([_matrix(layer.skip) for layer in gated]) * scale
        self.skip_bias = np.sum([_bias(layer.skip, config.skip) for layer in gated], axis=0) * (2 * scale)
        self.inner, self.inner_bias = _matrix(net.inner), _bias(net.inner, config.skip)
        self.head, self.head_bias = _matrix(net.head), _bias(net.head, config.outputs)
        self.inputs = np.ones((self.batch, config.inputs + 1), np.float32)
        self.opened = np.zeros((self.batch, 2 * self.gate), np.float32)
        self.left, self.right = self.opened[:, : self.gate], self.opened[:, self.gate :]
        self.passed = np.zeros((self.batch, len(self.layers) * self.gate), np.float32)
        self.parts = [self.passed[:, n * self.gate : (n + 1) * self.gate] for n in range(len(self.layers))]

    def _layer(self, layer: GatedLayer, dilation: int, condition: Array, offset: Array) -> _Layer:
        config, gate = self.config, self.gate
        taps = config.kernel - 1
        # tanh(x / 2) instead of the sigmoid, so that one call does both halves: sigmoid(x) is half of
        # (1 + tanh(x / 2)). The halves that are left out are in the weights behind.
        halves = np.concatenate([np.ones(gate), np.full(gate, 0.5)]).astype(np.float32)
        past = [_matrix(layer.dilated, tap) * halves for tap in range(taps)]
        present = _matrix(layer.dilated, taps) * halves
        conditioning = (condition + _bias(layer.dilated, 2 * gate)) * halves + offset @ np.sum(
            [present, *past], axis=0
        )
        # A power of two that the steps of the conditioning are a multiple of, and the dilation.
        block = min(dilation, config.step & -config.step)
        length = -(-(taps * dilation + block) // block) * block
        ring = np.tile(-offset, (length, self.batch, 1))
        ready = np.zeros((block, self.batch, 2 * gate), np.float32)
        residual = None if layer.residual is None else _matrix(layer.residual) * np.float32(0.5)
        return _Layer(
            present,
            np.concatenate(past),
            [(taps - tap) * dilation for tap in range(taps)],
            residual,
            np.ascontiguousarray(conditioning, np.float32),
            block,
            ring,
            list(ring),
            ready,
            list(ready),
        )

    def run(self, progress: Callable[[int, int], None] | None = None) -> Array:
        """Make all samples, (B, S)."""
        for moment in range(self.length):
            if progress is not None and moment % 1024 == 0:
                progress(moment * self.batch, self.length * self.batch)
            self.draw(moment, self.answer(moment))
        if progress is not None:
            progress(self.length * self.batch, self.length * self.batch)
        return self.signal[:, self.order :]

    def observe(self, moment: int) -> tuple[Array, Array]:
        """Return what the net reads at a sample, (B, inputs + 1), the last a one; and the prediction."""
        inputs, gain = self.inputs, self.gain[moment]
        at = self.order + moment
        history = self.signal[:, moment:at]
        predicted = np.einsum("bp,bp->b", history, self.predictor[moment // self.config.step])
        inputs[:, 0] = self.residual[:, self.lead + moment - 1]
        np.divide(history[:, -1], gain, out=inputs[:, 1])
        np.divide(predicted, gain, out=inputs[:, 2])
        place = 3
        if self.config.clock:
            inputs[:, 3:5] = self.clock[moment]
            place = 5
        if self.config.lagged:
            seen = self.residual.ravel()[self.lagged[moment]]
            np.arcsinh(seen, out=seen)
            np.multiply(seen, self.voiced[moment][:, None], out=inputs[:, place:-1])
        np.arcsinh(inputs[:, :3], out=inputs[:, :3])
        self.predicted = predicted
        return inputs, predicted

    def answer(self, moment: int) -> Array:
        """Return what the net says of a sample, (B, outputs); the past must be complete."""
        self.observe(moment)
        layers, opened, left, right = self.layers, self.opened, self.left, self.right
        one = self.one
        step = self.config.step
        first = layers[0]
        x = first.rows[moment % len(first.rows)]
        np.dot(self.inputs, self.stem, out=x)
        for number, layer in enumerate(layers):
            inside = moment % layer.block
            if not inside:
                self._ready(layer, moment, moment // step)
            np.dot(x, layer.present, out=opened)
            np.add(opened, layer.readied[inside], out=opened)
            np.tanh(opened, out=opened)
            np.add(right, one, out=right)
            passed = self.parts[number]
            np.multiply(left, right, out=passed)
            if layer.residual is not None:
                rows = layers[number + 1].rows
                following = rows[moment % len(rows)]
                np.dot(passed, layer.residual, out=following)
                following += x
                x = following
        total = np.dot(self.passed, self.skip)
        total += self.skip_bias
        np.maximum(total, 0.0, out=total)
        total = np.dot(total, self.inner)
        total += self.inner_bias
        np.maximum(total, 0.0, out=total)
        answer = np.dot(total, self.head)
        answer += self.head_bias
        return np.asarray(answer, np.float32)

    def _ready(self, layer: _Layer, moment: int, step: int) -> None:
        """Compute what the past contributes to the next block of samples."""
        length, size = len(layer.ring), layer.block
        width = layer.present.shape[0]
        ready = layer.ready.reshape(size * self.batch, -1)
        conditioning = layer.conditioning[step]
        for number, reach in enumerate(layer.reaches):
            at = (moment - reach) % length
            seen = layer.ring[at : at + size].reshape(size * self.batch, width)
            weight = layer.past[number * width : (number + 1) * width]
            if number:
                ready += np.dot(seen, weight)
            else:
                np.dot(seen, weight, out=ready)
        layer.ready += conditioning

    def draw(self, moment: int, answer: Array) -> None:
        """Draw a sample and remember it."""
        drawn = noise.draw_samples(
            self.config, answer, self.choice[moment], self.place[moment], self.sharpness[moment]
        )
        gain = self.gain[moment]
        made = (self.predicted + gain * drawn).clip(-1.0, 1.0)
        self.signal[:, self.order + moment] = made
        # What was clipped away was not said.
        left = (made - self.predicted) / gain
        self.residual[:, self.lead + moment] = left.clip(-LIMIT, LIMIT)

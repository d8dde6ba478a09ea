"""Convolutional classifiers built from an architecture line."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from lava_spquant import ir
from lava_spquant.slayer import block
from lava_spquant.slayer.gate import GateConfig
from lava_spquant.slayer.membrane import MembraneConfig, membrane
from lava_spquant.slayer.models.architecture import POOLS, Layer, parse_architecture
from lava_spquant.slayer.models.binary import BINARY_KINDS, GRADED_KINDS, BinaryOptions, build_binary, sent
from lava_spquant.slayer.narrow import narrow_to
from lava_spquant.slayer.network import SpikingNetwork
from lava_spquant.slayer.neuron import QLifConfig
from lava_spquant.slayer.quant import weight_quantiser
from lava_spquant.slayer.surrogate import AsymmetricBox, Surrogate, surrogate

__all__ = ["ConvNetConfig", "build_convnet"]


@dataclass(frozen=True)
class ConvNetConfig:
    """A classifier of SpQuant-SNN's kind: conv, batch-norm, quantised-membrane neuron, read-out.

    Parameters
    ----------
    architecture : str
        See `parse_architecture`.
    weight, first_weight, last_weight : str
        Quantisers of the middle, first and last layer; see `weight_quantiser`.
    membrane : str
        Membrane quantiser; see `lava_spquant.slayer.membrane.membrane`.
    weights, membranes : sequence of str
        Quantisers layer by layer instead: one weight for each layer but pools, the read-out's last, and one membrane
        for each of these but the read-out. Empty: the same everywhere, as above.
    stream_bits, stream_bound, activation
        Of the graded stream of single-step binary networks (tokens B, C, T); see `BinaryOptions`.
    channels : sequence of int
        How many channels pruning has left of each of the network's widths (`lava_spquant.ir.widths`). Empty: all.
    gates : {"none", "channel", "spatial", "both"}
        Put predictors before the spiking convolutions of every layer but the first, those of residual blocks included
        (dynamic pruning); see `lava_spquant.slayer.block.Gated`. Convolutions whose currents are pooled (`64p2`),
        depthwise ones and those of single-step binary networks have none.
    gate_cell, gate_joint, gate_temperature
        See `lava_spquant.slayer.gate.GateConfig`.
    membrane_gradient : {"stacked", "straight_through"}
        Gradient of the membrane quantiser; see `lava_spquant.slayer.membrane.MembraneConfig`.
    surrogate : str
        Gradient of the spike.
    surrogate_delta, surrogate_rho : float
        Reach of "asymmetric" above the threshold, and below it as a fraction of that; ignored by the others. See
        `AsymmetricBox`. Single-step binary layers learn their reach from this one on.
    voltage_decay : float
        Leak per step, 0..1.
    reset : {"hard", "soft"}
    frac_bits : int
        Fractional bits of the deployed membrane.
    learn_threshold : {"no", "layer", "channel"}
        Learn every neuron's threshold but the first layer's, which stays 1 (LT-SNN, SpQuant-SNN).
    learn_decay : bool
        Learn the leaks.

    Raises
    ------
    ValueError
        If a field names nothing known or is out of range.
    """

    architecture: str = "16-AP2-32-FC"
    weight: str = "ternary"
    first_weight: str = "sawb8"
    last_weight: str = "sawb8"
    membrane: str = "ternary"
    surrogate: str = "triangle"
    voltage_decay: float = 0.5
    reset: str = "hard"
    frac_bits: int = 12
    learn_threshold: str = "no"
    learn_decay: bool = False
    weights: tuple[str, ...] = ()
    membranes: tuple[str, ...] = ()
    membrane_gradient: str = "stacked"
    stream_bits: int = 8
    stream_bound: float = 1.0
    activation: str = "spikes"
    channels: tuple[int, ...] = ()
    gates: str = "none"
    gate_cell: int = 2
    gate_joint: bool = False
    gate_temperature: float = 0.4
    surrogate_delta: float = 2.0
    surrogate_rho: float = 0.3

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", tuple(self.channels))
        layers = [layer for layer in parse_architecture(self.architecture) if layer.kind not in POOLS]
        for what, expected in (("weights", len(layers)), ("membranes", len(layers) - 1)):
            # A recipe's list arrives as one.
            given = tuple(getattr(self, what))
            object.__setattr__(self, what, given)
            if len(given) not in (0, expected):
                raise ValueError(f"model: {what}: found {len(given)}, expected none or {expected}, one per layer")
        for name in (self.weight, self.first_weight, self.last_weight, *self.weights):
            weight_quantiser(name)
        membrane(self.membrane)
        for what in ("surrogate_delta", "surrogate_rho"):
            if not 0 < getattr(self, what) < math.inf:
                raise ValueError(f"model: {what}: found {getattr(self, what)!r}, expected a positive number")
        for index in range(len(layers) - 1):
            self.neuron(index)
        _ = self.binary, self.gate

    @property
    def gate(self) -> GateConfig:
        """Return what gates the convolutions."""
        return GateConfig(self.gates, self.gate_cell, self.gate_joint, self.gate_temperature)

    @property
    def binary(self) -> BinaryOptions:
        """Return what the layers of a binary network share."""
        return BinaryOptions(self.stream_bits, self.stream_bound, self._surrogate, self.activation)

    @property
    def graded(self) -> bool:
        """Say whether a graded stream of `stream_bits` runs between any layers."""
        senders = BINARY_KINDS if self.activation == "graded" else GRADED_KINDS
        return any(layer.kind in senders for layer in parse_architecture(self.architecture))

    @property
    def _surrogate(self) -> Surrogate:
        chosen = surrogate(self.surrogate)
        if isinstance(chosen, AsymmetricBox):
            return AsymmetricBox(float(self.surrogate_delta), float(self.surrogate_rho))
        return chosen

    def quantiser(self, index: int, last: bool = False) -> str:
        """Return the weight quantiser of the layer with this number, pools not counted."""
        if self.weights:
            return self.weights[index]
        return self.last_weight if last else self.weight if index else self.first_weight

    def neuron(self, index: int) -> QLifConfig:
        """Return the parameters of the spiking neurons of the layer with this number, pools not counted."""
        return QLifConfig(
            voltage_decay=self.voltage_decay,
            reset=self.reset,
            membrane=self._membrane(index),
            surrogate=self._surrogate,
            frac_bits=self.frac_bits,
            learn_threshold=self.learn_threshold if index else "no",
            learn_decay=self.learn_decay,
        )

    def _membrane(self, index: int) -> MembraneConfig | None:
        found = membrane(self.membranes[index] if self.membranes else self.membrane)
        return None if found is None else replace(found, gradient=self.membrane_gradient)


def build_convnet(
    config: ConvNetConfig, input_spec: ir.InputSpec, classes: int, name: str = "convnet"
) -> SpikingNetwork:
    """Return the untrained network.

    Parameters
    ----------
    config : ConvNetConfig
    input_spec : ir.InputSpec
        Shape (C, H, W).
    classes : int
        Neurons of the read-out.
    name : str

    Raises
    ------
    ValueError
        If a layer does not fit its input, or gates find nothing to gate.

    Examples
    --------
    >>> model = build_convnet(ConvNetConfig("8s2-FC"), ir.InputSpec((1, 8, 8), 8), classes=10)
    >>> model.to_ir().output_shape
    (10,)
    """
    shape: tuple[int, ...] = input_spec.shape
    blocks: list[block.Deployable] = []
    layers = parse_architecture(config.architecture)
    index, arriving = 0, "spikes" if input_spec.bits == 1 else "image"
    for layer in layers:
        if layer.kind in POOLS:
            made, shape = _pool(layer, config, shape, arriving)
        elif layer.kind == "readout":
            made, shape = _readout(config.quantiser(index, last=True), shape, classes)
        else:
            made, shape = _build(layer, config, index, shape)
        arriving = sent(layer, arriving)
        index += layer.kind not in POOLS
        blocks.extend(made)
    if config.gates != "none" and not any(isinstance(m, block.Gated) for made in blocks for m in made.modules()):
        expected = "a spiking convolution behind the first layer"
        raise ValueError(f"model: gates: found {config.gates!r} for {config.architecture!r}, expected {expected}")
    model = SpikingNetwork(blocks, input_spec, name)
    if config.channels:
        narrow_to(model, config.channels)
    return model


Made = tuple[list[block.Deployable], tuple[int, ...]]
"""Blocks of one layer, and the shape that they send on."""


def _readout(weight: str, shape: tuple[int, ...], classes: int) -> Made:
    flat: list[block.Deployable] = [block.Flatten()] if len(shape) == 3 else []
    return [*flat, block.Readout(math.prod(shape), classes, weight=weight)], (classes,)


def _pool(layer: Layer, config: ConvNetConfig, shape: tuple[int, ...], arriving: str) -> Made:
    """Return the pool of what arrives: what `sent` returns, or the "image"."""
    channels, height, width = _image(layer, shape)
    where = f"architecture: {'AP' if layer.kind == 'pool' else 'MP'}{layer.size}"
    if min(height, width) < layer.size:
        raise ValueError(f"{where}: found an input of {height}x{width}, expected at least its size")
    if layer.kind == "any" and arriving != "spikes":
        # It would send whether the window's sum is above 0: one bit of the stream.
        raise ValueError(f"{where}: found graded values, expected spikes; use AP{layer.size}")
    if layer.kind == "pool" and arriving != "stream":
        made: block.Deployable = block.Pool(None, layer.size)
    else:
        made = build_binary(layer, channels, "", config.binary)
    return [made], (channels, height // layer.size, width // layer.size)


def _image(layer: Layer, shape: tuple[int, ...]) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise ValueError(f"architecture: {layer.kind}: found an input of shape {shape}, expected (C, H, W)")
    return shape[0], shape[1], shape[2]


def _build(layer: Layer, config: ConvNetConfig, index: int, shape: tuple[int, ...]) -> Made:
    """Return the blocks of a layer of spiking neurons."""
    neuron, weight = config.neuron(index), config.quantiser(index)
    if layer.kind == "dense":
        flat: list[block.Deployable] = [block.Flatten()] if len(shape) == 3 else []
        size = math.prod(shape)
        return [*flat, block.Dense(neuron, size, layer.size, weight=weight, batch_norm=True)], (layer.size,)
    channels, height, width = _image(layer, shape)
    sides = tuple(((n - 1) // layer.stride + 1) // layer.pool for n in (height, width))
    if min(sides) < 1:
        raise ValueError(
            f"architecture: p{layer.pool}: found an input of {height}x{width} and stride {layer.stride}, "
            "expected an image that holds the window behind the convolution"
        )
    if layer.kind == "residual":
        gates = config.gate if index and config.gates != "none" else None
        made: list[block.Deployable] = [
            block.Residual(
                neuron, channels, layer.size, layer.kernel, layer.stride,
                weight=weight, gates=gates, size=(height, width),
            )
        ]  # fmt: skip
    elif layer.kind in BINARY_KINDS:
        made = [build_binary(layer, channels, weight, config.binary)]
    elif layer.kind == "separable":
        depthwise = Layer("conv", channels, layer.kernel, layer.stride)
        pointwise = Layer("conv", layer.size, 1, 1, layer.pool)
        hidden = tuple((n - 1) // layer.stride + 1 for n in (height, width))
        last = _gated(_conv(pointwise, neuron, weight, channels), config, index, (channels, *hidden))
        made = [_conv(depthwise, neuron, weight, channels, groups=channels), last]
    else:
        made = [_gated(_conv(layer, neuron, weight, channels), config, index, shape)]
    return made, (layer.size, *sides)


def _gated(conv: block.Deployable, config: ConvNetConfig, index: int, shape: tuple[int, ...]) -> block.Deployable:
    """Put a predictor before a convolution, where the recipe wants one."""
    if config.gates == "none" or not index or not isinstance(conv, block.Conv):
        return conv
    outputs = conv.branches[0].out_channels
    return block.Gated(conv, shape[0], int(outputs), (shape[1], shape[2]), config.gate)


def _conv(layer: Layer, neuron: QLifConfig, weight: str, channels: int, groups: int = 1) -> block.Deployable:
    """Return a convolution with its neuron, behind a pool of the currents where the layer has one."""
    padding = layer.kernel // 2
    if layer.pool > 1:
        return block.PooledConv(
            neuron, channels, layer.size, layer.kernel, layer.pool, layer.stride, padding, groups, weight=weight
        )
    return block.Conv(
        neuron, channels, layer.size, layer.kernel, layer.stride, padding, 1, groups, weight=weight, batch_norm=True
    )

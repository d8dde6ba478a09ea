"""Layers of single-step binary networks, by their tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lava_spquant.slayer import block
from lava_spquant.slayer.block.binary import scale_norm
from lava_spquant.slayer.models.architecture import Layer
from lava_spquant.slayer.neuron import ClipConfig, ThresholdConfig
from lava_spquant.slayer.surrogate import AsymmetricBox, Surrogate, surrogate

__all__ = ["BINARY_KINDS", "GRADED_KINDS", "BinaryOptions", "build_binary", "sent"]

BINARY_KINDS = ("binary", "stem", "threshold", "any")
"""Kinds of layers that this file builds; see `parse_architecture`."""

ACTIVATIONS = ("spikes", "graded")

STEM_GAIN = 0.5

GRADED_KINDS = ("binary", "stem")
"""Those that send a graded stream."""


@dataclass(frozen=True)
class BinaryOptions:
    """What all layers of a binary network share.

    Parameters
    ----------
    stream_bits : int
        Width of the graded stream between blocks; see `ClipConfig`.
    stream_bound : float
        Where it is clipped.
    surrogate : str or Surrogate
        Gradient of the spike; the reach of an asymmetric box is learned from the one given.
    activation : {"spikes", "graded"}
        What convolutions read: spikes, or a stream of this width clipped to 0..`stream_bound`, a ReLU.

    Raises
    ------
    ValueError
        If a field names nothing known or is out of range.
    """

    stream_bits: int = 8
    stream_bound: float = 1.0
    surrogate: str | Surrogate = "asymmetric"
    activation: str = "spikes"

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation: found {self.activation!r}, expected one of {', '.join(ACTIVATIONS)}")
        _ = self.clip, self.neuron

    @property
    def clip(self) -> ClipConfig:
        """The graded stream."""
        return ClipConfig(self.stream_bits, self.stream_bound)

    @property
    def neuron(self) -> ThresholdConfig | ClipConfig:
        """What sends to a convolution."""
        if self.activation == "graded":
            return replace(self.clip, signed=False)
        chosen = surrogate(self.surrogate)
        return ThresholdConfig(chosen, learn_delta=isinstance(chosen, AsymmetricBox))


def sent(layer: Layer, arriving: str) -> str:
    """Return what a layer sends: "spikes", the graded "stream" between binary blocks, or "sums" of a pool."""
    if layer.kind == "pool":
        return arriving if arriving == "stream" else "sums"
    return "stream" if layer.kind in GRADED_KINDS else "spikes"


def build_binary(layer: Layer, channels: int, weight: str, options: BinaryOptions) -> block.Deployable:
    """Return the block of one layer that reads so many channels."""
    if layer.kind == "pool":
        # A stream's sums would be too wide for the next weights.
        return block.Pool(options.clip, layer.size, average=True)
    if layer.kind == "any":
        # A maximum of spikes: the window's sum is above 0 where one of them is 1.
        if options.activation != "spikes":
            raise ValueError(
                f"architecture: MP{layer.size}: found graded activations, expected spikes; use AP{layer.size}"
            )
        return block.Pool(options.neuron, layer.size)
    if layer.kind == "binary":
        return block.BinaryConv(
            channels, layer.size, layer.kernel, layer.stride,
            weight=weight, clip=options.clip, activation=options.neuron,
        )  # fmt: skip
    neuron = options.clip if layer.kind == "stem" else options.neuron
    padding = layer.kernel // 2
    made = block.Conv(neuron, channels, layer.size, layer.kernel, layer.stride, padding, weight=weight, batch_norm=True)
    if layer.kind == "stem":
        # Little of the stream is clipped at first; see `block.BinaryConv`.
        scale_norm(made.branches[0], STEM_GAIN * min(options.stream_bound, 1.0))
    return made

"""Networks written as a line of text, in the notation of the papers' tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["ARCHITECTURES", "POOLS", "Layer", "has_binary_blocks", "parse_architecture"]


def _stages(length: int, first: int, *others: int) -> str:
    """Return stages of binary convolutions with shortcuts, the first of each later stage with stride 2."""
    parts = [[f"B{first}"] * length, *([f"B{n}s2", *[f"B{n}"] * (length - 1)] for n in others)]
    return "".join(f"{token}-" for part in parts for token in part)


ARCHITECTURES = {
    "vgg9": "64-128-AP2-256-256-AP2-512-512-AP2-512-512-AP2-FC",
    "resnet19": "64-R128-R128-R128-R256s2-R256-R256-R512s2-R512-AP8-FC256-FC",
    "mobilenet-tiny": "32p2-D64p2-D64-D128p2-D128-AP2-FC",
    "vgg-small-cpu": "32-AP2-64-64-AP2-128-128-AP2-FC",
    "bit-resnet20": f"C16-{_stages(6, 16, 32, 64)}AP8-FC",
    "bit-resnet18": f"C64-{_stages(4, 64, 128, 256, 512)}AP4-FC",
    "bit-resnet18-imagenet": f"C64k7s2-AP2-{_stages(4, 64, 128, 256, 512)}AP7-FC",
    "bit-vgg-small": "T128-T128-MP2-T256-T256-MP2-T512-T512-MP2-FC",
}
"""Architectures by name: those of SpQuant-SNN's tables, a small VGG that trains on a few CPU cores, and the single-step
binary networks of BitSNNs.

ResNet-19 has [3, 3, 2] residual blocks behind a stem, and 1x1 convolutions for shortcuts where the width changes.
"""

_CONV = re.compile(r"(?P<kind>[RDBCT]?)(?P<channels>\d+)(?:k(?P<kernel>\d+))?(?:s(?P<stride>\d+))?(?:p(?P<pool>\d+))?")
_KINDS = {"": "conv", "R": "residual", "D": "separable", "B": "binary", "C": "stem", "T": "threshold"}
_SPIKING_CURRENTS = ("conv", "separable")
"""Kinds whose currents can be pooled before the neuron."""

_POOL = re.compile(r"(?P<kind>[AM])P(?P<size>\d+)")
_POOLS = {"A": "pool", "M": "any"}

POOLS = tuple(_POOLS.values())
"""Kinds of layers without weights."""


@dataclass(frozen=True)
class Layer:
    """One token of an architecture.

    Attributes
    ----------
    kind : {"conv", "residual", "separable", "pool", "dense", "readout", "binary", "stem", "threshold", "any"}
    size : int
        Output channels, neurons or pool size; 0 for the read-out, which has one neuron per class.
    kernel, stride : int
    pool : int
        Window over which currents are averaged before the neuron; 1 for none.
    """

    kind: str
    size: int
    kernel: int = 3
    stride: int = 1
    pool: int = 1


def parse_architecture(text: str) -> list[Layer]:
    """Return the layers that `text` names.

    `64` is a 3x3 convolution with 64 channels, `32k5s2` one with kernel 5 and stride 2, `64p2` one whose currents
    are averaged over 2x2 before the neuron, `R64s2` a residual block, `D64` a depthwise-separable convolution (3x3
    per channel, neuron, 1x1, neuron; takes k, s and p too), `AP2` 2x2 average pooling of spikes, `FC256` a dense
    block, `FC` (last) the read-out. Of single-step binary networks: `C16` a convolution into a graded stream, `B16` a
    binary convolution with a shortcut between such streams, `T128` one into stateless thresholds, `MP2` the maximum of
    spikes. A name in `ARCHITECTURES` stands for its line.

    Raises
    ------
    ValueError
        Naming the token that is not understood.

    Examples
    --------
    >>> [layer.kind for layer in parse_architecture("16k5s2-R32-AP2-FC64-FC")]
    ['conv', 'residual', 'pool', 'dense', 'readout']
    >>> parse_architecture("vgg9")[2]
    Layer(kind='pool', size=2, kernel=2, stride=2, pool=1)
    """
    text = ARCHITECTURES.get(text, text)
    tokens = text.split("-")
    layers = [_parse(token, text) for token in tokens]
    kinds = [layer.kind for layer in layers]
    if kinds.count("readout") != 1 or kinds[-1] != "readout":
        raise ValueError(f"architecture {text!r}: read-out: found {kinds}, expected one FC at the end")
    spatial = [i for i, kind in enumerate(kinds) if kind not in ("dense", "readout")]
    if spatial and "dense" in kinds[: spatial[-1]]:
        raise ValueError(f"architecture {text!r}: order: found a convolution or pool behind a dense block")
    return layers


def _parse(token: str, text: str) -> Layer:
    if token == "FC":
        return Layer("readout", 0)
    if token.startswith("FC") and token[2:].isdecimal() and int(token[2:]) > 0:
        return Layer("dense", int(token[2:]))
    if match := _POOL.fullmatch(token):
        size = int(match["size"])
        if size > 1:
            return Layer(_POOLS[match["kind"]], size, size, size)
    if match := _CONV.fullmatch(token):
        kind, channels, pool = _KINDS[match["kind"]], int(match["channels"]), int(match["pool"] or 1)
        kernel, stride = int(match["kernel"] or 3), int(match["stride"] or 1)
        if kernel % 2 == 1 and min(stride, channels, pool) > 0 and (pool == 1 or kind in _SPIKING_CURRENTS):
            return Layer(kind, channels, kernel, stride, pool)
    expected = (
        "a convolution such as 64, 32k5s2, 64p2, D64 or R64, B64, C64 or T64 (odd kernel, p behind 64 and D64 only), "
        "AP2, MP2, FC256 or FC"
    )
    raise ValueError(f"architecture {text!r}: found {token!r}, expected {expected}")


def has_binary_blocks(text: str) -> bool:
    """Say whether an architecture is a single-step binary network with a graded stream: whether it has `B` layers."""
    return any(layer.kind == "binary" for layer in parse_architecture(text))

"""Networks written as a line of text, in the notation of the papers' tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["ARCHITECTURES", "Layer", "parse_architecture"]

ARCHITECTURES = {
    "vgg9": "64-128-AP2-256-256-AP2-512-512-AP2-512-512-AP2-FC",
    "resnet19": "64-R128-R128-R128-R256s2-R256-R256-R512s2-R512-AP8-FC256-FC",
    "mobilenet-tiny": "32p2-D64p2-D64-D128p2-D128-AP2-FC",
    "vgg-small-cpu": "32-AP2-64-64-AP2-128-128-AP2-FC",
}
"""Architectures by name: those of SpQuant-SNN's tables, and a small VGG that trains on a few CPU cores.

ResNet-19 has [3, 3, 2] residual blocks behind a stem, and 1x1 convolutions for shortcuts where the width changes.
"""

_CONV = re.compile(r"(?P<kind>[RD]?)(?P<channels>\d+)(?:k(?P<kernel>\d+))?(?:s(?P<stride>\d+))?(?:p(?P<pool>\d+))?")
_KINDS = {"": "conv", "R": "residual", "D": "separable"}
_POOL = re.compile(r"AP(?P<size>\d+)")


@dataclass(frozen=True)
class Layer:
    """One token of an architecture.

    Attributes
    ----------
    kind : {"conv", "residual", "separable", "pool", "dense", "readout"}
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
    block, `FC` (last) the read-out. A name in `ARCHITECTURES` stands for its line.

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
            return Layer("pool", size, size, size)
    if match := _CONV.fullmatch(token):
        kind, channels, pool = _KINDS[match["kind"]], int(match["channels"]), int(match["pool"] or 1)
        kernel, stride = int(match["kernel"] or 3), int(match["stride"] or 1)
        if kernel % 2 == 1 and min(stride, channels, pool) > 0 and (pool == 1 or kind != "residual"):
            return Layer(kind, channels, kernel, stride, pool)
    expected = "a convolution such as 64, 32k5s2, 64p2, D64 or R64 (odd kernel, no p behind R), AP2, FC256 or FC"
    raise ValueError(f"architecture {text!r}: found {token!r}, expected {expected}")

"""Networks written as a line of text, in the notation of the papers' tables."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Layer", "parse_architecture"]

_CONV = re.compile(r"(?P<residual>R?)(?P<channels>\d+)(?:k(?P<kernel>\d+))?(?:s(?P<stride>\d+))?")
_POOL = re.compile(r"AP(?P<size>\d+)")


@dataclass(frozen=True)
class Layer:
    """One token of an architecture.

    Attributes
    ----------
    kind : {"conv", "residual", "pool", "dense", "readout"}
    size : int
        Output channels, neurons or pool size; 0 for the read-out, which has one neuron per class.
    kernel, stride : int
    """

    kind: str
    size: int
    kernel: int = 3
    stride: int = 1


def parse_architecture(text: str) -> list[Layer]:
    """Return the layers that `text` names.

    `64` is a 3x3 convolution with 64 channels, `32k5s2` one with kernel 5 and stride 2, `R64s2` a residual
    block, `AP2` 2x2 average pooling, `FC256` a dense block, `FC` (last) the read-out.

    Raises
    ------
    ValueError
        Naming the token that is not understood.

    Examples
    --------
    >>> [layer.kind for layer in parse_architecture("16k5s2-R32-AP2-FC64-FC")]
    ['conv', 'residual', 'pool', 'dense', 'readout']
    """
    tokens = text.split("-")
    layers = [_parse(token, text) for token in tokens]
    kinds = [layer.kind for layer in layers]
    if kinds.count("readout") != 1 or kinds[-1] != "readout":
        raise ValueError(f"architecture {text!r}: read-out: found {kinds}, expected one FC at the end")
    spatial = [i for i, kind in enumerate(kinds) if kind in ("conv", "residual", "pool")]
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
        kernel, stride, channels = int(match["kernel"] or 3), int(match["stride"] or 1), int(match["channels"])
        if kernel % 2 == 1 and stride > 0 and channels > 0:
            return Layer("residual" if match["residual"] else "conv", channels, kernel, stride)
    expected = "a convolution such as 64, 32k5s2 or R64 (odd kernel), AP2, FC256 or FC"
    raise ValueError(f"architecture {text!r}: found {token!r}, expected {expected}")

"""The spike on a tile, and the surrogates' derivatives."""

import triton
import triton.language as tl

from lava_spquant.slayer.neuron.op.cuda._membrane import bell

__all__ = ["above", "fire", "fire_slope"]


@triton.jit
def fire(x):
    """Return 1.0 where `x = m - 1` is positive."""
    return (x > 0.0).to(tl.float32)


@triton.jit
def above(x):
    """Return the sigmoid of `x` where it is not negative, else 0: the threshold's own gradient."""
    return tl.where(x >= 0.0, 1.0 / (1.0 + tl.exp(-tl.abs(x))), 0.0)


@triton.jit
def fire_slope(x, SURROGATE: tl.constexpr, A: tl.constexpr, B: tl.constexpr, C: tl.constexpr):
    """Return ds/dx; what A, B and C are depends on the surrogate, see `constants.py`."""
    distance = tl.abs(x)
    if SURROGATE == "triangle":
        slope = tl.where(distance > A, 0.0, A - distance) * B
    elif SURROGATE == "exponential":
        slope = tl.exp(distance * -A) * B
    elif SURROGATE == "sigmoid":
        slope = bell(x, A)
    elif SURROGATE == "superspike":
        slope = 1.0 / ((1.0 + A * distance) * (1.0 + A * distance))
    else:
        tl.static_assert(SURROGATE == "box")
        slope = tl.where((x >= A) & (x <= B), C, 0.0)
    return slope

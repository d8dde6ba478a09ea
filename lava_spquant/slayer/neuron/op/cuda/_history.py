"""A neuron's past in one integer: the levels it went through, a few bits each, the latest lowest.

The backward pass needs the potential that every step started from, in the reverse order. With a quantised membrane a
whole sequence fits a register, and nothing has to be stored or read.
"""

import triton
import triton.language as tl

from lava_spquant.slayer.neuron.op.cuda._forward import mix, next_level
from lava_spquant.slayer.neuron.op.cuda._tile import load_two

__all__ = ["latest", "record"]


@triton.jit
def latest(history, BITS: tl.constexpr, Q_MIN: tl.constexpr, SCALE: tl.constexpr):
    """Return the potential that was recorded last; shift right by BITS to forget it."""
    return ((history & ((1 << BITS) - 1)) + Q_MIN).to(tl.float32) * (1.0 / SCALE)


@triton.jit
def record(
    z_1,
    z_2,
    scale_1,
    scale_2,
    shift,
    keep,
    offsets,
    inside,
    steps,
    stride,
    BRANCHES: tl.constexpr,
    HARD: tl.constexpr,
    LEVELS: tl.constexpr,
    Q_MIN: tl.constexpr,
    SCALE: tl.constexpr,
    BITS: tl.constexpr,
    WIDE: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """Run forward and return the history of the potentials that steps started from: 64 bits where WIDE, else 32."""
    level = tl.zeros([ROWS, COLUMNS], tl.float32)
    history = level.to(tl.int32)
    if WIDE:
        history = level.to(tl.int64)
    for _ in range(steps):
        # NaN has no code; what it makes of the gradients is plain from the step where it arose.
        known = tl.where(level == level, level, 0.0)
        history = (history << BITS) | (known.to(tl.int32) - Q_MIN)
        a, b = load_two(z_1, z_2, offsets, inside, BRANCHES)
        z_1 += stride
        z_2 += stride
        m = level * (1.0 / SCALE) * keep + mix(a, b, scale_1, scale_2, shift, BRANCHES)
        level = next_level(m, HARD, LEVELS, Q_MIN, SCALE)
    return history

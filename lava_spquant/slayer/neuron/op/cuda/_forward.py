"""The forward pass over all steps in one kernel: potentials live in registers, currents are read once."""

import triton
import triton.language as tl

from lava_spquant.slayer.neuron.op.cuda._membrane import after_reset, nearest
from lava_spquant.slayer.neuron.op.cuda._spike import fire
from lava_spquant.slayer.neuron.op.cuda._tile import load_two, place

__all__ = ["forward", "mix", "next_level"]


@triton.jit
def mix(a, b, scale_1, scale_2, shift, BRANCHES: tl.constexpr):
    """Return x[t] of `Drive`, in its order of rounding; `b` counts where BRANCHES is 2."""
    x = a * scale_1
    if BRANCHES == 2:
        x += b * scale_2
    return x + shift


@triton.jit
def next_level(m, HARD: tl.constexpr, LEVELS: tl.constexpr, Q_MIN: tl.constexpr, SCALE: tl.constexpr):
    """Return the level that is kept of a potential."""
    return nearest(after_reset(m, fire(m - 1.0), HARD), LEVELS, Q_MIN, SCALE)


@triton.jit
def forward(
    z_1,
    z_2,
    scale_1,
    scale_2,
    shift,
    keep,
    spikes,
    kept,
    steps,
    stride,
    size,
    rows,
    channels,
    BRANCHES: tl.constexpr,
    HARD: tl.constexpr,
    LEVELS: tl.constexpr,
    Q_MIN: tl.constexpr,
    SCALE: tl.constexpr,
    SPIKES: tl.constexpr,
    KEPT: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """Write spikes where SPIKES, and the potentials that each step starts from where KEPT.

    Currents are `stride` values apart from step to step, 0 where one stands for all steps; outputs `size`.
    """
    offsets, inside, channel, exists = place(rows, channels, ROWS, COLUMNS)
    scale_1, scale_2 = load_two(scale_1, scale_2, channel, exists, BRANCHES)
    shift, keep = load_two(shift, keep, channel, exists, 2)
    v = tl.zeros([ROWS, COLUMNS], tl.float32)
    for _ in range(steps):
        if KEPT:
            tl.store(kept + offsets, v, mask=inside)
            kept += size
        a, b = load_two(z_1, z_2, offsets, inside, BRANCHES)
        z_1 += stride
        z_2 += stride
        m = v * keep + mix(a, b, scale_1, scale_2, shift, BRANCHES)
        if SPIKES:
            tl.store(spikes + offsets, fire(m - 1.0), mask=inside)
            spikes += size
        v = next_level(m, HARD, LEVELS, Q_MIN, SCALE) * (1.0 / SCALE)

"""The backward pass over all steps in one kernel, on potentials computed anew."""

import triton
import triton.language as tl

from lava_spquant.slayer.neuron.op.cuda._forward import mix
from lava_spquant.slayer.neuron.op.cuda._history import latest, record
from lava_spquant.slayer.neuron.op.cuda._membrane import after_reset, stored_slope
from lava_spquant.slayer.neuron.op.cuda._spike import above, fire, fire_slope
from lava_spquant.slayer.neuron.op.cuda._tile import advance, load, load_two, place, store_sum, store_two_sums

__all__ = ["backward"]


@triton.jit
def step_back(
    m,
    g,
    gv,
    HARD: tl.constexpr,
    LEVELS: tl.constexpr,
    Q_MIN: tl.constexpr,
    SCALE: tl.constexpr,
    TEMPERATURE: tl.constexpr,
    REACH: tl.constexpr,
    SURROGATE: tl.constexpr,
    A: tl.constexpr,
    B: tl.constexpr,
    C: tl.constexpr,
):
    """Return dL/dm from dL/ds = g and dL/dv = gv, and the part of it that went through the spike."""
    s = fire(m - 1.0)
    ga = gv * stored_slope(after_reset(m, s, HARD), LEVELS, Q_MIN, SCALE, TEMPERATURE, REACH)
    slope = fire_slope(m - 1.0, SURROGATE, A, B, C)
    if HARD:
        gs = (g - ga * m) * slope
        gm = gs + ga * (1.0 - s)
    else:
        gs = (g - ga) * slope
        gm = gs + ga
    return gm, gs


@triton.jit
def backward(
    z_1,
    z_2,
    scale_1,
    scale_2,
    shift,
    keep,
    centre_1,
    centre_2,
    grad,
    kept,
    x_grad,
    sums,
    steps,
    stride,
    size,
    rows,
    channels,
    BRANCHES: tl.constexpr,
    PARAMETERS: tl.constexpr,
    REPEATED: tl.constexpr,
    BITS: tl.constexpr,
    WIDE: tl.constexpr,
    HARD: tl.constexpr,
    LEVELS: tl.constexpr,
    Q_MIN: tl.constexpr,
    SCALE: tl.constexpr,
    TEMPERATURE: tl.constexpr,
    REACH: tl.constexpr,
    SURROGATE: tl.constexpr,
    A: tl.constexpr,
    B: tl.constexpr,
    C: tl.constexpr,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """Write dL/dx, and this tile's part of the sums of `Gradient` in the order shift, scales, keep, threshold.

    `grad`, `kept` and `x_grad` point at the last step, `z_1` and `z_2` at the first. The potentials that steps started
    from are those of a history of BITS per step, or where BITS is 0 they are read from `kept`. `sums` is a tensor
    (kinds, tiles of rows, channels).
    """
    offsets, inside, channel, exists = place(rows, channels, ROWS, COLUMNS)
    scale_1, scale_2 = load_two(scale_1, scale_2, channel, exists, BRANCHES)
    centre_1, centre_2 = load_two(centre_1, centre_2, channel, exists, BRANCHES)
    shift, keep = load_two(shift, keep, channel, exists, 2)
    gv = tl.zeros([ROWS, COLUMNS], tl.float32)
    by_shift, by_keep, by_threshold, by_scale_1, by_scale_2 = gv, gv, gv, gv, gv
    if BITS > 0:
        history = record(z_1, z_2, scale_1, scale_2, shift, keep, offsets, inside, steps, stride,
                         BRANCHES, HARD, LEVELS, Q_MIN, SCALE, BITS, WIDE, ROWS, COLUMNS)  # fmt: skip
    z_1, z_2 = advance(z_1, steps, stride), advance(z_2, steps, stride)
    for _ in range(steps):
        z_1, z_2 = z_1 - stride, z_2 - stride
        a, b = load_two(z_1, z_2, offsets, inside, BRANCHES)
        if BITS > 0:
            v = latest(history, BITS, Q_MIN, SCALE)
            history = history >> BITS
        else:
            v = load(kept, offsets, inside)
            kept -= size
        m = v * keep + mix(a, b, scale_1, scale_2, shift, BRANCHES)
        gm, gs = step_back(m, load(grad, offsets, inside), gv,
                           HARD, LEVELS, Q_MIN, SCALE, TEMPERATURE, REACH, SURROGATE, A, B, C)  # fmt: skip
        grad -= size
        if not REPEATED:
            tl.store(x_grad + offsets, gm, mask=inside)
            x_grad -= size
        by_shift += gm
        by_scale_1 += gm * (a - centre_1)
        by_scale_2 += gm * (b - centre_2)
        by_keep += gm * v
        by_threshold += gs * above(m - 1.0)
        gv = gm * keep
    if REPEATED:
        tl.store(x_grad + offsets, by_shift, mask=inside)
    sums = store_two_sums(by_shift, by_scale_1, sums, channel, channels, exists)
    if BRANCHES == 2:
        sums = store_sum(by_scale_2, sums, channel, channels, exists)
    if PARAMETERS:
        store_two_sums(by_keep, by_threshold, sums, channel, channels, exists)

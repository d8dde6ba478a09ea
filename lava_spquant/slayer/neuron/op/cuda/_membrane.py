"""Reset and membrane quantiser on a tile: `Dynamics.after` and `MembraneConfig`, with their derivatives.

Levels are LEVELS whole numbers from Q_MIN, SCALE of them per threshold. LEVELS = 0 stands for no quantiser; SCALE is
1 then.
"""

import triton
import triton.language as tl

__all__ = ["after_reset", "bell", "nearest", "stored_slope"]


@triton.jit
def after_reset(m, s, HARD: tl.constexpr):
    """Return the potential after the reset."""
    return m * (1.0 - s) if HARD else m - s


@triton.jit
def floor(x):
    """Round down; `x` has to fit int32. A cast rounds toward zero."""
    whole = x.to(tl.int32).to(tl.float32)
    return tl.where(whole > x, whole - 1.0, whole)


@triton.jit
def clip(x, LOW: tl.constexpr, HIGH: tl.constexpr):
    """Clip to LOW..HIGH, but leave NaN as it is."""
    x = tl.where(x < LOW, LOW, x)
    return tl.where(x > HIGH, HIGH, x)


@triton.jit
def nearest(after, LEVELS: tl.constexpr, Q_MIN: tl.constexpr, SCALE: tl.constexpr):
    """Return the level next to a potential, halves rounded up; without a quantiser the potential itself.

    It is clipped before it is rounded down: between whole limits that is the same, and it fits an integer.
    """
    if LEVELS > 0:
        level = floor(clip(after * SCALE + 0.5, Q_MIN, Q_MIN + LEVELS - 1))
        level = tl.where(after == after, level, after)  # NaN stays NaN
    else:
        level = after
    return level


@triton.jit
def bell(x, STEEPNESS: tl.constexpr):
    """Return the derivative of `sigmoid(STEEPNESS * x)`, in the form that cannot overflow."""
    e = tl.exp(tl.abs(x) * -STEEPNESS)
    return STEEPNESS * e / ((1.0 + e) * (1.0 + e))


@triton.jit
def stored_slope(
    after,
    LEVELS: tl.constexpr,
    Q_MIN: tl.constexpr,
    SCALE: tl.constexpr,
    TEMPERATURE: tl.constexpr,
    REACH: tl.constexpr,
):
    """Return the stacked gradient: a bell on every midpoint between levels; 1 where TEMPERATURE is 0.

    Of more than `2 * REACH` midpoints, only those within REACH of the potential are added.
    """
    level = after * SCALE
    slope = tl.zeros_like(after)
    if TEMPERATURE == 0:
        slope += 1.0
    elif LEVELS - 1 <= 2 * REACH:
        for q in range(Q_MIN, Q_MIN + LEVELS - 1):
            slope += bell(level - (q + 0.5), TEMPERATURE)
    else:
        here = floor(clip(level, Q_MIN, Q_MIN + LEVELS - 1))
        for offset in range(-REACH, REACH + 1):
            lower = here + offset
            exists = (lower >= Q_MIN) & (lower < Q_MIN + LEVELS - 1)
            slope += tl.where(exists, bell(level - (lower + 0.5), TEMPERATURE), 0.0)
    return slope

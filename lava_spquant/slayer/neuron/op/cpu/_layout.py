"""Where kernels find things: rows of the arena, of the parameters, and the neuron's constants.

Numba takes module constants as literals, so that offsets within the arena are known to LLVM, which then needs no
checks for overlap.
"""

from __future__ import annotations

BLOCK = 512
"""Neurons that are taken through all steps at once, so that their state stays in the first-level cache."""

# Rows of BLOCK float32 in the arena.
STATE, SLOPE, STACK, GRADIENT, TOTAL, SHARED = (k * BLOCK for k in range(6))
SUM = 6 * BLOCK
"""First of the rows in which sums over time grow, one per kind of sum."""

SUMS = 5
SUM_SHIFT, SUM_FIRST, SUM_SECOND, SUM_KEEP, SUM_THRESHOLD = range(SUMS)

POTENTIAL = (6 + SUMS) * BLOCK
"""First of the rows of potentials, one per step; behind them come the states before each step."""

# Rows of parameters, each as long as the period.
SCALE, SECOND_SCALE, SHIFT, KEEP, CENTRE, SECOND_CENTRE = range(6)
PARAMETERS = 6

# Whole constants.
HARD, LEVELS, SURROGATE, STACKING, MIDDLES, CURRENTS, REPEATED, WANTED = range(8)
CODES = 8

# Real constants; the factors of the midpoints follow.
FINE, STEP, LOW, HIGH, TEMPERATURE, CENTRAL, A, B, C = range(9)
FACTORS = 9

# Surrogates.
TRIANGLE, EXPONENTIAL, SIGMOID, SUPERSPIKE, BOX = range(5)

# Ways to add up the bumps of the stacked gradient.
STRAIGHT, AROUND_CENTRE, AROUND_LEVEL = range(3)

"""float32 arithmetic without branches or calls, which LLVM turns into vectors."""

from __future__ import annotations

import numpy as np
from llvmlite import ir as ll
from numba.core import cgutils
from numba.extending import intrinsic

from lava_spquant.slayer.neuron.op.cpu._jit import jit
from lava_spquant.slayer.neuron.op.cpu._memory import as_float

__all__ = ["HALF", "ONE", "ZERO", "bell", "clip", "exp", "floor"]

ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)

LOG2_E = np.float32(1.4426950408889634)
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
"""ln 2 in two parts, the first short enough for an exact product with an exponent (Cody and Waite)."""

C2, C3, C4, C5, C6 = (np.float32(1 / k) for k in (2, 6, 24, 120, 720))
"""Taylor's coefficients: on |r| <= ln(2) / 2 the rest is below 1e-7."""

EXPONENT_MAX = np.float32(87)
BIAS, MANTISSA_BITS = np.int32(127), np.int32(23)


@intrinsic
def floor(typing_context, x):
    """Return the largest whole number not above the float32 `x`."""

    def emit(context, builder, signature, arguments):
        kind = arguments[0].type
        function = ll.FunctionType(kind, [kind])
        return builder.call(cgutils.get_or_insert_function(builder.module, function, "llvm.floor.f32"), arguments)

    return x(x), emit


@jit
def clip(x, low, high):
    """Return `x` within `low..high`; NaN stays NaN."""
    x = low if x < low else x
    return high if x > high else x


@jit
def exp(x):
    """Return e**x to 2e-7 relative, x held within -87..87."""
    x = clip(x, -EXPONENT_MAX, EXPONENT_MAX)
    n = floor(x * LOG2_E + HALF)
    r = x - n * LN2_HIGH - n * LN2_LOW
    series = ONE + r * (ONE + r * (C2 + r * (C3 + r * (C4 + r * (C5 + r * C6)))))
    return series * as_float((np.int32(n) + BIAS) << MANTISSA_BITS)


@jit
def bell(e):
    """Return `sigmoid(y) * (1 - sigmoid(y))` for e = exp(y) or exp(-y)."""
    total = ONE + e
    return e / (total * total)

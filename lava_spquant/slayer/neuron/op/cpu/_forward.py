"""All steps forward."""

from __future__ import annotations

from lava_spquant.slayer.neuron.op.cpu._jit import jit
from lava_spquant.slayer.neuron.op.cpu._layout import BLOCK, POTENTIAL, REPEATED, STATE
from lava_spquant.slayer.neuron.op.cpu._step import clear, fire, integrate, keep_state

__all__ = ["forward"]


@jit
def forward(z, second, out, sizes, parameters, codes, constants, arena, start, stop):
    """Write the spikes of the rows `start` to `stop`.

    Parameters
    ----------
    z, second, out : float32 or int16 (bfloat16), flat
        Currents (T or 1, length) and spikes (T, length).
    sizes : int64, (3,)
        T, length of a step, and the period after which parameters repeat: a row.
    parameters, codes, constants
        See `_layout`.
    arena : float32
        Scratch of this worker.
    start, stop : int
        Rows.
    """
    steps, length, period = sizes[0], sizes[1], sizes[2]
    stride = 0 if codes[REPEATED] else length
    for row in range(start, stop):
        for column in range(0, min(period, length - row * period), BLOCK):
            place = row * period + column
            n = min(BLOCK, period - column, length - place)
            clear(arena, STATE, n)
            for t in range(steps):
                integrate(arena, POTENTIAL, z, second, t * stride + place, parameters, period, column, n, codes)
                fire(arena, POTENTIAL, out, t * length + place, n)
                if t + 1 < steps:
                    keep_state(arena, POTENTIAL, n, codes, constants)

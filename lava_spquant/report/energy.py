"""Energy of synaptic operations, from published constants and nothing else."""

from __future__ import annotations

__all__ = ["ENERGY_SOURCE", "synaptic_energy"]

ADD_PJ, MULTIPLY_ADD_PJ = 0.03, 0.23
"""An addition and a multiplication with addition of 8-bit integers, in picojoules."""

ENERGY_SOURCE = "8-bit arithmetic at 45 nm (Horowitz, ISSCC 2014): 0.03 pJ per addition, 0.23 pJ per product; no memory"
"""What the figures are made of. Hardware spends most of its energy elsewhere: on memory, and on sending spikes."""


def synaptic_energy(synops_spikes: float, synops_graded: float) -> float:
    """Return nanojoules of arithmetic: one addition per spike and synapse, one product per graded value and synapse.

    Examples
    --------
    >>> synaptic_energy(1_000_000, 0)
    30.0
    """
    return (ADD_PJ * synops_spikes + MULTIPLY_ADD_PJ * synops_graded) / 1e3

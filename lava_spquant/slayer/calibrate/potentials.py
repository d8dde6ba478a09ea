"""Membrane potentials as they are without a quantiser, and levels that fit them."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from lava_spquant.ir.limits import DECAY_UNITY
from lava_spquant.slayer.membrane import MembraneConfig
from lava_spquant.slayer.neuron import QLif, QLifConfig

__all__ = ["as_learned", "fit_membrane", "in_thresholds", "stored_potentials"]

SAMPLE = 20_000
"""Potentials that levels are fitted to."""

SHIFTS = 17
"""Positions of the range that are tried where it cannot hold all potentials."""


def in_thresholds(current: Tensor, neuron: QLif) -> Tensor:
    """Return a current (T, N, C, ...) divided by the neurons' thresholds, learned ones included."""
    thresholds = torch.as_tensor(neuron.thresholds, dtype=current.dtype, device=current.device)
    return current / thresholds.reshape((-1,) + (1,) * (current.ndim - 3))


def as_learned(neuron: QLif) -> QLifConfig:
    """Return the neuron's parameters with the leak that it has by now."""
    return replace(neuron.config, voltage_decay=neuron.decay / DECAY_UNITY)


@torch.no_grad()
def stored_potentials(current: Tensor, config: QLifConfig) -> Tensor:
    """Return what neurons keep after each step, unquantised, in thresholds.

    Parameters
    ----------
    current : Tensor, shape (T, N, ...)
        In thresholds.
    config : QLifConfig
        Its leak and reset.
    """
    v = torch.zeros_like(current[0])
    kept = []
    for step in current:
        m = config.keep * v + step
        spikes = (m > 1).to(m.dtype)
        v = m * (1 - spikes) if config.reset == "hard" else m - spikes
        kept.append(v)
    return torch.stack(kept)


@torch.no_grad()
def fit_membrane(potentials: Tensor, bits: int, finest: int, like: MembraneConfig | None = None) -> MembraneConfig:
    """Return the `2**bits` levels that have the least mean-square error to `potentials`.

    The step is a threshold divided by a power of two, and 0 is a level. Where the levels cannot hold all potentials at
    a fine step, the range is moved to where they are.

    Parameters
    ----------
    potentials : Tensor
        In thresholds, any shape.
    bits : int
    finest : int
        Largest power of two that the threshold may be divided by.
    like : MembraneConfig, optional
        Whose gradient is taken over.

    Examples
    --------
    >>> fit_membrane(torch.tensor([-3.0, -2.0, 0.0, 1.0, -1.0]), 3, 8).q_min <= -3
    True
    """
    flat = potentials.reshape(-1)
    if len(flat) > SAMPLE:
        flat = flat[torch.linspace(0, len(flat) - 1, SAMPLE, device=flat.device).long()]
    gradient, temperature = ("stacked", 2.0) if like is None else (like.gradient, like.temperature)
    best: tuple[float, MembraneConfig] | None = None
    for fine in range(min(finest, bits + 4) + 1):
        for high in _highest_levels(flat, bits, fine):
            found = MembraneConfig(high - 2**bits + 1, high, fine, gradient, temperature)
            error = float((found.nearest(flat) - flat).square().mean())
            if best is None or error < best[0]:
                best = error, found
    assert best is not None
    return best[1]


def _highest_levels(values: Tensor, bits: int, fine: int) -> list[int]:
    """Return highest levels to try, of ranges from the lowest potential on to ranges up to the highest."""
    last = 2**bits - 1
    top = min(max(int(torch.ceil(values.max() * 2**fine)), 0), last)
    bottom = min(max(int(torch.floor(values.min() * 2**fine)) + last, 0), last)
    low, high = min(top, bottom), max(top, bottom)
    return sorted({low + round((high - low) * k / (SHIFTS - 1)) for k in range(SHIFTS)})

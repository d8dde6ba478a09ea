"""The membrane quantiser in training: a staircase with a stacked surrogate gradient."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lava_spquant import ir

__all__ = ["FIVE_LEVEL", "GRADIENTS", "MEMBRANES", "TERNARY", "MembraneConfig", "membrane", "n_bit"]

GRADIENTS = ("stacked", "straight_through")

REACH = 16
"""Bumps further than this many levels divided by T away add less than 1e-6 to the stacked gradient."""


@dataclass(frozen=True)
class MembraneConfig:
    """Levels `q_min..q_max` of the stored membrane potential, `2**-fine` thresholds apart.

    Parameters
    ----------
    q_min, q_max : int
        Lowest and highest level, `q_min <= 0 <= q_max`.
    fine : int
        Levels per threshold as a power of two: 0 for one level per threshold (ternary), 3 for
        steps of an eighth.
    gradient : {"stacked", "straight_through"}
        Stacked: `dQ/dm = sum_c T sig(T(m-c)) (1 - sig(T(m-c)))` over the midpoints c between
        neighbouring levels, m and c in levels (SpQuant-SNN). Straight through: 1.
    temperature : float
        T; 2 in the paper.

    Raises
    ------
    ValueError
        If a field is out of range.

    Examples
    --------
    >>> TERNARY.quantise(torch.tensor([-9.0, -0.51, -0.5, 0.49, 0.5])).tolist()
    [-1.0, -1.0, 0.0, 0.0, 1.0]
    """

    q_min: int = -1
    q_max: int = 1
    fine: int = 0
    gradient: str = "stacked"
    temperature: float = 2.0

    def __post_init__(self) -> None:
        if not (self.q_min <= 0 <= self.q_max and self.q_min < self.q_max):
            found = f"{self.q_min}..{self.q_max}"
            raise ValueError(f"MembraneConfig: levels: found {found}, expected a range of at least two that holds 0")
        if not 0 <= self.fine <= 16:
            raise ValueError(f"MembraneConfig: fine: found {self.fine}, expected 0..16")
        if self.gradient not in GRADIENTS:
            raise ValueError(f"MembraneConfig: gradient: found {self.gradient!r}, expected one of {GRADIENTS}")
        if not self.temperature > 0:
            raise ValueError(f"MembraneConfig: temperature: found {self.temperature}, expected a positive number")

    def quantise(self, m: Tensor) -> Tensor:
        """Return the nearest level to `m` (in thresholds; halves round up), with the chosen gradient."""
        result: Tensor = _Staircase.apply(m, self)
        return result

    def nearest(self, m: Tensor) -> Tensor:
        """Return the nearest level without a gradient of its own."""
        scale = 2**self.fine
        return torch.floor(m * scale + 0.5).clamp(self.q_min, self.q_max) / scale

    def derivative(self, m: Tensor) -> Tensor:
        """Return dQ/dm elementwise; it is not zeroed outside the clip."""
        if self.gradient == "straight_through":
            return torch.ones_like(m)
        level = m * 2**self.fine
        total = torch.zeros_like(m)
        reach = math.ceil(REACH / self.temperature)
        if self.q_max - self.q_min <= 2 * reach:
            for q in range(self.q_min, self.q_max):
                total += self._bump(level - (q + 0.5))
            return total
        nearest = torch.floor(level)
        for offset in range(-reach, reach + 1):
            lower = nearest + offset
            total += self._bump(level - (lower + 0.5)) * ((lower >= self.q_min) & (lower < self.q_max))
        return total

    def _bump(self, x: Tensor) -> Tensor:
        s = torch.sigmoid(self.temperature * x)
        return self.temperature * s * (1 - s)

    def to_ir(self, frac_bits: int) -> ir.Membrane:
        """Return the integer quantiser for a threshold of `2**frac_bits`.

        Raises
        ------
        NetworkError
            If the step is finer than one membrane unit.
        """
        return ir.Membrane(frac_bits - self.fine, self.q_min, self.q_max)


class _Staircase(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, m: Tensor, config: MembraneConfig) -> Tensor:
        ctx.save_for_backward(m)
        ctx.config = config
        return config.nearest(m)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (m,) = ctx.saved_tensors
        return grads[0] * ctx.config.derivative(m), None


TERNARY = MembraneConfig(-1, 1)
"""1.58 bits: -1, 0, +1 thresholds, the headline of SpQuant-SNN."""

FIVE_LEVEL = MembraneConfig(-3, 1)
"""-3..1 thresholds, the levels of the authors' code."""


def n_bit(bits: int, fine: int | None = None) -> MembraneConfig:
    """Return `2**bits` levels from `-2**(bits-1)`; by default they span -2 to just under 2 thresholds.

    Raises
    ------
    ValueError
        If `bits` is not in 2..16.

    Examples
    --------
    >>> n_bit(4)
    MembraneConfig(q_min=-8, q_max=7, fine=2, gradient='stacked', temperature=2.0)
    """
    if not (isinstance(bits, int) and 2 <= bits <= 16):
        raise ValueError(f"n_bit: bits: found {bits}, expected a whole number in 2..16")
    return MembraneConfig(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, bits - 2 if fine is None else fine)


MEMBRANES: dict[str, MembraneConfig | None] = {"ternary": TERNARY, "five-level": FIVE_LEVEL, "none": None}
"""Membrane quantisers by short name; besides these, `int<n>` has n bits."""


def membrane(spec: str | MembraneConfig | None) -> MembraneConfig | None:
    """Return the membrane quantiser that `spec` names; "none" and None keep all 24 bits.

    Raises
    ------
    ValueError
        If there is no such quantiser.
    """
    if not isinstance(spec, str):
        return spec
    if spec in MEMBRANES:
        return MEMBRANES[spec]
    if spec.startswith("int") and spec[3:].isdecimal():
        return n_bit(int(spec[3:]))
    raise ValueError(f"membrane: found {spec!r}, expected one of {', '.join(MEMBRANES)} or int<n>")

"""The integer membrane quantiser: one add, one shift, one clip (DESIGN: contract, rule 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lava_spquant.ir.arith import round_shift
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.errors import expect
from lava_spquant.ir.limits import STATE_BITS, STATE_MAX

__all__ = ["Membrane"]


@dataclass(frozen=True)
class Membrane:
    """Levels `q_min..q_max`, each `2**step_exp` membrane units apart.

    Ternary is `Membrane(frac_bits, -1, 1)`, the SpQuant authors' five levels `Membrane(frac_bits, -3, 1)`.

    Parameters
    ----------
    step_exp : int
        `k`: the step between levels is `2**k` membrane units; 0..22.
    q_min, q_max : int
        Lowest and highest level, `q_min <= 0 <= q_max`.

    Raises
    ------
    NetworkError
        If a level leaves 24 bits or the range does not hold 0.

    Examples
    --------
    >>> Membrane(step_exp=6, q_min=-1, q_max=1).quantise(np.array([-99, -33, -32, 31, 32, 99])).tolist()
    [-64, -64, 0, 0, 64, 64]
    """

    step_exp: int
    q_min: int
    q_max: int

    def __post_init__(self) -> None:
        where = "membrane quantiser"
        whole = all(isinstance(x, (int, np.integer)) for x in (self.step_exp, self.q_min, self.q_max))
        expect(whole, where, "fields", found=self, expected="whole numbers")
        # In NumPy's integers the checks below could wrap.
        for name in ("step_exp", "q_min", "q_max"):
            object.__setattr__(self, name, int(getattr(self, name)))
        expect(
            0 <= self.step_exp < STATE_BITS - 1,
            where,
            "step_exp",
            found=self.step_exp,
            expected=f"0..{STATE_BITS - 2}",
        )
        expect(
            self.q_min <= 0 <= self.q_max and self.q_min < self.q_max,
            where,
            "levels",
            found=f"{self.q_min}..{self.q_max}",
            expected="a range of at least two levels that holds 0",
        )
        largest = max(-self.q_min, self.q_max) << self.step_exp
        expect(largest <= STATE_MAX, where, "largest level", found=largest, expected=f"at most {STATE_MAX}")

    @property
    def bits(self) -> int:
        """Bits that hold a level: 2 for ternary, `n` for the n-bit quantiser."""
        return int(np.ceil(np.log2(self.q_max - self.q_min + 1)))

    def quantise(self, m: IntArray) -> IntArray:
        """Return the nearest level to `m`, in membrane units (`q << step_exp`); halves round up."""
        q = np.clip(round_shift(m.astype(np.int64), self.step_exp), self.q_min, self.q_max)
        return (q << self.step_exp).astype(np.int32)

"""What one field of a recipe is searched over: a few values, or a range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

__all__ = ["Axis", "Choices", "Range", "Value"]

Value = int | float | str | bool


@dataclass(frozen=True)
class Choices:
    """One of several values, in no order.

    Parameters
    ----------
    values : tuple of int, float, str or bool

    Raises
    ------
    ValueError
        If there are none, one occurs twice, or one is not a plain value.
    """

    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        plain = all(isinstance(value, (int, float, str, bool)) for value in self.values)
        # 1 == True, and Optuna tells choices apart by equality too.
        if not self.values or not plain or len(set(self.values)) != len(self.values):
            raise ValueError(f"choices: found {list(self.values)!r}, expected different numbers or words, at least one")

    def samples(self) -> tuple[Value, ...]:
        """Return values that stand for all of them: here, all."""
        return self.values

    def distribution(self) -> BaseDistribution:
        """Return what Optuna draws from."""
        return CategoricalDistribution(self.values)

    def plain(self) -> Any:
        """Return it as YAML holds it."""
        return list(self.values)


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included.

    Parameters
    ----------
    low, high : int or float
    log : bool
        Draw the logarithm uniformly.
    step : int or float, optional
        Only `low`, `low + step`, ...
    whole : bool
        Whole numbers only.

    Raises
    ------
    ValueError
        If the ends are not in order, `log` meets a low end that is not positive or a step, or
        `step` does not lead from one end to the other.
    """

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        for what in ("low", "high", "step"):
            value = getattr(self, what)
            if value is not None or what != "step":
                self._check_number(what, value)
        if not self.low < self.high:
            raise ValueError(f"range: found {self.low}..{self.high}, expected low below high")
        if not isinstance(self.log, bool):
            raise ValueError(f"log: found {self.log!r}, expected true or false")
        if self.log and not self.low > 0:
            raise ValueError(f"range: found low {self.low} with log, expected a positive number")
        if self.step is None:
            return
        if self.log:
            raise ValueError("range: found both log and step, expected one of them")
        # In decimals: 0.1 + 0.2 is 0.3 to whoever wrote the file.
        low, high, step = (Decimal(str(value)) for value in (self.low, self.high, self.step))
        if not step > 0 or (high - low) % step:
            raise ValueError(f"step: found {self.step}, expected a part of {self.low}..{self.high} without a rest")

    def _check_number(self, what: str, value: object) -> None:
        number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not number or (self.whole and not isinstance(value, int)):
            raise ValueError(f"{what}: found {value!r}, expected a {'whole ' if self.whole else ''}number")

    def samples(self) -> tuple[Value, ...]:
        """Return values that stand for all of them: the two ends."""
        return self.low, self.high

    def distribution(self) -> BaseDistribution:
        """Return what Optuna draws from."""
        if self.whole:
            return IntDistribution(int(self.low), int(self.high), log=self.log, step=int(self.step or 1))
        return FloatDistribution(self.low, self.high, log=self.log, step=self.step)

    def plain(self) -> Any:
        """Return it as YAML holds it."""
        options = {"log": True} if self.log else {} if self.step is None else {"step": self.step}
        return {"low": self.low, "high": self.high, **options}


Axis = Choices | Range

from __future__ import annotations

from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from lava_spquant.workflow.search.axis import Choices, Range


def test_choices() -> None:
    choices = Choices(("ternary", 4, 0.5))
    assert choices.distribution() == CategoricalDistribution(("ternary", 4, 0.5))
    assert choices.samples() == ("ternary", 4, 0.5)
    assert choices.plain() == ["ternary", 4, 0.5]


@pytest.mark.parametrize("values", [(), ("a", "a"), (1, True), (None,), (["a"],)])
def test_choices_are_different_plain_values(values: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="choices: found|unhashable"):
        Choices(values)


@pytest.mark.parametrize(
    ("axis", "distribution"),
    [
        (Range(0.1, 2), FloatDistribution(0.1, 2)),
        (Range(1e-4, 1e-2, log=True), FloatDistribution(1e-4, 1e-2, log=True)),
        (Range(0.1, 0.7, step=0.2), FloatDistribution(0.1, 0.7, step=0.2)),
        (Range(2, 4, whole=True), IntDistribution(2, 4)),
        (Range(16, 64, step=16, whole=True), IntDistribution(16, 64, step=16)),
        (Range(1, 64, log=True, whole=True), IntDistribution(1, 64, log=True)),
    ],
)
def test_ranges(axis: Range, distribution: object) -> None:
    assert axis.distribution() == distribution
    assert axis.samples() == (axis.low, axis.high)
    assert Range(**axis.plain(), whole=axis.whole) == axis


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"low": 2, "high": 2}, "range: found 2..2, expected low below high"),
        ({"low": 2, "high": float("nan")}, "high: found nan, expected a number"),
        ({"low": "1", "high": 2}, "low: found '1', expected a number"),
        ({"low": None, "high": 2}, "low: found None, expected a number"),
        ({"low": False, "high": 2}, "low: found False, expected a number"),
        ({"low": 1, "high": 2.5, "whole": True}, "high: found 2.5, expected a whole number"),
        ({"low": 0, "high": 2, "log": True}, "range: found low 0 with log, expected a positive number"),
        ({"low": 1, "high": 2, "log": "yes"}, "log: found 'yes', expected true or false"),
        ({"low": 1, "high": 2, "log": True, "step": 1}, "range: found both log and step"),
        ({"low": 1, "high": 2, "step": 0}, "step: found 0, expected a part of 1..2"),
        ({"low": 0.1, "high": 1, "step": 0.2}, "step: found 0.2, expected a part of 0.1..1 without a rest"),
    ],
)
def test_a_range_that_is_none(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Range(**given)

"""Which channels stay within a budget."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.prune import choose_channels, cost, keep_widths
from tests.prune.test_statistics import network
from tests.strategies import Knobs, networks


def random_scores(net: ir.Network, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.random(width.channels) for width in ir.widths(net)]


def test_costs() -> None:
    assert cost(network(), "weights") == 5 * 2 * 9 + 3 * 30
    assert cost(network(), "operations") == 5 * 2 * 9 * 24 + 3 * 30
    with pytest.raises(ValueError, match="cost: found 'time'"):
        cost(network(), "time")


@settings(max_examples=60, deadline=None)
@given(networks(Knobs(readout=True)), st.sampled_from(["operations", "weights"]), st.floats(0, 1), st.integers(0, 99))
def test_the_budget_is_kept_and_no_more_goes_than_has_to(net: ir.Network, kind: str, share: float, seed: int) -> None:
    values = random_scores(net, seed)
    try:
        keep = choose_channels(net, values, share=share, kind=kind, floor=0)
    except ValueError:  # what is fixed costs more
        return
    less = ir.remove_channels(net, keep)
    assert cost(less, kind) <= share * cost(net, kind) + 1e-6
    for width, mask, score in zip(ir.widths(net), keep, values, strict=True):
        assert mask.all() or not width.fixed
        assert mask.any()
        if not mask.all():
            assert score[mask].min() >= score[~mask].max() or mask.sum() == 1


def test_the_last_removed_channel_was_needed() -> None:
    values = [np.array([5.0, 1.0, 2.0, 4.0, 3.0]), np.ones(3)]
    (mask, _) = choose_channels(network(), values, share=0.7)
    assert mask.tolist() == [True, False, False, True, True]
    (mask, _) = choose_channels(network(), values, share=0.81)
    assert mask.tolist() == [True, False, True, True, True]


def test_a_bound_removes_whatever_lies_below() -> None:
    values = [np.array([5.0, 1.0, 2.0, 4.0, 3.0]), np.ones(3)]
    (mask, out) = choose_channels(network(), values, bound=2.5)
    assert mask.tolist() == [True, False, False, True, True]
    assert out.all()
    (mask, _) = choose_channels(network(), values, bound=100, floor=0.4)
    assert mask.sum() == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [({"share": -0.1}, "share: found -0.1"), ({"floor": 2}, "floor: found 2"),
     ({"share": 0.05}, "share: found 0.05 of the operations, expected at least 0.2")],
)  # fmt: skip
def test_what_cannot_be(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        choose_channels(network(), random_scores(network(), 0), **options)  # type: ignore[arg-type]


def test_scores_have_to_fit() -> None:
    with pytest.raises(ValueError, match="scores: found shapes"):
        choose_channels(network(), [np.ones(5)])
    with pytest.raises(ValueError, match="found NaN"):
        choose_channels(network(), [np.full(5, np.nan), np.ones(3)])


def test_widths_that_are_asked_for_keep_their_best_channels() -> None:
    values = [np.array([5.0, 1.0, 2.0, 4.0, 3.0]), np.ones(3)]
    mask, out = keep_widths(network(), values, [3])
    assert mask.tolist() == [True, False, False, True, True]
    assert out.all()
    ties, _ = keep_widths(network(), [np.ones(5), np.ones(3)], [2])
    assert ties.tolist() == [True, True, False, False, False]


@pytest.mark.parametrize("channels", [[], [0], [6], [3, 3]])
def test_widths_that_there_are_not(channels: list[int]) -> None:
    with pytest.raises(ValueError, match=r"prune: widths: found .* expected one number each, from 1 to \[5\]"):
        keep_widths(network(), [np.ones(5), np.ones(3)], channels)

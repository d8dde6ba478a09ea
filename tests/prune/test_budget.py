"""Which channels stay within a budget."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.prune import COSTS, choose_channels, cost, keep_widths
from lava_spquant.prune.budget import _Counts
from lava_spquant.report import memory
from tests.prune.test_statistics import network
from tests.strategies import Knobs, networks


def random_scores(net: ir.Network, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.random(width.channels) for width in ir.widths(net)]


def test_costs() -> None:
    assert cost(network(), "weights") == 5 * 2 * 9 + 3 * 30
    assert cost(network(), "operations") == 5 * 2 * 9 * 24 + 3 * 30
    # Weights of 3 and 2 bits; a gain of 16 and a bias of 32 per channel and block; 2 and 24 bits of state per neuron.
    weights, channels, state = 5 * 2 * 9 * 3 + 3 * 30 * 2, (5 + 5 + 3) * (16 + 32), 5 * 24 * 2 + 3 * 24
    assert cost(network(), "memory") == weights + channels + state
    with pytest.raises(ValueError, match="cost: found 'time'"):
        cost(network(), "time")


@settings(max_examples=60, deadline=None)
@given(networks())
def test_memory_is_what_a_report_counts(net: ir.Network) -> None:
    assert cost(net, "memory") == memory(net).total.total.bits


@settings(max_examples=100, deadline=None)
@given(networks(), st.sampled_from([*COSTS]), st.floats(0.1, 1), st.integers(0, 99))
def test_what_is_expected_of_fewer_channels_is_what_they_cost(
    net: ir.Network, kind: str, share: float, seed: int
) -> None:
    rng, widths = np.random.default_rng(seed), ir.widths(net)
    keep = [rng.random(width.channels) < (1 if width.fixed else share) for width in widths]
    for mask in keep:
        mask[0] = True
    less = ir.remove_channels(net, keep)
    assert _Counts(net, widths, kind).cost(keep) == cost(less, kind)
    assert cost(less, "memory") == memory(less).total.total.bits


@settings(max_examples=60, deadline=None)
@given(networks(Knobs(readout=True)), st.sampled_from([*COSTS]), st.floats(0, 1), st.integers(0, 99))
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
            assert score[mask].min() >= score[~mask].max() or mask.sum() == width.least
    assert [width.blocks for width in ir.widths(less)] == [width.blocks for width in ir.widths(net)]


def test_the_last_removed_channel_was_needed() -> None:
    values = [np.array([5.0, 1.0, 2.0, 4.0, 3.0]), np.ones(3)]
    (mask, _) = choose_channels(network(), values, share=0.7)
    assert mask.tolist() == [True, False, False, True, True]
    (mask, _) = choose_channels(network(), values, share=0.81)
    assert mask.tolist() == [True, False, True, True, True]


def test_memory_counts_state_beside_weights() -> None:
    values = [np.array([5.0, 1.0, 2.0, 4.0, 3.0]), np.ones(3)]
    each = 2 * 9 * 3 + 3 * 6 * 2 + 2 * (16 + 32) + 24 * 2
    rest = 3 * (16 + 32 + 24)
    share = (4 * each + rest) / (5 * each + rest)
    (mask, _) = choose_channels(network(), values, share=share + 1e-9, kind="memory")
    assert mask.tolist() == [True, False, True, True, True]
    (mask, _) = choose_channels(network(), values, share=share - 1e-9, kind="memory")
    assert mask.tolist() == [True, False, False, True, True]


def depthwise(groups: int) -> ir.Network:
    """A convolution, one of so many groups behind it, and a read-out."""

    def block(name: str, synapse: ir.Conv | ir.Dense, source: int, neuron: ir.Neuron) -> ir.Block:
        size = len(synapse.weight)
        return ir.Block(name, (ir.Branch(synapse, np.ones(size, int), source=source),), neuron, np.zeros(size, int))

    rng = np.random.default_rng(0)
    first = ir.Conv(rng.integers(-1, 2, (4, 2, 1, 1)), 1.58)
    second = ir.Conv(rng.integers(-1, 2, (4, 4 // groups, 1, 1)), 1.58, groups=groups)
    out = ir.Dense(np.ones((3, 16), int), 2)
    neuron = ir.QLif(2048, 64)
    blocks = (block("first", first, ir.INPUT, neuron), block("second", second, 0, neuron))
    return ir.Network(ir.InputSpec((2, 2, 2), 4), (*blocks, block("out", out, 1, ir.Readout())))


def test_a_depthwise_convolution_stays_one() -> None:
    for groups, least in ((4, [2, 3]), (1, [1, 1, 3])):
        net = depthwise(groups)
        keep = choose_channels(net, random_scores(net, 0), bound=100, floor=0)
        assert [int(mask.sum()) for mask in keep] == least
        assert len(ir.widths(ir.remove_channels(net, keep))) == len(least)


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
     ({"bound": math.nan}, "bound: found nan, expected a number"),
     ({"share": 0.05}, "share: found 0.05 of the operations, expected at least 0.2")],
)  # fmt: skip
def test_what_cannot_be(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        choose_channels(network(), random_scores(network(), 0), **options)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(networks(), st.sampled_from([*COSTS]), st.floats(0, 1), st.integers(0, 99))
def test_the_share_that_is_named_is_enough(net: ir.Network, kind: str, floor: float, seed: int) -> None:
    values = random_scores(net, seed)
    assume(cost(net, kind))
    with pytest.raises(ValueError, match="expected at least") as refused:
        choose_channels(net, values, share=0.0, kind=kind, floor=floor)
    named = re.search(r"expected at least (\d\.\d{3}):", str(refused.value))
    assert named is not None
    choose_channels(net, values, share=float(named[1]), kind=kind, floor=floor)
    with pytest.raises(ValueError, match="expected at least"):
        choose_channels(net, values, share=float(named[1]) - 0.001, kind=kind, floor=floor)


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

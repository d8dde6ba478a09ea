from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.engine import Engine, events_to_dense
from lava_spquant.ir import reference
from tests.engine.layers import Stack, conv

SPIKES = ir.InputSpec((2, 3, 4))
COUNTS = ir.InputSpec((2, 3, 4), 2)

event = st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 2), st.integers(0, 1))


@given(st.lists(event, max_size=30))
def test_every_event_is_where_it_says(events: list[tuple[int, int, int, int]]) -> None:
    events = sorted(events)
    dense = events_to_dense(events, SPIKES, 5)
    assert dense.shape == (5, 1, 2, 3, 4)
    assert dense.dtype == np.int32
    assert {(t, x, y, c) for t, _, c, y, x in zip(*np.nonzero(dense), strict=True)} == set(events)
    assert set(np.unique(dense)) <= {0, 1}


def test_graded_input_counts_events() -> None:
    events = [(0, 1, 2, 0)] * 3 + [(1, 3, 0, 1)]
    dense = events_to_dense(events, COUNTS, 2)
    assert (dense[0, 0, 0, 2, 1], dense[1, 0, 1, 0, 3], dense.sum()) == (3, 1, 4)
    with pytest.raises(ir.NetworkError, match=r"input: values: found 0\.\.4, expected 0\.\.3"):
        events_to_dense([(0, 1, 2, 0)] * 4, COUNTS, 2)


def test_no_events_are_silence() -> None:
    for empty in ([], np.zeros((0, 4), int)):
        assert not events_to_dense(empty, SPIKES, 3).any()


def test_events_within_a_step_may_come_in_any_order() -> None:
    events = [(1, 3, 2, 1), (1, 0, 0, 0), (1, 2, 1, 1)]
    assert np.array_equal(events_to_dense(events, SPIKES, 2), events_to_dense(events[::-1], SPIKES, 2))


def test_events_run_as_the_spikes_that_they_are() -> None:
    stack = Stack(np.random.default_rng(0), SPIKES)
    stack.add((ir.INPUT, conv(stack.rng, (2, 6), (2, 2))))
    x = (stack.rng.random((4, 1, *SPIKES.shape)) < 0.4).astype(int)
    t, _, c, row, column = np.nonzero(x)
    dense = events_to_dense(np.stack([t, column, row, c], axis=1), SPIKES, 4)
    network = stack.network()
    assert np.array_equal(Engine(network).run(dense).output, reference.run(network, x).output)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([(0, 4, 0, 0)], r"events: x: found 4\.\.4, expected 0\.\.3"),
        ([(0, -1, 0, 0)], r"events: x: found -1\.\.-1"),
        ([(0, 0, 3, 0)], r"events: y: found 3\.\.3, expected 0\.\.2"),
        ([(0, 0, 0, 2)], r"events: channel: found 2\.\.2, expected 0\.\.1"),
        ([(0, 0, 0, 0), (5, 0, 0, 0)], r"events: t: found 0\.\.5, expected 0\.\.4"),
        ([(-1, 0, 0, 0)], r"events: t: found -1\.\.-1"),
        ([(2, 0, 0, 0), (1, 0, 0, 0)], "events: t: found a step before the one in front of it"),
        (np.array([[2, 0, 0, 0], [1, 0, 0, 0]], np.uint64), "events: t: found a step before the one in front of it"),
        ([(0, 0, 0)], r"events: found int64 \(1, 3\), expected whole numbers \(E, 4\)"),
        ([0, 0, 0, 0], r"events: found int64 \(4,\)"),
        ([(0.5, 0, 0, 0)], "events: found float64"),
        ([(True, True, True, True)], "events: found bool"),
    ],
)
def test_events_that_make_no_sense_are_refused(events: object, message: str) -> None:
    with pytest.raises(ir.NetworkError, match=message):
        events_to_dense(events, SPIKES, 5)


def test_what_holds_no_events_is_refused() -> None:
    with pytest.raises(ir.NetworkError, match=r"events: input: found shape \(3,\) and 2 steps"):
        events_to_dense([], ir.InputSpec((3,)), 2)
    with pytest.raises(ir.NetworkError, match="and 0 steps"):
        events_to_dense([], SPIKES, 0)

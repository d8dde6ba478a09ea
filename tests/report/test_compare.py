from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.ir.reference import Trace, run
from lava_spquant.report import Mismatch, TraceError, compare, merge
from tests.report.networks import classified
from tests.strategies import cases

NETWORK, X, TRACE = classified()
STREAMS = [(i, name) for i, block in enumerate(TRACE.blocks) for name in block]


def damaged(*places: tuple[int, str, tuple[int, ...]]) -> Trace:
    """Return the trace with one added to the values at `places`."""
    blocks = [{name: values.copy() for name, values in block.items()} for block in TRACE.blocks]
    for index, name, place in places:
        blocks[index][name][place] += 1
    return replace(TRACE, blocks=tuple(blocks))


def part(trace: Trace, samples: slice) -> Trace:
    blocks = tuple({name: values[:, samples] for name, values in block.items()} for block in trace.blocks)
    return Trace(blocks, trace.output[:, samples])


@given(case=cases())
def test_a_network_agrees_with_itself_in_every_value(case: tuple) -> None:  # type: ignore[type-arg]
    network, x = case
    comparison = compare(run(network, x), run(network, x), network)
    traces = run(network, x).blocks
    assert comparison.equal
    assert comparison.compared == sum(values.size for block in traces for values in block.values())
    assert comparison.spikes_compared == sum(block["spikes"].size for block in traces if "spikes" in block)
    assert comparison.first is None


@given(data=st.data())
def test_every_single_damage_is_found_where_it_is(data: st.DataObject) -> None:
    index, name = data.draw(st.sampled_from(STREAMS))
    values = TRACE.blocks[index][name]
    place = tuple(data.draw(st.integers(0, n - 1)) for n in values.shape)
    comparison = compare(TRACE, damaged((index, name, place)), NETWORK)
    value = int(values[place])
    assert not comparison.equal
    assert comparison.mismatches == 1
    assert comparison.first == Mismatch(place[0], index, name, place[1], place[2:], value, value + 1)
    assert [row.mismatches for row in comparison.rows if row.mismatches] == [1]


def test_the_first_mismatch_is_the_earliest_cause() -> None:
    other = damaged((0, "v", (2, 0, 1, 2, 3)), (3, "v", (1, 5, 2)), (2, "spikes", (1, 3, 0, 0, 0)))
    first = compare(TRACE, other, NETWORK).first
    assert first is not None
    assert (first.step, first.block, first.stream, first.sample) == (1, 2, "spikes", 3)


@given(cuts=st.sets(st.integers(1, 5)), data=st.data())
def test_chunks_merge_into_the_whole(cuts: set[int], data: st.DataObject) -> None:
    streams = data.draw(st.lists(st.sampled_from(STREAMS), max_size=4))
    places = [(i, n, tuple(data.draw(st.integers(0, m - 1)) for m in TRACE.blocks[i][n].shape)) for i, n in streams]
    other = damaged(*places)
    edges = [0, *sorted(cuts), 6]
    slices = [slice(a, b) for a, b in pairwise(edges)]
    merged = merge(compare(part(TRACE, s), part(other, s), NETWORK) for s in slices)
    assert merged == compare(TRACE, other, NETWORK)


def test_an_executor_that_records_less_must_be_asked_for_less() -> None:
    spikes_only = Trace(tuple({n: v for n, v in block.items() if n != "v"} for block in TRACE.blocks), TRACE.output)
    with pytest.raises(TraceError, match=r"block 'conv-1': v: found only \['spikes'\]"):
        compare(TRACE, spikes_only, NETWORK)
    comparison = compare(TRACE, spikes_only, NETWORK, streams=("spikes", "graded"))
    assert comparison.equal
    assert {row.stream for row in comparison.rows} == {"spikes", "graded"}
    with pytest.raises(TraceError, match=r"streams: found \('u',\), expected at least one"):
        compare(TRACE, TRACE, NETWORK, streams=("u",))


def test_floats_agree_only_where_they_are_the_same_number() -> None:
    def floats(change: float) -> Trace:
        blocks = [{n: v.astype(np.float32) for n, v in block.items()} for block in TRACE.blocks]
        blocks[0]["v"][0, 0, 0, 0, 0] += change
        return replace(TRACE, blocks=tuple(blocks))

    assert compare(TRACE, floats(0), NETWORK).equal
    assert compare(TRACE, floats(0.5), NETWORK).mismatches == 1
    assert compare(TRACE, floats(float("nan")), NETWORK).mismatches == 1


def test_nothing_is_not_agreement() -> None:
    empty = part(TRACE, slice(0, 0))
    assert not compare(empty, empty, NETWORK).equal
    with pytest.raises(TraceError, match="found none"):
        merge([])


def test_traces_and_chunks_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(TraceError, match=r"\(T, N\): found \(4, 6\) and \(4, 2\)"):
        compare(TRACE, part(TRACE, slice(0, 2)), NETWORK)
    whole, spikes = compare(TRACE, TRACE, NETWORK), compare(TRACE, TRACE, NETWORK, streams=("spikes",))
    with pytest.raises(TraceError, match="other streams or time steps"):
        merge([whole, spikes])

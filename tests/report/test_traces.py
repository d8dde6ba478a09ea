from __future__ import annotations

from dataclasses import replace

import pytest

from lava_spquant.ir.reference import Trace
from lava_spquant.report.traces import TraceError, check_trace, stream, stream_names
from tests.report.networks import classified, stock

NETWORK, _, TRACE = classified()


def changed(index: int, **streams: object) -> Trace:
    blocks = [dict(block) for block in TRACE.blocks]
    blocks[index] |= streams  # type: ignore[arg-type]
    return replace(TRACE, blocks=tuple(blocks))


def test_a_trace_of_the_network_is_accepted() -> None:
    assert check_trace(TRACE, NETWORK) == (4, 6)
    assert stream(TRACE, NETWORK, 2, "v").shape == (4, 6, 4, 3, 4)


def test_streams_are_outputs_then_state() -> None:
    assert [stream_names(block) for block in NETWORK.blocks] == [
        ("spikes", "v"), ("graded",), ("spikes", "v"), ("spikes", "v"), ("graded", "v"),
    ]  # fmt: skip
    assert stream_names(stock().blocks[0]) == ("spikes", "u", "v")


def test_what_does_not_belong_is_named() -> None:
    spikes = TRACE.blocks[3]["spikes"]
    with pytest.raises(TraceError, match="trace: blocks: found 5, expected 2"):
        check_trace(TRACE, stock())
    with pytest.raises(TraceError, match=r"spikes: found shape \(4, 6, 5\), expected \(T, N, \*\(6,\)\)"):
        check_trace(changed(3, spikes=spikes[..., 1:]), NETWORK)
    with pytest.raises(TraceError, match=r"block 'dense': spikes: found \(T, N\) = \(3, 6\), expected \(4, 6\)"):
        check_trace(changed(3, spikes=spikes[1:]), NETWORK)
    with pytest.raises(TraceError, match=r"block 'pool': spikes: found only \['graded'\]"):
        stream(TRACE, NETWORK, 1, "spikes")
    with pytest.raises(TraceError, match="streams: found none"):
        check_trace(Trace(tuple({} for _ in NETWORK.blocks), TRACE.output), NETWORK)

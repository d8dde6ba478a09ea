from __future__ import annotations

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.workflow import chunks as module
from lava_spquant.workflow.chunks import MAX_CHUNK, check_fits, chunk_size, chunks, head
from tests.workflow.tiny import SHAPE, STEPS, tiny_network, tiny_recordings, tiny_split


def test_chunks_hold_the_split_in_order_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHUNK", 4)
    split = tiny_split(10)
    found = list(chunks(tiny_network(), split, STEPS))
    assert [chunk.x.shape for chunk in found] == [(STEPS, n, *SHAPE) for n in (4, 4, 2)]
    together = np.concatenate([chunk.x for chunk in found], axis=1)
    assert np.array_equal(together, np.stack([split.images] * STEPS))
    assert np.array_equal(np.concatenate([chunk.labels for chunk in found]), split.labels)


def test_recordings_are_read_frame_by_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CHUNK", 4)
    split = tiny_recordings(10)
    found = list(chunks(tiny_network(), split, STEPS))
    assert [chunk.x.shape for chunk in found] == [(STEPS, n, *SHAPE) for n in (4, 4, 2)]
    together = np.concatenate([chunk.x for chunk in found], axis=1)
    assert np.array_equal(together, split.frames().swapaxes(0, 1))
    with pytest.raises(ValueError, match=f"tiny events: time steps: found 5, expected its own, {STEPS}"):
        list(chunks(tiny_network(), split, 5))


def test_a_trace_of_a_chunk_stays_below_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    network = tiny_network()
    values = 12 + 16 * 2 + 3 * 2  # input, conv's spikes and v, read-out's graded and v
    monkeypatch.setattr(module, "TRACE_BYTES", values * STEPS * 4 * 5)
    assert chunk_size(network, STEPS) == 5
    monkeypatch.setattr(module, "TRACE_BYTES", 1)
    assert chunk_size(network, STEPS) == 1
    monkeypatch.undo()
    assert chunk_size(network, STEPS) == MAX_CHUNK


def test_a_network_that_reads_a_row_gets_images_flattened() -> None:
    block = ir.Block("b", (ir.Branch(ir.Dense(np.ones((1, 12)), 2), [1]),), ir.Readout(), bias=[0])
    network = ir.Network(ir.InputSpec((12,), 8), (block,))
    split = tiny_split(2)
    (chunk,) = chunks(network, split, 1)
    assert np.array_equal(chunk.x[0], split.images.reshape(2, 12))


def test_images_of_another_shape_are_refused() -> None:
    block = ir.Block("b", (ir.Branch(ir.Dense(np.ones((1, 12)), 2), [1]),), ir.Readout(), bias=[0])
    turned = ir.Network(ir.InputSpec((1, 3, 4), 8), (block,), "turned")
    with pytest.raises(ValueError, match=r"turned: input shape: found images of \(1, 4, 3\), expected \(1, 3, 4\)"):
        check_fits(turned, tiny_split(1))


def test_head() -> None:
    split = tiny_split(5)
    assert head(split, None) is split
    assert np.array_equal(head(split, 2).labels, split.labels[:2])
    assert len(head(split, 99)) == 5
    with pytest.raises(ValueError, match="limit: found 0"):
        head(split, 0)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.ir import ALIGNED, Block, Branch, Dense, Identity, InputSpec, Network, NetworkError, QLif, Timing
from lava_spquant.ir.reference import run
from tests.strategies import Knobs, inputs_for, networks


def chain(blocks: int) -> Network:
    """Blocks with no leak and a bias, each reading the previous one, so that a missed reset shows."""
    return Network(
        InputSpec((1,)),
        tuple(Block(f"b{i}", (Branch(Dense([[1]], 1), [40], source=i - 1),), QLif(0, 64), [7]) for i in range(blocks)),
    )


@given(st.data(), st.integers(1, 4), st.integers(1, 3))
def test_pipelined_with_resets_is_aligned_time_shifted_by_depth(
    data: st.DataObject, interval: int, samples: int
) -> None:
    network = data.draw(networks(Knobs(max_blocks=5)))
    total = interval * samples
    x = data.draw(inputs_for(network, steps=(total, total)))
    lag = max(network.depths)
    # Something arrives after the samples too: it must not matter.
    tail = np.broadcast_to(x[:1], (lag, *x.shape[1:]))

    aligned = run(network, x, Timing(reset_interval=interval))
    pipelined = run(network, np.concatenate([x, tail]), Timing(True, interval))

    for depth, here, there in zip(network.depths, aligned.blocks, pipelined.blocks, strict=True):
        for name, values in here.items():
            np.testing.assert_array_equal(there[name][depth : depth + total], values, err_msg=name)


@given(st.data(), st.integers(1, 4))
def test_resets_separate_samples(data: st.DataObject, interval: int) -> None:
    network = data.draw(networks())
    x = data.draw(inputs_for(network, steps=(2 * interval, 2 * interval)))
    together = run(network, x, Timing(reset_interval=interval)).output
    for part in (slice(0, interval), slice(interval, None)):
        np.testing.assert_array_equal(together[part], run(network, x[part]).output)


def test_without_a_reset_the_state_stays() -> None:
    x = np.ones((6, 1, 1), int)
    free, reset = run(chain(1), x), run(chain(1), x, Timing(reset_interval=3))
    assert free.output.ravel().tolist() == [0, 1, 0, 1, 0, 1]
    assert reset.output.ravel().tolist() == [0, 1, 0, 0, 1, 0]


def test_delays_balance_branches_of_unequal_depth() -> None:
    skip = Block("skip", (Branch(Dense([[1]], 1), [1], source=1), Branch(Identity(), [1])), QLif(0, 64), [0])
    network = Network(InputSpec((1,)), (*chain(2).blocks, skip))
    deep, short = skip.branches
    assert network.depths == (1, 2, 3)
    assert Timing(True).delay(network, 2, deep) == 1
    assert Timing(True).delay(network, 2, short) == 3
    assert ALIGNED.delay(network, 2, short) == 0


def test_lava_dls_reset_rule() -> None:
    """Block k resets where t % interval == (reset_offset + 1 + k) % interval, t counted from 1."""
    network, interval = chain(3), 4
    for offset in (0, 1, 5, 11):
        timing = Timing(True, interval, offset)
        for k in range(3):
            for t in range(1, 20):
                assert timing.resets(network, k, t) == (t % interval == (offset + 1 + k) % interval)


def test_the_default_offset_resets_where_a_sample_arrives() -> None:
    timing, network = Timing(True, 5), chain(2)
    assert [t for t in range(1, 13) if timing.resets(network, 0, t)] == [2, 7, 12]
    assert [t for t in range(1, 13) if timing.resets(network, 1, t)] == [3, 8]
    assert not any(ALIGNED.resets(network, 0, t) for t in range(1, 13))


@pytest.mark.parametrize("interval", [0, -1, 2.0, "4"])
def test_interval_must_be_a_positive_number(interval: object) -> None:
    with pytest.raises(NetworkError, match="^timing: reset_interval: found"):
        Timing(reset_interval=interval)


def test_offset_must_be_a_whole_number() -> None:
    with pytest.raises(NetworkError, match="^timing: reset_offset: found 0.5"):
        Timing(True, 4, 0.5)

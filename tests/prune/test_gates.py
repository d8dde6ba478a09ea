"""Networks without their gates, and with masks of other channels and cells."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.engine import Engine
from lava_spquant.ir.reference import Trace, gate_mask, run
from lava_spquant.prune import gate_blocks, shuffled_beside, shuffled_gates, without_gates
from tests.netx.samples import gated as sample
from tests.prune.gated_models import gated_pair, images
from tests.strategies import Knobs, cases, networks

ANY_GATED = Knobs(max_blocks=6)


def shares(network: ir.Network, trace: Trace) -> dict[str, np.ndarray]:
    """Return, per gated block, how many neurons were open: (T, N)."""
    found = {}
    for index, block in enumerate(network.blocks):
        if block.gates:
            mask = gate_mask(network, index, trace.blocks)
            full = np.broadcast_to(mask, (*mask.shape[:2], *network.shapes[index]))
            found[block.name] = full.reshape(*full.shape[:2], -1).sum(axis=2)
    return found


def assert_same(found: object, expected: object) -> None:
    """Compare blocks field by field, down to weights; names and gates aside."""
    assert type(found) is type(expected)
    if isinstance(found, (ir.Block, ir.Branch, ir.Conv, ir.Dense)):
        for field in fields(found):
            if field.name not in ("name", "gates"):
                assert_same(getattr(found, field.name), getattr(expected, field.name))
    elif isinstance(found, tuple):
        for one, other in zip(found, expected, strict=True):  # type: ignore[call-overload]
            assert_same(one, other)
    elif isinstance(found, np.ndarray):
        np.testing.assert_array_equal(found, expected)  # type: ignore[arg-type]
    else:
        assert found == expected


@pytest.mark.parametrize("gates", ["channel", "spatial", "both"])
def test_without_gates_is_the_network_that_was_built_without(gates: str) -> None:
    network, plain = gated_pair(gates)
    x = images(0)
    trace = run(network, x)
    for index, block in enumerate(network.blocks):
        if block.gates:
            assert 0 < gate_mask(network, index, trace.blocks).mean() < 1
    assert_same(without_gates(network).blocks, plain.blocks)
    np.testing.assert_array_equal(run(without_gates(network), x).output, run(plain, x).output)
    assert not np.array_equal(trace.output, run(plain, x).output)


def test_gate_blocks_are_predictors_and_what_they_read() -> None:
    network, plain = gated_pair("both")
    gone = [network.blocks[index].name for index in gate_blocks(network)]
    assert len(gone) == len(network.blocks) - len(plain.blocks) == 8
    assert all(name.endswith(("-sum", "-gate")) for name in gone)
    assert gate_blocks(plain) == ()
    # All three of its gates serve nothing else.
    assert gate_blocks(sample()) == (0, 1, 2)
    read = replace(sample().blocks[4], branches=(ir.Branch(ir.Identity(), [1, 1], source=2),), name="reader")
    reader = replace(read, gates=(), branches=read.branches)
    assert gate_blocks(ir.Network(sample().input, (*sample().blocks[:4], reader))) == (0, 1)


@settings(max_examples=60, deadline=None)
@given(case=cases(ANY_GATED))
def test_without_gates_every_block_left_computes_as_if_all_were_open(case: tuple[ir.Network, ir.IntArray]) -> None:
    network, x = case
    gone = gate_blocks(network)
    opened = replace(network, blocks=tuple(replace(block, gates=()) for block in network.blocks))
    expected = [record for index, record in enumerate(run(opened, x).blocks) if index not in gone]
    found = run(without_gates(network), x).blocks
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


@given(network=networks(ANY_GATED))
def test_gate_blocks_are_read_by_gates_and_by_each_other_alone(network: ir.Network) -> None:
    gone = set(gate_blocks(network))
    assert len(network.blocks) - 1 not in gone
    for index, block in enumerate(network.blocks):
        if index not in gone:
            assert not gone & {branch.source for branch in block.branches}
    for index in gone:
        gated = any(gate.source == index for block in network.blocks for gate in block.gates)
        assert gated or any(branch.source == index for other in gone for branch in network.blocks[other].branches)


def shuffled(network: ir.Network, seed: int) -> tuple[ir.Network, tuple[int, ...]]:
    """Shuffle beside, or skip a network of which that is refused."""
    try:
        return shuffled_beside(network, seed)
    except ir.NetworkError as error:
        assume("spatial gates: found" not in str(error))
        raise


@settings(max_examples=60, deadline=None)
@given(case=cases(ANY_GATED), seed=st.integers(0, 9))
def test_beside_the_first_run_as_many_are_open_always(case: tuple[ir.Network, ir.IntArray], seed: int) -> None:
    network, x = case
    made, places = shuffled(network, seed)
    trace, expected = run(made, x), run(network, x)
    # The first run is the network itself.
    for one, other in zip(trace.blocks, expected.blocks, strict=False):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])
    before, after = shares(network, expected), shares(made, trace)
    assert len(places) == len(network.blocks)
    for index, place in enumerate(places):
        assert_same(made.blocks[place].neuron, network.blocks[index].neuron)
        if network.blocks[index].gates:
            name = made.blocks[place].name
            assert index in gate_blocks(network) or place != index
            np.testing.assert_array_equal(after[name], before[network.blocks[index].name])


@settings(max_examples=60, deadline=None)
@given(case=cases(ANY_GATED), seed=st.integers(0, 9))
def test_masks_before_any_change_are_permuted(case: tuple[ir.Network, ir.IntArray], seed: int) -> None:
    network, x = case
    try:
        made = shuffled_gates(network, seed)
    except ir.NetworkError:
        assume(False)
    before, after = shares(network, run(network, x)), shares(made, run(made, x))
    assert before.keys() <= after.keys()
    if before:
        first = next(iter(before))
        np.testing.assert_array_equal(after[first], before[first])
    else:
        assert_same(made.blocks, network.blocks)


@pytest.mark.parametrize("gates", ["channel", "spatial", "both"])
def test_a_trained_network_opens_as_much_elsewhere(gates: str) -> None:
    network, _ = gated_pair(gates)
    x = images(1)
    trace = run(network, x)
    made, places = shuffled_beside(network, 3)
    done = run(made, x)
    for index, place in enumerate(places):
        if network.blocks[index].gates:
            old, new = gate_mask(network, index, trace.blocks), gate_mask(made, place, done.blocks)
            np.testing.assert_array_equal(new.sum(axis=(2, 3, 4)), old.sum(axis=(2, 3, 4)))
            assert not np.array_equal(new, old)
    assert not np.array_equal(done.output, trace.output)
    engine = Engine(made).run(x)
    np.testing.assert_array_equal(engine.output, done.output)


def test_seeds_differ_and_repeat() -> None:
    network, _ = gated_pair("channel")
    x = images(2)
    outputs = [run(shuffled_gates(network, seed), x).output for seed in (0, 0, 1)]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert not np.array_equal(outputs[0], outputs[2])


def test_permuted_rows_cost_nothing() -> None:
    network, _ = gated_pair("channel")
    made = shuffled_gates(network, 0)
    assert len(made.blocks) == len(network.blocks)
    weights = [sum(b.synapse.num_weights for block in net.blocks for b in block.branches) for net in (network, made)]
    assert weights[0] == weights[1]


def test_cells_cut_short_change_places_with_their_like() -> None:
    # Cells of 2x2 over 3x5 places: four of them have 4, two, two and one.
    gate = ir.Block("gate", (ir.Branch(ir.SumPool(1), [1], 0),), ir.Threshold(), [0], 0)
    other = ir.Block("other", (ir.Branch(ir.Dense(np.ones((2 * 15, 6)), 1), [1] * 30, 0),), ir.Relay(), [0] * 30, 0)
    wide = ir.Block(
        "gated", (ir.Branch(ir.Conv(np.ones((2, 1, 2, 3)), 1, padding=(1, 2)), [1, 1], 0),), ir.Relay(), [1, 1], 0,
        (ir.Gate(0),),
    )  # fmt: skip
    network = ir.Network(ir.InputSpec((1, 2, 3)), (gate, other, wide))
    assert network.shapes[2] == (2, 3, 5)
    x = np.array([[[[[a, b, c], [d, e, f]]]] for a, b, c, d, e, f in np.ndindex(*(2,) * 6)])
    before = shares(network, run(network, x))["gated"]
    moved = set()
    for seed in range(8):
        made = shuffled_gates(network, seed)
        trace = run(made, x)
        np.testing.assert_array_equal(shares(made, trace)["gated"], before)
        masks = gate_mask(made, len(made.blocks) - 1, trace.blocks)
        moved.add(masks.tobytes())
        # The corner of one place has no like.
        np.testing.assert_array_equal(masks[:, 0, 0, 2, 4], x[:, 0, 0, 1, 2] == 1)
    assert len(moved) > 1


def test_spatial_gates_of_different_cells_are_refused() -> None:
    def block(name: str, weight: np.ndarray, *gates: int) -> ir.Block:
        channels = len(weight)
        branch = ir.Branch(ir.Conv(weight, 1), [1] * channels)
        return ir.Block(name, (branch,), ir.Threshold(), [0] * channels, 0, tuple(map(ir.Gate, gates)))

    rows, columns = (block(name, np.ones((1, 1, *kernel))) for name, kernel in (("rows", (1, 2)), ("columns", (2, 1))))
    network = ir.Network(ir.InputSpec((1, 2, 2)), (rows, columns, block("both", np.ones((2, 1, 1, 1)), 0, 1)))
    for shuffle in (shuffled_gates, shuffled_beside):
        with pytest.raises(ir.NetworkError, match="'both': spatial gates: found .* expected one kind of cell"):
            shuffle(network, 0)

from __future__ import annotations

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.proc.subrange import layer_positions, subrange, with_input_bits


def branch(synapse: ir.Synapse, channels: int, source: int) -> ir.Branch:
    return ir.Branch(synapse, np.full(channels, 20), 0, source)


def network() -> ir.Network:
    """As lava-dl counts: 0 conv, 1 conv, 2 flatten, 3 dense, 4 dense."""
    generator = np.random.default_rng(0)
    neuron = ir.QLif(2048, 64)
    blocks = (
        ir.Block("a", (branch(ir.Conv(generator.integers(-3, 4, (2, 1, 2, 1)), 3), 2, ir.INPUT),), neuron, [9, 0]),
        ir.Block("b", (branch(ir.Conv(generator.integers(-3, 4, (3, 2, 1, 2)), 3), 3, 0),), neuron, [0, 9, 0]),
        ir.Block("c", (branch(ir.Dense(generator.integers(-3, 4, (5, 36)), 3), 5, 1),), neuron, np.arange(5)),
        ir.Block("d", (branch(ir.Dense(generator.integers(-3, 4, (2, 5)), 3), 2, 2),), ir.Readout(), [1, 2]),
    )
    return ir.Network(ir.InputSpec((1, 4, 5), 4), blocks)


def test_positions_count_the_flattening():
    assert layer_positions(network()) == [0, 1, 3, 4]


@pytest.mark.parametrize(
    ("num_layers", "skip_layers", "names", "shape"),
    [
        (None, 0, "abcd", (1, 4, 5)),
        (99, 0, "abcd", (1, 4, 5)),
        (2, 0, "ab", (1, 4, 5)),
        (3, 0, "ab", (1, 4, 5)),
        (4, 0, "abc", (1, 4, 5)),
        (None, 1, "bcd", (2, 3, 5)),
        (None, 2, "cd", (3, 3, 4)),
        (None, 3, "cd", (36,)),
        (4, 1, "bc", (2, 3, 5)),
    ],
)
def test_blocks_kept_and_what_they_read(num_layers, skip_layers, names, shape):
    part = subrange(network(), num_layers, skip_layers)
    assert "".join(block.name for block in part.blocks) == names
    assert part.input.shape == shape


@pytest.mark.parametrize(("skip_layers", "first"), [(1, 1), (2, 2), (3, 2), (4, 3)])
def test_the_rest_of_a_network_computes_as_in_the_whole(skip_layers, first):
    whole = network()
    trace = reference.run(whole, np.random.default_rng(1).integers(0, 16, (4, 2, 1, 4, 5)))
    part = subrange(whole, None, skip_layers)
    between = trace.blocks[first - 1]["spikes"]
    rest = reference.run(part, between.reshape(*between.shape[:2], *part.input.shape))
    np.testing.assert_array_equal(rest.output, trace.output)
    assert trace.output.any()


def with_skip() -> ir.Network:
    base = network()
    skip = ir.Block(
        "skip", (branch(ir.Identity(), 2, 3), branch(ir.Dense(np.ones((2, 36), int), 1), 2, 1)), ir.Readout(), [0, 0]
    )
    return ir.Network(base.input, (*base.blocks, skip))


def test_a_part_fed_by_several_streams_is_refused():
    with pytest.raises(ir.NetworkError, match="streams into the layers kept: found 2, expected 1"):
        subrange(with_skip(), None, 3 + 2)


def test_a_part_behind_a_wide_stream_is_refused():
    base = network()
    last = ir.Block("e", (ir.Branch(ir.Identity(), [1, 1], 8, 3),), ir.Relay(), [0, 0])
    with pytest.raises(ir.NetworkError, match="a cut through 24-bit messages, expected at most 16 bits"):
        subrange(ir.Network(base.input, (*base.blocks, last)), None, 5)


def with_gates() -> ir.Network:
    """b is gated by a, d by c, and e by d and c."""
    generator = np.random.default_rng(4)
    neuron = ir.QLif(2048, 64)

    def block(name: str, source: int, *gates: int) -> ir.Block:
        dense = ir.Dense(generator.integers(-3, 4, (3, 3)), 3)
        return ir.Block(name, (branch(dense, 3, source),), neuron, [70, 40, 60], gates=tuple(map(ir.Gate, gates)))

    names = (("a", ir.INPUT), ("b", 0, 0), ("c", 1), ("d", 2, 2), ("e", 3, 3, 2))
    return ir.Network(ir.InputSpec((3,)), tuple(block(*what) for what in names))


@pytest.mark.parametrize(
    ("num_layers", "skip_layers", "gates"), [(4, 0, [(), (0,), (), (2,)]), (None, 2, [(), (0,), (1, 0)])]
)
def test_gates_are_counted_from_the_first_block_kept(num_layers, skip_layers, gates):
    part = subrange(with_gates(), num_layers, skip_layers)
    assert [tuple(gate.source for gate in block.gates) for block in part.blocks] == gates


def test_the_rest_of_a_gated_network_computes_as_in_the_whole():
    whole = with_gates()
    trace = reference.run(whole, np.random.default_rng(1).integers(0, 2, (6, 4, 3)))
    rest = reference.run(subrange(whole, None, 2), trace.blocks[1]["spikes"])
    np.testing.assert_array_equal(rest.output, trace.output)
    assert 0 < trace.output.mean() < 1


@pytest.mark.parametrize(
    ("skip_layers", "block", "source"),
    [(1, "b", "a"), (3, "d", "c"), (4, "e", "d")],
    ids=["b by a", "d by c", "e by d"],
)
def test_a_part_gated_from_outside_is_refused(skip_layers, block, source):
    message = f"gates of the layers kept: found block '{block}' gated by '{source}', which is left out, expected only"
    with pytest.raises(ir.NetworkError, match=message):
        subrange(with_gates(), None, skip_layers)


@pytest.mark.parametrize(("num_layers", "skip_layers"), [(0, 0), (None, 5), (2, 2), (None, -1), (-1, 0)])
def test_empty_parts_are_refused(num_layers, skip_layers):
    with pytest.raises(ir.NetworkError, match="layers: found num_layers"):
        subrange(network(), num_layers, skip_layers)


def test_other_input_width():
    assert with_input_bits(network(), 1).input.bounds == (0, 1)
    assert with_input_bits(network(), 8).input.bounds == (0, 255)


def test_input_width_that_could_overflow_is_refused():
    block = ir.Block("a", (ir.Branch(ir.Dense(np.full((1, 9), 32767), 16), [1]),), ir.Readout(), [0])
    narrow = ir.Network(ir.InputSpec((9,), 4), (block,))
    with pytest.raises(ir.NetworkError, match="input_message_bits 16: .* accumulator"):
        with_input_bits(narrow, 16)

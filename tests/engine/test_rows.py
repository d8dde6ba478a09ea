"""Every kind of row: int16, int32 and graded sums of every number of lanes, and the plain loops behind them."""

from __future__ import annotations

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.engine import Engine
from lava_spquant.engine import _tables as t
from lava_spquant.ir import ALIGNED, Timing
from tests.engine.harness import assert_exact
from tests.engine.layers import Stack, conv, dense, dense_input, qlif

WIDTHS = (1, 2, 7, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96, 97, 127, 128, 129, 130, 192)
INPUTS = {
    "bytes": (ir.InputSpec((3, 5, 6)), 4),
    "narrow": (ir.InputSpec((3, 5, 6)), 10),
    "wide": (ir.InputSpec((3, 5, 6)), 14),
    "graded": (ir.InputSpec((3, 5, 6), 8), 4),
    "signed": (ir.InputSpec((3, 5, 6), 5, signed=True), 4),
}
DENSITIES = (0.0, 0.05, 0.5, 1.0)


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("outputs", WIDTHS)
def test_convolutions_of_every_width(kind: str, outputs: int) -> None:
    spec, bits = INPUTS[kind]
    rng = np.random.default_rng(outputs)
    stack = Stack(rng, spec)
    stack.add((ir.INPUT, conv(rng, (3, outputs), padding=(1, 0), bits=bits)))
    stack.add((0, conv(rng, (outputs, 3), (3, 2), bits=bits)))
    for density in DENSITIES:
        expected = assert_exact(stack.network(), dense_input(rng, spec, density), threads=(1,))
    assert outputs < 3 or 0 < expected.blocks[0]["spikes"].mean() < 1


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("outputs", WIDTHS)
def test_dense_synapses_of_every_width(kind: str, outputs: int) -> None:
    spec, bits = INPUTS[kind]
    rng = np.random.default_rng(outputs)
    stack = Stack(rng, spec)
    stack.add((ir.INPUT, dense(rng, 90, outputs, bits)))
    stack.add((0, dense(rng, outputs, 5, bits)))
    for density in DENSITIES:
        assert_exact(stack.network(), dense_input(rng, spec, density), threads=(1,))


def test_the_widths_meet_every_variant_of_the_code() -> None:
    found = set()
    for spec, bits in INPUTS.values():
        for outputs in WIDTHS:
            stack = Stack(np.random.default_rng(outputs), spec)
            stack.add((ir.INPUT, conv(stack.rng, (3, outputs), bits=bits)))
            program = Engine(stack.network()).program
            lanes = int(program.branches[0, t.R_STRIDE])
            flags = {"graded": program.streams[0, t.S_GRADED], "wide": program.branches[0, t.R_WIDE]}
            flags["bytes"] = program.branches[0, t.R_BYTES]
            assert sum(flags.values()) <= 1
            found.add((lanes, next((name for name, flag in flags.items() if flag), "narrow")))
    kinds = ("graded", "wide", "bytes", "narrow")
    assert found >= {(lanes, kind) for lanes in (16, 32, 48, 64, 96, 128, 160, 192) for kind in kinds}


@pytest.mark.parametrize("extra", [-1, 0, 1])
@pytest.mark.parametrize("sign", [1, -1])
def test_sums_at_the_edge_of_int16(extra: int, sign: int) -> None:
    """32767 of weight still fits int16 sums, one more does not; all inputs spike."""
    weight = np.full((17, 4), 8191)
    weight[:, 3] += 3 + extra
    stack = Stack(np.random.default_rng(0), ir.InputSpec((4,)))
    stack.add((ir.INPUT, ir.Dense(sign * weight, 15)), neuron=ir.Relay())
    network = stack.network()
    assert Engine(network).program.branches[0, t.R_WIDE] == (extra == 1)
    trace = assert_exact(network, np.ones((2, 2, 4), int))
    assert np.all(trace.output == sign * (32767 + extra))


GEOMETRIES = [
    {"stride": (2, 3), "padding": (1, 2)},
    {"stride": (3, 1), "padding": (2, 0)},
    {"dilation": (2, 1), "padding": (1, 1)},
    {"dilation": (1, 2), "padding": (0, 2)},
    {"dilation": (2, 2), "stride": (2, 1)},
    {"padding": (4, 5)},
    {"padding": (3, 3), "stride": (2, 2), "dilation": (1, 3)},
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@pytest.mark.parametrize("kernel", [(1, 1), (2, 3), (3, 1), (1, 4), (3, 3)])
@pytest.mark.parametrize("kind", ["bytes", "narrow", "graded", "wide"])
def test_stride_padding_and_dilation(geometry: dict[str, tuple[int, int]], kernel: tuple[int, int], kind: str) -> None:
    rng = np.random.default_rng(kernel[0] * 10 + kernel[1])
    spec, bits = ir.InputSpec((2, 7, 11), INPUTS[kind][0].bits), INPUTS[kind][1]
    for outputs in (5, 40):
        stack = Stack(rng, spec)
        stack.add((ir.INPUT, conv(rng, (2, outputs), kernel, bits=bits, **geometry)))
        assert_exact(stack.network(), dense_input(rng, spec, 0.4, steps=2, batch=2), threads=(1,))


@pytest.mark.parametrize("kernel", [(4, 6), (9, 13)])
def test_a_kernel_larger_than_the_image_hangs_over_its_edges(kernel: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for outputs in (3, 70):
        stack = Stack(rng, ir.InputSpec((3, 3, 4)))
        stack.add((ir.INPUT, conv(rng, (3, outputs), kernel, padding=(4, 5))))
        assert_exact(stack.network(), dense_input(rng, stack.spec, 0.6))


@pytest.mark.parametrize(
    ("inputs", "outputs", "groups"), [(6, 4, 2), (9, 3, 3), (17, 17, 17), (5, 15, 5), (64, 64, 64), (34, 66, 2)]
)
@pytest.mark.parametrize("signed", [None, False, True])
def test_groups_and_depthwise(inputs: int, outputs: int, groups: int, signed: bool | None) -> None:
    rng = np.random.default_rng(groups)
    spec = ir.InputSpec((inputs, 4, 5), 1 if signed is None else 5, bool(signed))
    for geometry in ({"padding": (1, 1)}, {"stride": (2, 1), "dilation": (1, 2), "padding": (0, 1)}):
        stack = Stack(rng, spec)
        stack.add((ir.INPUT, conv(rng, (inputs, outputs), groups=groups, **geometry)))
        stack.add((0, ir.Identity()), neuron=ir.Readout())
        assert_exact(stack.network(), dense_input(rng, spec, 0.4), threads=(1,))


@pytest.mark.parametrize("pool", [ir.SumPool(2), ir.SumPool((1, 3), (2, 1)), ir.SumPool(3, 2, (1, 1))], ids=str)
@pytest.mark.parametrize("channels", [1, 16, 19, 70])
def test_a_pool_into_a_relay_into_a_convolution(pool: ir.SumPool, channels: int) -> None:
    rng = np.random.default_rng(channels)
    stack = Stack(rng, ir.InputSpec((2, 6, 8)))
    stack.add((ir.INPUT, conv(rng, (2, channels), padding=(1, 1))))
    stack.add((0, pool), neuron=ir.Relay())
    stack.add((1, conv(rng, (channels, 33), (2, 2))), neuron=qlif("soft"))
    stack.add((2, ir.SumPool(1)), (2, ir.Identity()), neuron=ir.Readout(), per_neuron=True)
    for timing in (ALIGNED, Timing(True, 5)):
        trace = assert_exact(stack.network(), dense_input(rng, stack.spec, 0.3, steps=6), timing)
        assert trace.blocks[1]["graded"].max() > 1


@pytest.mark.parametrize("timing", [ALIGNED, Timing(pipelined=True), Timing(True, 3, 1)], ids=str)
def test_branches_of_unequal_depth_and_sign(timing: Timing) -> None:
    rng = np.random.default_rng(1)
    stack = Stack(rng, ir.InputSpec((3, 6, 5), 6, signed=True))
    stack.add((ir.INPUT, conv(rng, (3, 20), padding=(0, 1))), neuron=qlif(membrane=ir.Membrane(8, -1, 1)))
    stack.add((0, conv(rng, (20, 20), (3, 3), padding=(1, 1))), per_neuron=True)
    stack.add((1, conv(rng, (20, 20), (1, 3), padding=(0, 1))), (0, ir.Identity()), neuron=ir.Cuba(0, 512, 256))
    wide = conv(rng, (3, 20), (2, 3), padding=(0, 1), bits=9)
    stack.add((2, ir.Identity()), (0, ir.Identity()), (ir.INPUT, wide), (1, conv(rng, (20, 20), (1, 1), groups=4)))
    stack.add((3, dense(rng, 500, 65)), (0, dense(rng, 500, 65)), (ir.INPUT, dense(rng, 90, 65)), per_neuron=True)
    stack.add((4, dense(rng, 65, 9)), (ir.INPUT, dense(rng, 90, 9)), neuron=ir.Readout())
    for density in DENSITIES:
        assert_exact(stack.network(), dense_input(rng, stack.spec, density, steps=9), timing)


def test_a_row_of_one_pixel_and_a_column_of_one_pixel() -> None:
    for shape in ((4, 1, 37), (4, 37, 1), (1, 1, 1)):
        rng = np.random.default_rng(0)
        stack = Stack(rng, ir.InputSpec(shape))
        stack.add((ir.INPUT, conv(rng, (shape[0], 21), (3, 3), padding=(1, 1))))
        stack.add((0, dense(rng, 21 * shape[1] * shape[2], 3)))
        assert_exact(stack.network(), dense_input(rng, stack.spec, 0.5))

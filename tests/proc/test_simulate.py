"""Acceptance: Lava gives the reference's integers at every block and step of random networks."""

from __future__ import annotations

import gc

import numpy as np
import psutil
import pytest

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.proc import DeadlineError, simulate
from tests.proc.harness import DEADLINE, assert_same
from tests.strategies import Knobs, random_input, random_network

rng = np.random.default_rng


def agree(network: ir.Network, x: ir.IntArray) -> reference.Trace:
    found = simulate(network, x, deadline=DEADLINE)
    expected = reference.run(network, x)
    assert_same(found, expected, tuple(block.name for block in network.blocks))
    return expected


# Seeds 67, 70 and 101 hold several identity branches from one source.
@pytest.mark.parametrize("seed", [*range(16), 67, 70, 101])
def test_random_networks(seed):
    generator = rng(seed)
    network = random_network(generator, Knobs(neurons=("qlif", "cuba", "relay")))
    agree(network, random_input(generator, network))


@pytest.mark.parametrize(
    "knobs",
    [
        Knobs(neurons=("cuba",), stock_cuba=False, readout=False),
        Knobs(neurons=("clip", "threshold"), max_branches=2),
        Knobs(neurons=("qlif",), gains=("extreme",), inputs=("signed",)),
        Knobs(synapses=("conv", "pool", "identity"), ndim=(3,), max_branches=3),
        Knobs(neurons=("qlif",), gains=("lava",), weight_bits=(8,), readout=False),
    ],
    ids=["cuba beyond stock", "single step", "extreme gains, signed input", "spatial skips", "gains of Lava"],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_random_networks_of_one_sort(knobs, seed):
    generator = rng(seed)
    network = random_network(generator, knobs)
    agree(network, random_input(generator, network, steps=(3, 5), batch=(2, 3)))


def branch(synapse: ir.Synapse, channels: int, gain: int = 1, source: int = ir.INPUT, shift: int = 0) -> ir.Branch:
    return ir.Branch(synapse, np.full(channels, gain), shift, source)


def single(synapse: ir.Synapse, spec: ir.InputSpec, gain: int = 1) -> ir.Network:
    """A read-out shows every accumulator."""
    channels = synapse.output_shape(spec.shape)[0]
    block = ir.Block("only", (branch(synapse, channels, gain),), ir.Readout(), np.arange(channels))
    return ir.Network(spec, (block,))


@pytest.mark.parametrize(
    ("low", "high", "bits"),
    [
        (-2047, 2047, 12),
        (-32767, 32767, 16),
        (-127, 127, 8),
        (0, 127, 8),
        (-127, 0, 8),
        (0, 0, 2),
        (0, 255, 9),
        (-255, -1, 9),
    ],
)
def test_dense_weights_of_any_width_and_sign(low, high, bits):
    generator = rng(5)
    weight = generator.integers(low, high + 1, (5, 7))
    network = single(ir.Dense(weight, bits), ir.InputSpec((7,), 4, signed=True))
    agree(network, generator.integers(-8, 8, (2, 3, 7)))


def test_dense_reads_an_image_channel_by_channel():
    generator = rng(6)
    network = single(ir.Dense(generator.integers(-3, 4, (4, 30)), 3), ir.InputSpec((2, 3, 5), 8))
    agree(network, generator.integers(0, 256, (2, 2, 2, 3, 5)))


def test_convolution_with_more_groups_than_lavas_field_holds():
    generator = rng(7)
    weight = generator.integers(-1, 2, (130, 1, 2, 1))
    network = single(ir.Conv(weight, 1.58, groups=130, padding=(1, 0)), ir.InputSpec((130, 2, 3)))
    agree(network, generator.integers(0, 2, (2, 1, 130, 2, 3)))


def test_asymmetric_kernel_on_an_image_that_is_not_square():
    weight = np.zeros((1, 1, 2, 3), int)
    weight[0, 0, 0, 2], weight[0, 0, 1, 0] = 5, 3
    network = single(ir.Conv(weight, 4, stride=(1, 2), padding=(0, 1), dilation=(2, 1)), ir.InputSpec((1, 4, 7), 8))
    agree(network, rng(8).integers(0, 256, (1, 2, 1, 4, 7)))


def test_accumulator_at_the_ends_of_24_bits():
    weight = np.array([[32767, 0], [-32767, 0]])
    network = single(ir.Dense(weight, 16), ir.InputSpec((2,), 8))
    agree(network, np.full((1, 1, 2), 255))
    kernel = np.full((1, 128, 1, 2), 255)
    network = single(ir.Conv(kernel, 9), ir.InputSpec((128, 1, 2), 7))
    agree(network, np.full((1, 1, 128, 1, 2), 127))


def residual() -> ir.Network:
    """Branches of depth 1, 2 and 3 and the input itself meet in the last block."""
    generator = rng(9)
    spikes = ir.QLif(2048, 64, "soft", ir.Membrane(6, -3, 1))

    def conv(c_out: int, c_in: int) -> ir.Conv:
        return ir.Conv(generator.integers(-1, 2, (c_out, c_in, 3, 3)), 1.58, padding=1)

    to_deep = (branch(conv(2, 2), 2, 40, source=1), branch(ir.Identity(), 2, 64, source=0))
    blocks = (
        ir.Block("stem", (branch(conv(2, 2), 2, 30),), spikes, [9, 3]),
        ir.Block("middle", (branch(conv(2, 2), 2, 40, source=0),), spikes, [25, 15]),
        ir.Block("deep", to_deep, spikes, [20, 25]),
        ir.Block(
            "sum",
            (
                branch(conv(2, 2), 2, 40, source=2),
                branch(ir.Identity(), 2, 20, source=0),
                branch(ir.Identity(), 2, 7, shift=1),
                branch(ir.SumPool(1), 2, 11, source=1),
            ),
            ir.QLif(0, 60),
            generator.integers(-9, 9, (2, 4, 5)),
        ),
    )
    return ir.Network(ir.InputSpec((2, 4, 5), 3, signed=True), blocks)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("samples", [1, 4])
def test_branches_of_unequal_depth(steps, samples):
    trace = agree(residual(), rng(10).integers(-4, 4, (steps, samples, 2, 4, 5)))
    assert all(0 < block["spikes"].mean() < 1 for block in trace.blocks)


def test_without_states_only_outputs_are_recorded():
    x = rng(11).integers(-4, 4, (2, 2, 2, 4, 5))
    found = simulate(residual(), x, states=False, deadline=DEADLINE)
    assert [set(block) for block in found.blocks] == [{"spikes"}] * 4
    np.testing.assert_array_equal(found.output, reference.run(residual(), x).output)


def test_progress_counts_up_to_all_steps():
    network = single(ir.Dense([[1]], 2), ir.InputSpec((1,)))
    seen: list[tuple[int, int]] = []
    simulate(network, np.ones((10, 7, 1), int), progress=lambda *now: seen.append(now), deadline=DEADLINE)
    assert seen == [(32, 71), (64, 71), (71, 71)]


def test_repeated_runs_do_not_grow():
    network = single(ir.Dense(np.ones((2000, 3), int), 2), ir.InputSpec((3,)))
    x = np.ones((4, 50, 3), int)  # 3.2 MB of records and as much of results each time
    mine = psutil.Process()
    simulate(network, x, deadline=DEADLINE)
    before = mine.memory_info().rss
    for _ in range(6):
        simulate(network, x, deadline=DEADLINE)
    gc.collect()
    assert mine.memory_info().rss - before < 12 * 2**20


def test_deadline():
    with pytest.raises(DeadlineError, match=r"deadline of 0\.2 s"):
        simulate(residual(), np.zeros((50, 40, 2, 4, 5), int), deadline=0.2)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 1, 2, 5, 4), int), r"input: shape: found \(2, 1, 2, 5, 4\)"),
        (np.full((2, 1, 2, 4, 5), 0.5), "input: values: found dtype float64, expected whole numbers"),
        (np.full((2, 1, 2, 4, 5), 4), r"input: values: found 4\.\.4, expected -4\.\.3"),
        (np.zeros((2, 0, 2, 4, 5), int), "input: samples: found 0, expected at least 1"),
    ],
)
def test_bad_input_is_refused_before_anything_starts(x, message):
    with pytest.raises(ir.NetworkError, match=message):
        simulate(residual(), x)

"""Operations that reports count, against an interpreter that counts its own additions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given

from lava_spquant import ir
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.reference import run
from lava_spquant.report import Activity, activity, gated, neurobench
from tests.netx.samples import gated as sample
from tests.report.counting import Counted, run_counting
from tests.strategies import Knobs, cases

PIPELINED = ir.Timing(pipelined=True)


def checked(network: ir.Network, x: IntArray, timing: ir.Timing = ir.ALIGNED) -> tuple[Activity, list[Counted]]:
    """Return what was counted by both, after comparing it and every value of the run."""
    trace, blocks = run(network, x, timing), run_counting(network, x, timing)
    found = activity(network, [(x, trace)], timing)
    for block, row, done, recorded in zip(network.blocks, found.rows, blocks, trace.blocks, strict=True):
        assert recorded.keys() == done.record.keys()
        for name, values in recorded.items():
            np.testing.assert_array_equal(values, done.record[name])
        samples, places = found.samples, done.record[block.output_name()].size
        # Quotients of the same whole numbers: equal, not close.
        assert row.synops_spikes == sum(c.additions for c in done.branches if not c.graded) / samples
        assert row.synops_graded == sum(c.additions for c in done.branches if c.graded) / samples
        assert row.synops_effective == sum(c.with_weight for c in done.branches) / samples
        assert row.open_share == (done.open / places if block.gates else None)
        assert row.synops_effective <= row.synops <= row.synops_dense
    return found, blocks


@given(case=cases())
def test_every_addition_of_any_network_is_counted_once(case: tuple[ir.Network, IntArray]) -> None:
    checked(*case)


@given(case=cases(Knobs(gates=False)))
def test_networks_without_gates_are_open(case: tuple[ir.Network, IntArray]) -> None:
    found, _ = checked(*case)
    assert all(row.open_share is None for row in found.rows)


@given(case=cases())
def test_additions_are_counted_in_lavas_time(case: tuple[ir.Network, IntArray]) -> None:
    checked(*case, PIPELINED)


def conv(rng: np.random.Generator, inputs: int, outputs: int, kernel: ir.Shape, **options: object) -> ir.Conv:
    groups = int(options.get("groups", 1))  # type: ignore[call-overload]
    return ir.Conv(rng.integers(-1, 2, (outputs, inputs // groups, *kernel)), ir.TERNARY_BITS, **options)  # type: ignore[arg-type]


def cells(shape: ir.Shape, size: int) -> tuple[ir.Shape, ir.Shape]:
    """Return kernel (which is also the stride) and padding that make one value of every `size` x `size` places."""
    return (size, size), tuple(0 if n % size == 0 else -(-(size - n % size) // 2) for n in shape[1:])


class Builder:
    """Blocks in a row, with random gains and biases."""

    def __init__(self, rng: np.random.Generator, spec: ir.InputSpec) -> None:
        self.rng, self.spec = rng, spec
        self.blocks: list[ir.Block] = []
        self.shapes: dict[int, ir.Shape] = {ir.INPUT: spec.shape}

    def add(self, neuron: ir.Neuron, *branches: tuple[int, ir.Synapse], gates: Sequence[int] = ()) -> ir.Shape:
        shape = branches[0][1].output_shape(self.shapes[branches[0][0]])
        made = tuple(ir.Branch(s, self.rng.integers(1, 60, shape[0]), 1, source) for source, s in branches)
        bias = self.rng.integers(-40, 120, shape[:1] if self.rng.random() < 0.5 else shape)
        index = len(self.blocks)
        self.blocks.append(ir.Block(f"b{index}", made, neuron, bias, gates=tuple(map(ir.Gate, gates))))
        self.shapes[index] = shape
        return shape


def network_with_gates(rng: np.random.Generator) -> ir.Network:
    """Gates of every shape (1 to 3) on a graded block (4), one of three branches (5) and a read-out (6)."""
    spec = ir.InputSpec((2, int(rng.integers(3, 7)), int(rng.integers(3, 8))), int(rng.choice([1, 3])))
    made = Builder(rng, spec)
    groups, stride, dilation = (int(rng.choice(n)) for n in ([1, 2], [1, 2, 3], [1, 2]))
    kernel = tuple(rng.integers(1, 4, 2).tolist())
    options = {"stride": (stride, 1), "padding": (dilation, 2 * dilation), "dilation": (1, dilation), "groups": groups}
    spiking = ir.QLif(2048, 64, membrane=ir.Membrane(6, -1, 1))
    shape = made.add(spiking, (ir.INPUT, conv(rng, 2, 4, kernel, **options)))
    side, padding = cells(shape, int(rng.choice([1, 2, 3])))
    made.add(spiking, (0, conv(rng, 4, 1, side, stride=side, padding=padding)))
    made.add(spiking, (ir.INPUT, ir.Dense(rng.integers(-3, 4, (4, np.prod(spec.shape))), 3)))
    made.add(ir.Threshold(64), (0, conv(rng, 4, 4, shape[1:], groups=4)))
    chosen = rng.permutation([1, 2, 3])[: rng.integers(1, 4)].tolist()
    made.add(ir.Relay(), (0, ir.SumPool((1, 1))), gates=chosen[:1])
    graded, skip = conv(rng, 4, 4, (3, 3), padding=1, groups=2), ir.Identity()
    made.add(spiking, (ir.INPUT, conv(rng, 2, 4, kernel, **options)), (4, graded), (0, skip), gates=chosen)
    head = ir.Dense(rng.integers(0, 2, (4, np.prod(shape))), ir.TERNARY_BITS)
    made.add(ir.Readout(), (5, head), gates=[int(rng.choice([2, 3]))])
    return ir.Network(spec, tuple(made.blocks))


def gated_case(seed: int, steps: int, samples: int) -> tuple[ir.Network, IntArray]:
    rng = np.random.default_rng(seed)
    network = network_with_gates(rng)
    shape = (steps, samples, *network.input.shape)
    return network, rng.integers(0, network.input.bounds[1] + 1, shape) * (rng.random(shape) < 0.6)


@pytest.mark.parametrize("timing", [ir.ALIGNED, PIPELINED], ids=["aligned", "pipelined"])
@pytest.mark.parametrize(("steps", "samples"), [(4, 3), (1, 1), (1, 4), (5, 1)])
@pytest.mark.parametrize("seed", range(6))
def test_gates_save_exactly_the_additions_that_do_not_happen(
    seed: int, steps: int, samples: int, timing: ir.Timing
) -> None:
    checked(*gated_case(10 * seed + steps + samples, steps, samples), timing)


def test_gates_of_these_networks_are_open_and_closed() -> None:
    shares: dict[str, list[float]] = {}
    for seed in range(12):
        for row in checked(*gated_case(seed, 4, 2))[0].rows:
            if row.open_share is not None:
                shares.setdefault(row.name, []).append(row.open_share)
    assert shares.keys() == {"b4", "b5", "b6"}
    for found in shares.values():
        assert sum(0 < share < 1 for share in found) > 4


@pytest.mark.parametrize("seed", range(4))
def test_batches_do_not_matter(seed: int) -> None:
    network, x = gated_case(seed, 3, 7)
    whole = activity(network, [(x, run(network, x))])
    for cuts in ([3], [1, 2, 3, 4, 5, 6], [6]):
        parts = np.split(x, cuts, axis=1)
        assert activity(network, ((part, run(network, part)) for part in parts)) == whole


def test_parts_of_a_batch_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    network, x = gated_case(5, 3, 7)
    whole = activity(network, [(x, run(network, x))])
    monkeypatch.setattr(gated, "PART_VALUES", 300)
    assert activity(network, [(x, run(network, x))]) == whole


@pytest.mark.parametrize("seed", range(6))
def test_neurobench_leaves_out_what_gates_hold_back(seed: int) -> None:
    network, x = gated_case(seed, 4, 3)
    found = neurobench(network, [(x, run(network, x))]).synaptic_operations
    weighted = dense = 0
    for row, block, done in zip(*(checked(network, x)[0].rows, network.blocks, run_counting(network, x)), strict=True):
        pairs = list(zip(block.branches, done.branches, strict=True))
        weighted += sum(c.with_weight for b, c in pairs if b.synapse.num_weights)
        dense += row.synops_dense
    assert found.effective_macs + found.effective_acs == pytest.approx(weighted / 3)
    assert found.dense < dense


def test_by_hand() -> None:
    # The gate spikes where the first input does; the second block adds 2 + 1 inputs, once with weight 0.
    gate = ir.Block("gate", (ir.Branch(ir.Dense([[1, 0], [0, 1]], 1.58), [64, 64]),), ir.Threshold(0), [0, 0])
    sums = ir.Branch(ir.Dense([[1, 0], [1, 1]], 1.58), [1, 1])
    skip = ir.Branch(ir.Identity(), [1, 1], source=0)
    network = ir.Network(
        ir.InputSpec((2,)), (gate, ir.Block("sum", (sums, skip), ir.Relay(), [5, 5], 6, (ir.Gate(0),)))
    )
    x = np.array([[[1, 0]], [[1, 1]], [[0, 1]], [[0, 0]]])
    trace = run(network, x)
    assert trace.output[:, 0].tolist() == [[7, 0], [7, 8], [0, 7], [0, 0]]
    row = activity(network, [(x, trace)]).rows[1]
    # Steps: 1 + 1 skip; 4 + 2; 1 + 1; 0. Neuron 0 has no weight for input 1, which is there at step 2.
    assert (row.synops, row.synops_effective, row.synops_dense, row.open_share) == (10, 9, 4 * (4 + 2), 4 / 8)


def test_the_sample_network_saves_operations() -> None:
    x = np.random.default_rng(2).integers(0, 2, (4, 3, 2, 3, 4))
    found, _ = checked(sample(), x)
    for row in found.rows[3:5]:
        assert 0 < row.open_share < 1
        assert 0 < row.synops < row.synops_dense

"""One Process gives the integers, the timing and the Vars of one Process per layer."""

from __future__ import annotations

import numpy as np
import pytest
from lava.magma.core.run_conditions import RunSteps
from lava.proc.monitor.process import Monitor

from lava_spquant import ir
from lava_spquant.engine import Engine, _step
from lava_spquant.ir import reference
from lava_spquant.proc import Network, guarded, run_config, simulate
from lava_spquant.proc.fused import FusedNetwork
from tests.proc.harness import DEADLINE, assert_same, stream_into
from tests.proc.writer.process import Writer
from tests.strategies import random_input, random_network

STEPS = 12


@pytest.mark.parametrize("seed", range(60))
def test_random_networks(seed):
    generator = np.random.default_rng(seed)
    network = random_network(generator)
    x = random_input(generator, network)
    found = simulate(network, x, fused=True, deadline=DEADLINE)
    assert_same(found, reference.run(network, x), tuple(block.name for block in network.blocks))


def test_without_states_only_outputs_are_recorded():
    network, x = case()
    found = simulate(network, x[:, None], fused=True, states=False, deadline=DEADLINE)
    assert [set(block) for block in found.blocks] == [{"spikes"}] * 3
    np.testing.assert_array_equal(found.output, reference.run(network, x[:, None]).output)


def case() -> tuple[ir.Network, ir.IntArray]:
    """Convolution, CUBA and dense on an image that is not square, and a stream that makes all of them spike."""
    generator = np.random.default_rng(2)
    blocks = (
        ir.Block(
            "conv",
            (ir.Branch(ir.Conv(generator.integers(-1, 2, (3, 2, 2, 3)), 1.58), [50, 30, 70]),),
            ir.QLif(2048, 64, membrane=ir.Membrane(6, -1, 1)),
            [5, 0, 40],
        ),
        ir.Block(
            "cuba",
            (ir.Branch(ir.Conv(generator.integers(-3, 6, (2, 3, 1, 2)), 4), [64] * 2, source=0),),
            ir.Cuba(2048, 300, 640),
            [64, 128],
        ),
        ir.Block(
            "dense",
            (ir.Branch(ir.Dense(generator.integers(-3, 4, (4, 12)), 3), [30] * 4, source=1),),
            ir.QLif(1000, 64, "soft"),
            [1, 30, 3, 50],
        ),
    )
    network = ir.Network(ir.InputSpec((2, 4, 5)), blocks, "case")
    return network, generator.integers(0, 2, (STEPS, 2, 4, 5))


def make(network: ir.Network, x: ir.IntArray, *, fused: bool, **options) -> Network:
    process = Network(network, fused=fused, **options)
    stream_into(process.inp, x.transpose(0, 3, 2, 1))
    return process


def expected(network: ir.Network, x: ir.IntArray, **options) -> tuple[dict[str, ir.IntArray], ...]:
    """Per block, (T, W, H, C) or (T, C) of every variable."""
    blocks = reference.run(network, x[:, None], ir.Timing(pipelined=True, **options)).blocks
    return tuple(
        {name: a[:, 0].transpose(0, *range(a.ndim - 2, 0, -1)) for name, a in block.items()} for block in blocks
    )


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "layers"])
def test_vars_are_read_after_every_run(fused):
    network, x = case()
    process, want = make(network, x, fused=fused, reset_interval=5), expected(network, x, reset_interval=5)
    with guarded(process, deadline=DEADLINE) as run:
        for steps, last in ((1, 0), (4, 4), (1, 5), (6, 11)):
            run(steps)
            for layer, block in zip(process.layers, want, strict=True):
                np.testing.assert_array_equal(layer.neuron.v.get(), block["v"][last], err_msg=layer.name)
            np.testing.assert_array_equal(process.layers[1].neuron.u.get(), want[1]["u"][last])
    assert all(block["spikes"].any() for block in want)


def test_outputs_of_inner_layers_are_vars():
    network, x = case()
    process, want = make(network, x, fused=True), expected(network, x)
    with guarded(process, deadline=DEADLINE) as run:
        for step in range(6):
            run(1)
            for layer, block in zip(process.layers, want, strict=True):
                np.testing.assert_array_equal(layer.out.get(), block["spikes"][step])


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "layers"])
@pytest.mark.parametrize("variable", ["v", "out"])
def test_monitor_of_an_inner_layer(variable, fused):
    network, x = case()
    process, monitor = make(network, x, fused=fused, reset_interval=7), Monitor()
    layer = process.layers[1]
    monitor.probe(layer.out if variable == "out" else layer.neuron.v, STEPS)
    with guarded(process, deadline=DEADLINE) as run:
        run(STEPS)
        ((found,),) = (variables.values() for variables in monitor.get_data().values())
    want = expected(network, x, reset_interval=7)[1]["spikes" if variable == "out" else "v"]
    np.testing.assert_array_equal(found, want)
    assert want.any()


def test_monitors_tell_layers_apart():
    network, x = case()
    process, monitors = make(network, x, fused=True), [Monitor() for _ in network.blocks]
    for layer, monitor in zip(process.layers, monitors, strict=True):
        monitor.probe(layer.neuron.v, STEPS)
    with guarded(process, deadline=DEADLINE) as run:
        run(STEPS)
        found = [monitor.get_data()["case"] for monitor in monitors]
    for index, (have, block) in enumerate(zip(found, expected(network, x), strict=True)):
        np.testing.assert_array_equal(have[f"v_{index}"], block["v"])


def written(*, fused: bool) -> list[np.ndarray]:
    """Initialise one state, set others between runs, write one through a RefPort, and return what they became."""
    network, x = case()
    process = make(network, x, fused=fused)
    first, second, third = (layer.neuron for layer in process.layers)
    third.v.init = np.array([7, 60, -5, 0])
    values = np.arange(np.prod(first.v.shape)).reshape(first.v.shape) * 9 - 60
    writer = Writer(values=np.arange(np.prod(second.v.shape)).reshape(second.v.shape) * 40, at=6)
    writer.var.connect_var(second.v)
    with guarded(process, deadline=DEADLINE) as run:
        run(3)
        found = [third.v.get()]
        first.v.set(values)
        second.u.set(np.full(second.u.shape, 300))
        found += [first.v.get(), second.u.get()]
        for steps in (2, 1, 4):
            run(steps)
            found += [first.v.get(), second.u.get(), second.v.get(), third.v.get()]
    np.testing.assert_array_equal(found[1], values)
    return found


def test_states_can_be_set_as_in_a_process_per_layer():
    for mine, other in zip(written(fused=True), written(fused=False), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_setting_an_output_changes_nothing():
    network, x = case()
    process = make(network, x, fused=True)
    with guarded(process, deadline=DEADLINE) as run:
        run(4)
        process.layers[0].out.set(np.ones(process.layers[0].shape))
        run(4)
        np.testing.assert_array_equal(process.out_layer.neuron.v.get(), expected(network, x)[-1]["v"][7])


def test_children_find_the_code_compiled():
    network, _ = case()
    process = FusedNetwork(network=network, timing=ir.Timing(pipelined=True))
    functions = _step.load_step, _step.advance_step
    before = [len(function.overloads) for function in functions]
    stepper = process.proc_params["stepper"]
    stepper.load(np.zeros((5, 4, 2), np.int32).T)
    stepper.advance()
    assert [len(function.overloads) for function in functions] == before == [1, 1]


@pytest.fixture(scope="module")
def engine_threads() -> None:
    """Start the engine's threads, which stay."""
    network, x = case()
    Engine(network, threads=2).run(np.repeat(x[:, None], 4, axis=1))


def test_after_threads_of_the_engine_ran_in_the_parent(engine_threads):
    network, x = case()
    found = simulate(network, x[:, None], fused=True, deadline=DEADLINE)
    np.testing.assert_array_equal(found.output, reference.run(network, x[:, None]).output)


def test_without_the_guard_it_runs_and_stops_as_any_process():
    network, x = case()
    process = make(network, x, fused=True)
    process.run(RunSteps(num_steps=STEPS), run_config("cpu"))
    found = process.out_layer.neuron.v.get()
    process.stop()
    np.testing.assert_array_equal(found, expected(network, x)[-1]["v"][-1])


def test_input_outside_its_range_is_named(leaks):
    network, x = case()
    x[3, 1, 2, 4] = 2
    process = make(network, x, fused=True)
    message = r"step 4: input: values: found 0\.\.2, expected 0\.\.1"
    with pytest.raises(ir.NetworkError, match=message), guarded(process, deadline=DEADLINE) as run:
        run(STEPS)
    assert leaks() == []


def test_read_out_and_identity_need_no_step_between():
    block = ir.Block("only", (ir.Branch(ir.Identity(), [3]),), ir.Readout(), [1])
    network = ir.Network(ir.InputSpec((1,), 4), (block,))
    found = simulate(network, np.array([[[2]], [[5]]]), fused=True, deadline=DEADLINE)
    assert found.output.ravel().tolist() == [7, 23]
    assert not Network(network, fused=True).core.proc_params["stepper"].reads_late

"""The network as a Process: ports, time, resets, and its place in a bigger graph."""

from __future__ import annotations

import gc
import logging
import weakref

import numpy as np
import pytest
from lava.proc.dense.process import Dense
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor

from lava_spquant import ir, netx
from lava_spquant.ir import reference
from lava_spquant.proc import Network, guarded
from tests.proc.harness import DEADLINE, assert_as_reference, record_network, stream_for, stream_into
from tests.strategies import Knobs, random_network

STEPS = 19

both_forms = pytest.mark.parametrize("fused", [True, False], ids=["fused", "layers"])


@both_forms
@pytest.mark.parametrize(
    "timing",
    [
        {},
        {"reset_interval": 5},
        {"reset_interval": 5, "reset_offset": 0},
        {"reset_interval": 4, "reset_offset": 6},
        {"reset_interval": 3, "reset_offset": -2},
        {"reset_interval": 1, "reset_offset": 0},
    ],
    ids=str,
)
def test_time_and_resets_are_those_of_the_reference(timing, fused):
    network = random_network(np.random.default_rng(8), Knobs(max_blocks=4, readout=False))
    assert len(network.blocks) == 4
    assert_as_reference(network, stream_for(network, 1, STEPS), fused=fused, **timing)


def small(image: bool = True) -> ir.Network:
    generator = np.random.default_rng(3)
    ternary = ir.QLif(2048, 64, membrane=ir.Membrane(6, -1, 1))
    kernel = generator.integers(-1, 2, (3, 2, 2, 3))
    first = ir.Conv(kernel, 1.58) if image else ir.Dense(generator.integers(-3, 4, (3, 6)), 3)
    blocks = [ir.Block("first", (ir.Branch(first, [50, 30, 70]),), ternary, [5, 0, 40])]
    count = 3 * 2 * 3 if image else 3
    weight = generator.integers(-3, 4, (4, count))
    blocks.append(ir.Block("second", (ir.Branch(ir.Dense(weight, 3), [20] * 4, 0, 0),), ternary, [1, 30, 3, 50]))
    return ir.Network(ir.InputSpec((2, 3, 5) if image else (6,)), tuple(blocks), "small")


@both_forms
def test_shapes_are_width_height_channel(fused):
    process = Network(small(), reset_interval=4, fused=fused)
    assert process.fused is fused
    assert process.inp.shape == (5, 3, 2)
    assert process.out.shape == (4,)
    assert [layer.shape for layer in process.layers] == [(3, 2, 3), (4,)]
    assert process.in_layer is process.layers[0]
    assert process.out_layer is process.layers[-1]
    assert len(process) == 2
    assert process.latency == 2
    assert (process.input_message_bits, process.output_message_bits) == (0, 0)
    assert (process.name, [layer.name for layer in process.layers]) == ("small", ["first", "second"])
    assert [layer.neuron.v.shape for layer in process.layers] == [(3, 2, 3), (4,)]
    assert [layer.out.shape for layer in process.layers] == [(3, 2, 3), (4,)]
    assert [(la.input_message_bits, la.output_message_bits) for la in process.layers] == [(0, 0), (0, 0)]
    assert [layer.ir for layer in process.layers] == list(process.ir.blocks)


def test_a_layer_that_is_a_process_holds_its_synapse():
    assert Network(small(), fused=False).layers[0].synapse.s_in.shape == (5, 3, 2)


def test_str_is_the_layer_table():
    assert str(Network(small())).splitlines()[1].startswith("|Conv      |    3|    2|    3|")


def test_message_bits():
    graded = ir.Network(
        ir.InputSpec((3,), 8), (ir.Block("r", (ir.Branch(ir.Identity(), [1] * 3),), ir.Readout(), [0] * 3),)
    )
    process = Network(graded)
    assert (process.input_message_bits, process.output_message_bits) == (8, 24)
    assert Network(graded, input_message_bits=0).input_message_bits == 0
    assert Network(graded, input_message_bits=4).ir.input.bits == 4


@both_forms
def test_lava_keeps_no_handler_and_no_reference(fused):
    before = list(logging.root.handlers)
    process = Network(small(), fused=fused)
    assert logging.root.handlers == before
    kept = [weakref.ref(process.layers[0]), weakref.ref(process.out_layer.neuron.v)]
    del process
    gc.collect()
    assert [reference() for reference in kept] == [None, None]


@both_forms
def test_part_of_a_network(fused):
    network = small()
    process = Network(network, skip_layers=1, fused=fused)
    assert [layer.name for layer in process.layers] == ["second"]
    assert process.inp.shape == (3, 2, 3)
    assert_as_reference(process.ir, stream_for(process.ir, 4, STEPS), fused=fused)
    assert [layer.name for layer in Network(network, num_layers=1, fused=fused).layers] == ["first"]


def test_from_a_file(tmp_path):
    netx.save(small(), tmp_path / "small.net")
    assert [layer.name for layer in Network(str(tmp_path / "small.net")).layers] == ["first", "second"]


def test_missing_file(tmp_path):
    with pytest.raises(netx.NetXError, match=r"none\.net"):
        Network(tmp_path / "none.net")


def test_bad_reset_interval():
    with pytest.raises(ir.NetworkError, match="reset_interval: found 0"):
        Network(small(), reset_interval=0)


@both_forms
def test_dropped_into_a_bigger_graph(fused):
    """Source, Dense, LIF, our network, Dense, LIF, sink and Monitor, all Lava's but the network."""
    generator = np.random.default_rng(12)
    x = generator.integers(0, 2, (STEPS, 4))
    before, after = generator.integers(-4, 9, (6, 4)) * 2, generator.integers(-4, 9, (3, 4)) * 2
    pre, post = Dense(weights=before), Dense(weights=after)
    lif, last = LIF(shape=(6,), vth=8, du=2048, dv=100), LIF(shape=(3,), vth=5, du=4095, dv=0)
    network, sink, monitor = (
        Network(small(image=False), reset_interval=6, fused=fused),
        Sink(shape=(3,), buffer=STEPS),
        Monitor(),
    )
    stream_into(pre.s_in, x)
    pre.a_out.connect(lif.a_in)
    lif.s_out.connect(network.inp)
    network.out.connect(post.s_in)
    post.a_out.connect(last.a_in)
    last.s_out.connect(sink.a_in)
    monitor.probe(network.out_layer.neuron.v, STEPS)
    with guarded(sink, deadline=DEADLINE) as run:
        run(STEPS)
        found, v = sink.data.get().T, _only(monitor.get_data())
        assert network.out_layer.neuron.v.get().tolist() == v[-1].tolist()

    spikes, _ = cuba(x, before, ir.Cuba(2049, 100, 8 << 6))
    inner = reference.run(small(image=False), spikes[:, None], ir.Timing(pipelined=True, reset_interval=6))
    expected, _ = cuba(inner.output[:, 0], after, ir.Cuba(4096, 0, 5 << 6))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(v, inner.blocks[-1]["v"][:, 0])
    assert 0 < expected.mean() < 1


def cuba(x: ir.IntArray, weight: ir.IntArray, neuron: ir.Cuba) -> tuple[ir.IntArray, ir.IntArray]:
    """Lava's Dense and LIF by way of the reference."""
    channels = len(weight)
    block = ir.Block("b", (ir.Branch(ir.Dense(weight, 9), [64] * channels),), neuron, [0] * channels)
    network = ir.Network(ir.InputSpec((weight.shape[1],)), (block,))
    trace = reference.run(network, x[:, None], ir.Timing(pipelined=True))
    return trace.output[:, 0], trace.blocks[0]["v"][:, 0]


@both_forms
def test_in_a_loop(fused):
    """What it sends comes back as its own input one step later at the earliest, so a loop needs no delay."""
    generator = np.random.default_rng(5)
    shared = ir.QLif(1024, 64)
    block = ir.Block("only", (ir.Branch(ir.Dense(generator.integers(-3, 4, (4, 4)), 3), [20] * 4),), shared, [30] * 4)
    network = ir.Network(ir.InputSpec((4,), bits=2), (block,))
    process = Network(network, fused=fused)
    x = generator.integers(0, 2, (STEPS, 4))
    stream_into(process.inp, x)
    process.out.connect(process.inp)
    (found,) = record_network(process, STEPS)
    sent = np.zeros((STEPS, 4), int)
    for t in range(STEPS):
        sent[t] = reference.run(network, (x + sent)[:, None], ir.Timing(pipelined=True)).output[t, 0]
    np.testing.assert_array_equal(found["out"], sent)
    assert 0 < sent.mean() < 1


def _only(data: dict) -> np.ndarray:
    (variables,) = data.values()
    (values,) = variables.values()
    return values

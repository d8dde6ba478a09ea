from __future__ import annotations

import re
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lava_spquant import ir, netx
from lava_spquant.ir import Timing, reference
from tests.netx.samples import image_as_bias, residual, single, stock

CUBA = ir.Cuba(1024, 128, 640)
DENSE = ir.Dense([[3, -2]], 3)


def block(network: ir.Network, index: int = 0, **changes: object) -> ir.Network:
    blocks = list(network.blocks)
    blocks[index] = replace(blocks[index], **changes)
    return replace_network(network, tuple(blocks))


def replace_network(network: ir.Network, blocks: tuple[ir.Block, ...]) -> ir.Network:
    return ir.Network(network.input, blocks, network.name)


def branch(network: ir.Network, index: int = 0, **changes: object) -> ir.Network:
    return block(network, index, branches=(replace(network.blocks[index].branches[0], **changes),))


DENSE_NET = single((2,), DENSE, CUBA)
DENSE_NET = block(DENSE_NET, bias=[0])


def gated_behind_cuba() -> ir.Network:
    first = replace(DENSE_NET.blocks[0], name="first")
    branches = (ir.Branch(ir.Identity(), [64], source=0),)
    gated_block = ir.Block("gated", branches, ir.QLif(0, 64), [0], gates=(ir.Gate(0),))
    return replace_network(DENSE_NET, (first, gated_block))


CASES = {
    "block 'only': neuron: found qlif": single((2,), DENSE),
    "block 'stem': neuron: found qlif": residual(),
    "block 'gated': gates: found 1, expected none in the stock profile": gated_behind_cuba(),
    "branches: found 2": block(DENSE_NET, branches=DENSE_NET.blocks[0].branches * 2),
    "shift: found 1": branch(DENSE_NET, shift=1),
    "gain: found [100]": branch(DENSE_NET, gain=[100]),
    "gain: found [-64]": branch(DENSE_NET, gain=[-64]),
    "vth: found 641": block(DENSE_NET, neuron=ir.Cuba(1024, 128, 641)),
    "bias: found 65..65": block(DENSE_NET, bias=[65]),
    "bias: found 2097152..2097152": block(DENSE_NET, bias=[64 * 2**15]),
    "source: found -1": branch(block(stock(), 2, branches=(ir.Branch(ir.Dense(np.ones((1, 80)), 1), [64]),)), 2),
    "synapse: found 'pool'": block(single((1, 2, 2), ir.SumPool(2), CUBA), bias=[0]),
    "all weights are 0": branch(DENSE_NET, synapse=ir.Dense([[0, 0]], 2)),
    "found 600 at (0, 0), which Lava would turn into 254": branch(DENSE_NET, synapse=ir.Dense([[600, -1]], 16)),
    "found 300 at (0, 0), which Lava would turn into 0": branch(DENSE_NET, synapse=ir.Dense([[300, 1]], 16)),
    "found -255 at (0, 0), which Lava would turn into 0": branch(DENSE_NET, synapse=ir.Dense([[-255, 0]], 16)),
    "Lava rounds their sums": branch(DENSE_NET, synapse=ir.Dense([[-1, 0]], 1.58)),
    "conv: found 128": block(single((1, 130, 1), ir.Conv([[[[1]]]], 1, stride=128), CUBA), bias=[0]),
    "weight: found 65534 after folding": branch(
        block(single((1, 1, 1), ir.Conv([[[[2**15 - 1]]]], 16), CUBA), bias=[0]), gain=[128]
    ),
    "current_decay: found 4095": block(image_as_bias(), neuron=ir.Cuba(4095, 0, 64)),
    "bias: found other values": block(image_as_bias(), bias=[0, 64]),
    "input: found 0..65535": ir.Network(ir.InputSpec((2, 1, 3), 16), image_as_bias().blocks),
    "synapse: found 'identity'": block(
        stock(), 2, branches=(ir.Branch(ir.Identity(), [64] * 3, source=1),), bias=[0, 0, 0]
    ),
}


@pytest.mark.parametrize("message", CASES)
def test_what_lava_would_change_is_refused(message: str, tmp_path: Path) -> None:
    with pytest.raises(netx.NetXError, match=re.escape(message)) as caught:
        netx.save(CASES[message], tmp_path / "a.net", profile="stock")
    assert "a.net: block '" in str(caught.value)
    assert not list(tmp_path.iterdir())
    netx.save(CASES[message], tmp_path / "a.net")
    assert netx.info(tmp_path / "a.net").profile == "spquant"


def graded(network: ir.Network, bits: int) -> ir.Network:
    return replace(network, input=replace(network.input, bits=bits))


def lava_network(path: Path, **options: int):  # type: ignore[no-untyped-def]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lava.lib.dl.netx import hdf5

        return hdf5.Network(str(path), **options)


@pytest.mark.parametrize("make", [stock, image_as_bias])
def test_lava_dl_builds_its_processes_from_a_stock_file(make, tmp_path: Path) -> None:
    network = make()
    netx.save(network, tmp_path / "a.net", profile="stock")
    layers = lava_network(tmp_path / "a.net").layers
    assert [layer.shape[::-1] for layer in layers] == list(network.shapes)
    for mine, layer in zip(network.blocks, layers, strict=True):
        assert int(layer.neuron.du.init) == mine.neuron.current_decay - 1
        assert int(layer.neuron.dv.init) == mine.neuron.voltage_decay
        assert 64 * int(layer.neuron.vth.init) == mine.neuron.vth


# The file cannot say it: lava-dl has to be told of an input that is graded.
@pytest.mark.parametrize(
    ("network", "options"),
    [
        (stock(), {}),
        (graded(stock(), 4), {"input_message_bits": 4}),
        (graded(DENSE_NET, 4), {"input_message_bits": 4}),
    ],
    ids=["spikes", "graded into conv", "graded into dense"],
)
def test_lava_dl_runs_a_stock_file_as_the_reference_does(network, options, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lava.magma.core.run_conditions import RunSteps
        from lava.magma.core.run_configs import Loihi2SimCfg
        from lava.proc import io

    steps = 12
    netx.save(network, tmp_path / "a.net", profile="stock")
    x = np.random.default_rng(2).integers(0, 2**network.input.bits, (steps, 1, *network.input.shape))
    expected = reference.run(network, x, Timing(pipelined=True)).output[:, 0].T
    process = lava_network(tmp_path / "a.net", **options)
    # Lava lays images out (W, H, C, T).
    source = io.source.RingBuffer(data=x[:, 0].T)
    sink = io.sink.RingBuffer(shape=process.out.shape, buffer=steps)
    source.s_out.connect(process.inp)
    process.out.connect(sink.a_in)
    try:
        process.run(condition=RunSteps(steps), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
        found = sink.data.get()
    finally:
        process.stop()
    assert np.array_equal(found, expected)
    assert 0 < expected.sum() < expected.size

"""Integer networks through NIR and back: equal, and checked; and what other readers make of the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant import nir as exchange
from lava_spquant.ir import reference
from lava_spquant.nir import ImportConfig, NirError
from lava_spquant.nir.metadata import METADATA
from tests.nir.graphs import from_nodes, lif
from tests.nir.simulation import simulate
from tests.paths import ROOT
from tests.strategies import Knobs, cases, inputs_for, networks

DRIFT = (1e-3, 5e-3, 2e-2)
"""Share of spikes that may differ, by depth, where rounding differs and every image is noise."""

DIGITS = ROOT / "netx_models" / "digits.net"


def exported(network: ir.Network, dt: float = 1e-3) -> nir.NIRGraph:
    """A graph; a network that NIR cannot express is not a case, and says so."""
    try:
        return exchange.from_network(network, dt)
    except NirError as error:
        assume(not any(text in str(error) for text in ("bias: found not 0", "_decay: found 0, expected more than 0")))
        raise


def assert_equal(found: Any, wanted: Any) -> None:
    """Equal dataclasses, arrays and dtypes included."""
    assert type(found) is type(wanted)
    if isinstance(wanted, np.ndarray):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)
    elif isinstance(wanted, tuple):
        assert len(found) == len(wanted)
        for a, b in zip(found, wanted, strict=True):
            assert_equal(a, b)
    elif hasattr(wanted, "__dataclass_fields__"):
        for name in wanted.__dataclass_fields__:
            assert_equal(getattr(found, name), getattr(wanted, name))
    else:
        assert found == wanted


SPIKING = Knobs(neurons=("qlif", "cuba", "relay"), gates=False)
"""NIR has no nodes for single-step neurons, and no gates."""


@settings(max_examples=150)
@given(networks(SPIKING), st.sampled_from([1e-3, 1.0, 0.7]))
def test_a_network_comes_back_equal(network: ir.Network, dt: float) -> None:
    assert_equal(exchange.to_network(exported(network, dt)), network)


@settings(max_examples=40)
@given(case=cases(SPIKING))
def test_a_file_gives_the_same_spikes(tmp_path_factory: pytest.TempPathFactory, case: Any) -> None:
    network, x = case
    exported(network)
    path = tmp_path_factory.mktemp("nir") / "a.nir"
    exchange.save(network, path)
    assert_equal(exchange.load(path), network)
    np.testing.assert_array_equal(reference.run(exchange.load(path), x).output, reference.run(network, x).output)
    assert [p.name for p in path.parent.iterdir()] == ["a.nir"]


WHOLE = Knobs(neurons=("qlif", "relay"), gains=("unit",), inputs=("spikes", "graded"), gates=False)


@settings(max_examples=60)
@given(data=st.data())
def test_a_reader_of_nir_gets_the_same_function(data: st.DataObject) -> None:
    """Where nothing is rounded, steps of NIR's equations give the same values; the reader knows no metadata."""
    drawn = data.draw(networks(WHOLE))
    network = ir.Network(drawn.input, tuple(_plain(block, whole=True) for block in drawn.blocks), drawn.name)
    x = data.draw(inputs_for(network, steps=(1, 4)))
    out = simulate(exported(network), x, 1e-3)["output"]
    last = network.blocks[-1]
    unit = 2.0**-last.frac_bits if isinstance(last.neuron, ir.Readout) else 1.0
    np.testing.assert_allclose(out, reference.run(network, x).output * unit, rtol=0, atol=1e-6)


def _plain(block: ir.Block, whole: bool = False) -> ir.Block:
    """Without what NIR has no word for; where `whole`, without leaks that would have to be rounded."""
    neuron, bias = block.neuron, block.bias
    if isinstance(neuron, ir.QLif):
        neuron = ir.QLif(neuron.decay // 4096 * 4096 if whole else neuron.decay, neuron.vth)
    if whole and bias.ndim > 1:
        bias = bias.reshape(len(bias), -1)[:, 0]
    return ir.Block(block.name, block.branches, neuron, bias, block.frac_bits)


def test_the_trained_digits_network_as_others_read_it(tmp_path: Path) -> None:
    """The published digits network without its membrane quantiser, from the file, by NIR's own reader."""
    from lava_spquant import netx

    network = netx.load(DIGITS)
    plain = ir.Network(network.input, tuple(_plain(b) for b in network.blocks), network.name)
    exchange.save(plain, tmp_path / "digits.nir", dt=1e-4)
    graph = nir.read(tmp_path / "digits.nir")  # with its check of types
    x = np.repeat(np.random.default_rng(0).integers(0, 256, (1, 5, *network.input.shape)), 4, axis=0)
    found, expected = simulate(graph, x, 1e-4), reference.run(plain, x)
    assert [block.name for block in plain.blocks] == ["conv0", "conv1", "conv2", "readout4"]
    # Currents are rounded to 1/4096 of a threshold; what that changes grows with depth.
    for index, limit in enumerate(DRIFT):
        name = f"{index}_{plain.blocks[index].name}"
        assert (found[name] != expected.blocks[index]["spikes"]).mean() < limit
    scores = expected.output * 2.0 ** -plain.blocks[-1].frac_bits
    assert np.array_equal(found["output"][-1].argmax(-1), scores[-1].argmax(-1))


def test_the_graph_imports_as_a_trainable_network_that_computes_the_same() -> None:
    from lava_spquant import netx

    network = netx.load(DIGITS)
    graph = exchange.from_network(network, 1e-4)
    config = ImportConfig(dt=1e-4, input_bits=8, input_scale=1.0, membrane="ternary")
    model = exchange.to_model(graph, config)
    x = np.repeat(np.random.default_rng(1).integers(0, 256, (1, 5, *network.input.shape)), 4, axis=0)
    found, expected = reference.run(model.to_ir(), x), reference.run(network, x)
    assert [b["spikes"].shape for b in found.blocks[:-1]] == [b["spikes"].shape for b in expected.blocks[:-1]]
    for have, want, limit in zip(found.blocks[:-1], expected.blocks[:-1], DRIFT, strict=True):
        assert (have["spikes"] != want["spikes"]).mean() < limit


def one_block(neuron: ir.Neuron, synapse: ir.Synapse, bias: Any, shape: ir.Shape = (2, 3, 2)) -> ir.Network:
    channels = synapse.output_shape(shape)[0]
    branch = ir.Branch(synapse, ir.constant_gain(64 if isinstance(neuron, ir.Cuba) else 3, channels))
    return ir.Network(ir.InputSpec(shape), (ir.Block("only / one", (branch,), neuron, bias),))


@pytest.mark.parametrize(
    ("neuron", "synapse", "bias"),
    [
        (ir.QLif(0, 64), ir.Identity(), [5, 0]),
        (ir.QLif(0, 64, "soft"), ir.SumPool((2, 1)), [5, -3]),
        (ir.QLif(1024, 64, membrane=ir.Membrane(6, -3, 1)), ir.SumPool(2), [5, -3]),
        (ir.QLif(1024, 64), ir.Identity(), np.arange(12).reshape(2, 3, 2)),
        (ir.Readout(), ir.Identity(), [7, -7]),
        (ir.Relay(), ir.SumPool((3, 2)), [1, 2]),
        (ir.Cuba(1024, 128, 640), ir.Conv(np.ones((3, 1, 2, 1)), 1, groups=1), [64, 0, -64]),
    ],
)
def test_biases_find_a_place(neuron: ir.Neuron, synapse: ir.Synapse, bias: Any) -> None:
    if isinstance(synapse, ir.Conv):
        synapse = ir.Conv(np.ones((3, 2, 2, 1)), 1)
    network = one_block(neuron, synapse, bias)
    graph = exchange.from_network(network)
    assert_equal(exchange.to_network(graph), network)
    x = np.zeros((1, 1, 2, 3, 2), int)
    x[0, 0, 1, 2, 0] = 1
    found, trace = simulate(graph, x, 1e-3), reference.run(network, x)
    spiking = not isinstance(neuron, (ir.Readout, ir.Relay))
    scale = 1.0 if spiking or isinstance(neuron, ir.Relay) else 2.0**-6
    np.testing.assert_allclose(found["output"], trace.output * scale, atol=1e-9)


@pytest.mark.parametrize(
    ("neuron", "synapse", "bias", "message"),
    [
        (ir.QLif(0, 64), ir.Identity(), np.ones((2, 3, 2), int), "block 'only / one': bias: found not 0"),
        (ir.Cuba(0, 128, 64), ir.Identity(), [0, 0], "current_decay: found 0, expected more than 0"),
        (ir.Cuba(128, 0, 64), ir.Identity(), [0, 0], "voltage_decay: found 0, expected more than 0"),
    ],
)
def test_what_nir_cannot_express_is_refused(neuron: ir.Neuron, synapse: ir.Synapse, bias: Any, message: str) -> None:
    with pytest.raises(NirError, match=message):
        exchange.from_network(one_block(neuron, synapse, bias))


def test_gates_are_refused_by_block(tmp_path: Path) -> None:
    dense = ir.Branch(ir.Dense(np.ones((2, 12)), 1), [9, 9])
    first = ir.Block("first", (dense,), ir.QLif(2048, 64), [1, 2])
    gated = ir.Block("second", (dense,), ir.QLif(2048, 64), [1, 2], gates=(ir.Gate(0),))
    network = ir.Network(ir.InputSpec((2, 3, 2)), (first, gated))
    with pytest.raises(NirError, match="block 'second': gates: found 1, expected none: NIR has no word for them"):
        exchange.save(network, tmp_path / "a.nir")
    assert not list(tmp_path.iterdir())


def small() -> ir.Network:
    return one_block(ir.QLif(2048, 64, membrane=ir.Membrane(6, -1, 1)), ir.Dense(np.ones((2, 12)), 1.58), [1, 2])


def test_integers_that_the_graph_has_left_behind_are_refused() -> None:
    trained = exchange.from_network(small())
    weights = next(node for node in trained.nodes.values() if isinstance(node, nir.Affine))
    weights.weight = weights.weight * 1.01
    with pytest.raises(NirError, match=r"node '0_only___one.0.weights': found other values, .*to_model"):
        exchange.to_network(trained)
    rewired = exchange.from_network(small())
    rewired.edges.pop()
    with pytest.raises(NirError, match="nodes and edges: found others"):
        exchange.to_network(rewired)
    with pytest.raises(NirError, match="metadata: found no integers"):
        exchange.to_network(from_nodes((2,), lif(2)))
    assert not exchange.has_integers(from_nodes((2,), lif(2)))


def changed(key: str, value: Any) -> dict[str, Any]:
    """Metadata with one JSON field, by its dotted path, replaced."""
    values = dict(exchange.from_network(small()).metadata[METADATA])
    plain = json.loads(values["description"])
    *path, last = key.split(".")
    inner = plain
    for name in path:
        inner = inner[int(name)] if name.isdigit() else inner[name]
    inner[last] = value
    return {**values, "description": json.dumps(plain)}


@pytest.mark.parametrize(
    "values",
    [
        "text",
        {},
        {"description": "{"},
        {"description": "[1]"},
        {"description": "[" * 100_000},
        changed("format_version", 2),
        changed("name", 3),
        changed("dt", "soon"),
        changed("dt", -1),
        changed("input.bits", True),
        changed("input.shape", [2**40, 2**40, 1]),
        changed("blocks", 5),
        changed("blocks.0.frac_bits", 6.5),
        changed("blocks.0.name", ""),
        changed("blocks.0.neuron.kind", "brain"),
        changed("blocks.0.neuron.decay", 1e9),
        changed("blocks.0.neuron.unknown", 1),
        changed("blocks.0.neuron.membrane.q_min", 4),
        changed("blocks.0.branches", []),
        changed("blocks.0.branches.0.source", 7),
        changed("blocks.0.branches.0.synapse.weight_bits", 99),
        changed("blocks.0.branches.0.synapse.kind", "conv"),
        changed("blocks.0.branches.0.output", "levels"),
    ],
)
def test_metadata_are_untrusted(values: Any) -> None:
    graph = exchange.from_network(small())
    graph.metadata[METADATA] = values
    with pytest.raises(NirError, match="graph: |found|expected"):
        exchange.to_network(graph)

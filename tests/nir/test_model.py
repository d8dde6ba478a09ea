"""Imported networks against NIR's equations, stepped by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nir
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lava_spquant.ir import reference
from lava_spquant.nir import ImportConfig, NirError, read, to_model
from lava_spquant.slayer import SpikingNetwork
from tests.nir.graphs import cuba_lif, from_nodes, if_, lif, spikes
from tests.nir.simulation import simulate
from tests.paths import SHARED, missing

NIR = SHARED / "reference" / "nir"


def needs(name: str) -> Path:
    path = NIR / name
    if not path.is_file():
        pytest.skip(missing(path))
    return path


def in_float(model: SpikingNetwork, x: NDArray[Any]) -> NDArray[np.float64]:
    """What the network computes in training, in float64, (T, N, ...)."""
    with torch.no_grad():
        out = model.double().train()(torch.from_numpy(x.astype(float)).movedim(0, -1))
    return out.movedim(-1, 0).numpy()


def in_integers(model: SpikingNetwork, x: NDArray[Any]) -> NDArray[np.int32]:
    return reference.run(model.to_ir(), x).output


@pytest.mark.parametrize("name", ["lif_norse.nir", "lif_rockpool.nir"])
def test_published_neurons_spike_as_their_equation_says(name: str) -> None:
    graph = read(needs(name))
    model = to_model(graph, ImportConfig(dt=1e-4))
    x = spikes(1, 500, 3, 1, rate=0.9)
    got = in_float(model, x)
    rounded = simulate(graph, x, 1e-4, bits=12)["output"]
    assert 5 < got.sum() < 900
    np.testing.assert_array_equal(got, rounded)
    np.testing.assert_array_equal(in_integers(model, x), rounded)
    # The leak of 0.04 is 164 / 4096: without that rounding, spikes come as often.
    assert abs(simulate(graph, x, 1e-4)["output"].sum() - got.sum()) <= 3


def test_a_leak_towards_another_potential_drives_neurons_without_input() -> None:
    graph = read(needs("two_lif_neurons.nir"))
    model = to_model(graph, ImportConfig(dt=1e-3))
    x = spikes(2, 60, 2, 1)
    first = simulate(graph, x, 1e-3, bits=12)["lif1"]
    assert first.sum() > 4
    network = model.to_ir()
    np.testing.assert_array_equal(reference.run(network, x).blocks[0]["spikes"], first)


@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_the_published_cnn_gives_the_spikes_of_its_equations(reset: str) -> None:
    graph = read(needs("cnn_sinabs.nir"))
    model = to_model(graph, ImportConfig(dt=1.0, reset=reset, frac_bits=16))
    x = spikes(3, 25, 2, 2, 34, 34, rate=0.02)
    expected = simulate(graph, x, 1.0, soft=reset == "soft")
    assert [block.kind for block in model.blocks] == [
        *("conv", "conv", "pool"),
        "conv",
        "pool",
        "flatten",
        "dense",
        "dense",
    ]
    assert expected["output"].sum() > 10
    np.testing.assert_array_equal(in_float(model, x), expected["output"])
    trace = reference.run(model.to_ir(), x)
    for block, name in zip((0, 1, 3, 5), ("1", "3", "6", "10"), strict=True):
        # Weights of 16 bits: a spike comes a step early or late where a potential ends beside the threshold.
        found = trace.blocks[block]["spikes"]
        assert (found != expected[name].reshape(found.shape)).mean() < 0.01
    assert abs(trace.output.sum() - expected["output"].sum()) < 0.03 * expected["output"].sum()


def test_the_published_recurrent_network_is_refused_by_name() -> None:
    path = needs("braille_noDelay_noBias_subtract.nir")
    with pytest.raises(NirError, match=r"node 'lif1.lif': .*recurrent connection lif1.lif -> lif1.w_rec -> lif1.lif"):
        to_model(path, ImportConfig(dt=1e-4))


@pytest.mark.parametrize("rule", ["euler", "exponential"])
@pytest.mark.parametrize("make", [lif, if_, cuba_lif])
def test_neurons_follow_their_equation(make: Any, rule: str) -> None:
    rng = np.random.default_rng(4)
    first, second = nir.Linear(rng.normal(0.3, 1, (7, 5)) * 9), nir.Linear(rng.normal(0.3, 1, (3, 7)) * 9)
    graph = from_nodes((5,), first, make(7), second, make(3))
    x = spikes(5, 40, 4, 5)
    config = ImportConfig(dt=1e-3 if make is not if_ else 0.05, rule=rule)
    expected = simulate(graph, x, config.dt, rule, bits=12)
    got = in_float(to_model(graph, config), x)
    assert 0.02 < expected["output"].mean() < 0.98
    # SLAYER's CUBA neuron computes in float32.
    assert (got != expected["output"]).mean() < (2e-3 if make is cuba_lif else 1e-12)


def test_asymmetric_kernels_strides_groups_and_padding() -> None:
    rng = np.random.default_rng(6)
    conv = nir.Conv2d(
        None,
        rng.normal(0.2, 1, (4, 2, 3, 2)),
        np.array([1, 2]),
        np.array([0, 1]),
        np.array([2, 1]),
        2,
        rng.normal(size=4),
    )
    pool = nir.AvgPool2d(np.array([1, 2]), np.array([1, 2]), np.array([0, 0]))
    same = nir.Conv2d(None, rng.normal(0.2, 1, (3, 4, 1, 3)), 1, "same", 1, 1, np.zeros(3))
    graph = from_nodes((4, 7, 9), conv, lif((4, 3, 5)), pool, same, lif((3, 3, 2), threshold=0.05))
    x = spikes(7, 12, 3, 4, 7, 9)
    expected = {**graph.nodes}
    expected["node3"] = nir.Conv2d(
        None, same.weight, np.array([1, 1]), np.array([0, 1]), np.array([1, 1]), 1, same.bias
    )
    plain = nir.NIRGraph(nodes=expected, edges=graph.edges, type_check=False)
    out = simulate(plain, x, 5e-3, bits=12)["output"]
    got = in_float(to_model(graph, ImportConfig(dt=5e-3)), x)
    assert 0.02 < out.mean() < 0.98
    assert (got != out).mean() < 1e-3  # weights are float32


@pytest.mark.parametrize("pool", [nir.SumPool2d, nir.AvgPool2d])
def test_pools_scales_and_neurons_without_weights(pool: Any) -> None:
    two = np.array([2, 2])
    end = nir.Linear(np.random.default_rng(8).normal(0.2, 1, (3, 4)))
    nodes = [
        if_((1, 4, 4), 0.3),  # straight behind the input
        pool(two, two, 0 * two),
        if_((1, 2, 2), 0.7),  # behind a pool
        nir.Scale(np.full((1, 2, 2), 1.5)),
        if_((1, 2, 2), 0.8),  # behind neurons
        nir.Flatten(input_type={"input": np.array([1, 2, 2])}, start_dim=0),
        if_((4,), 0.9),
        end,
        nir.Scale(np.array([1.0, -2.0, 0.5])),
        nir.Threshold(np.array([0.1, 0.2, 0.3])),
    ]
    graph = from_nodes((1, 4, 4), *nodes)
    x = spikes(9, 30, 2, 1, 4, 4)
    expected = simulate(graph, x, 1.0)["output"]
    assert 0.02 < expected.mean() < 0.98
    np.testing.assert_array_equal(in_float(to_model(graph, ImportConfig(dt=1.0)), x), expected)


@pytest.mark.parametrize("pool", [nir.SumPool2d, nir.AvgPool2d])
def test_currents_that_are_pooled_before_the_neurons(pool: Any) -> None:
    rng = np.random.default_rng(11)
    window = np.array([1, 2])
    conv = nir.Conv2d(None, rng.normal(0.2, 1, (4, 1, 3, 2)), 1, np.array([1, 0]), 1, 2, rng.normal(size=4))
    graph = from_nodes((2, 5, 7), conv, pool(window, window, 0 * window), lif((4, 5, 3), threshold=0.4, v_leak=0.1))
    plain = nir.Conv2d(None, conv.weight, np.array([1, 1]), conv.padding, np.array([1, 1]), 2, conv.bias)
    stepped = nir.NIRGraph({**graph.nodes, "node0": plain}, graph.edges, type_check=False)
    x = spikes(12, 15, 3, 2, 5, 7)
    expected = simulate(stepped, x, 5e-3, bits=12)["output"]
    model = to_model(graph, ImportConfig(dt=5e-3))
    assert [block.kind for block in model.blocks] == ["pooled"]
    assert 0.02 < expected.mean() < 0.98
    assert (in_float(model, x) != expected).mean() < 1e-3  # weights are float32
    assert (in_integers(model, x) != expected).mean() < 5e-3


def test_graded_input_and_an_integrator_behind_the_last_weights() -> None:
    rng = np.random.default_rng(10)
    weight, bias = rng.normal(size=(3, 6)), rng.normal(size=3)
    graph = from_nodes((6,), nir.Affine(weight, bias), nir.I(np.full(3, 2.0)))
    x = rng.integers(0, 16, (5, 2, 6))
    model = to_model(graph, ImportConfig(dt=0.5, input_bits=4, input_scale=0.25))
    expected = simulate(graph, x * 0.25, 0.5)["output"]
    np.testing.assert_allclose(in_float(model, x), expected, rtol=1e-5, atol=1e-5)
    bare = to_model(from_nodes((6,), nir.Affine(weight, bias)), ImportConfig(dt=0.5, input_bits=4))
    steps = np.diff(in_float(bare, x), axis=0, prepend=0)  # the read-out sums the output of each step
    np.testing.assert_allclose(steps, x / 15 @ weight.T + bias, rtol=1e-5, atol=1e-5)


def test_chosen_quantisers_are_those_of_every_block() -> None:
    graph = from_nodes((5,), nir.Linear(np.eye(5)), lif(5), nir.Linear(np.eye(5)), nir.I(np.ones(5)))
    model = to_model(graph, ImportConfig(dt=1e-3, weight="int4", membrane="five-level"))
    network = model.to_ir()
    assert [block.branches[0].synapse.weight_bits for block in network.blocks] == [4, 4]
    assert network.blocks[0].neuron.membrane.q_min == -3


def test_random_numbers_of_the_caller_are_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    to_model(from_nodes((2,), nir.Linear(np.eye(2)), lif(2)), ImportConfig(dt=1e-3))
    assert torch.equal(torch.rand(1), expected)


def two(low: float, high: float) -> NDArray[np.float64]:
    return np.array([low, high])


W = nir.Linear(np.eye(2))
LIF = lif(2)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (
            [W, nir.LIF(two(0.1, 0.2), two(1, 1), two(0, 0), two(1, 1))],
            "node 'node1': tau: found 0.1..0.2, expected one",
        ),
        ([W, nir.LIF(two(1, 1), two(1, 1), two(0, 0), two(1, 1), two(0.5, 0))], "v_reset: found 0.5, expected 0"),
        ([W, lif(2, tau=1e-4)], "time constant: found 0.0001, expected at least dt = 0.001"),
        ([W, lif(2, threshold=0)], "v_threshold: found 0.0, expected positive"),
        ([W, lif(3)], r"found \(3,\), expected \(2,\)"),
        ([W, W], "node 'node1': input: found weights"),
        ([W, nir.LI(two(1, 1), two(1, 1), two(0, 0))], r"found a leaky integrator \(LI\)"),
        ([W, nir.I(two(1, 1)), W], "found Linear behind a read-out"),
        ([W, LIF, nir.Delay(two(1, 1))], "type: found Delay, expected one of"),
        ([nir.Conv1d(8, np.ones((2, 2, 3)), 1, 0, 1, 1, two(0, 0))], "type: found Conv1d"),
        ([nir.Affine(np.eye(2), two(0, 1)), cuba_lif(2)], "bias into CubaLIF: found not 0"),
        ([nir.Linear(np.eye(3)), LIF], r"input shape: found \(2,\), expected \(3,\)"),
        ([LIF, nir.Scale(two(1, 2)), LIF], "scale: found several values"),
        ([nir.Threshold(two(1, 2))], "r / v_threshold: found several"),
        ([], "found no weights and no neurons"),
    ],
)
def test_what_has_no_counterpart_is_refused_by_name(nodes: list[nir.NIRNode], message: str) -> None:
    with pytest.raises(NirError, match=message):
        to_model(from_nodes((2,), *nodes), ImportConfig(dt=1e-3))


def test_pools_of_currents_that_have_no_counterpart_are_refused() -> None:
    conv, two, one = (
        nir.Conv2d(None, np.ones((1, 1, 1, 1)), 1, 0, 1, 1, np.zeros(1)),
        np.array([2, 2]),
        np.array([1, 1]),
    )
    cases = {
        "windows side by side": [conv, nir.SumPool2d(two, one, 0 * two), if_((1, 3, 3))],
        "found a pool, expected weights before": [conv, nir.SumPool2d(two, two, 0 * two), cuba_lif((1, 2, 2))],
        "expected neurons behind weights": [conv, nir.SumPool2d(two, two, 0 * two), nir.SumPool2d(two, two, 0 * two)],
    }
    for message, nodes in cases.items():
        with pytest.raises(NirError, match=message):
            to_model(from_nodes((1, 4, 4), *nodes), ImportConfig(dt=1e-3))


def test_graphs_that_are_no_chain_are_refused() -> None:
    nodes = dict(from_nodes((2,), W, LIF, nir.Linear(np.eye(2)), lif(2)).nodes)
    chain = [("input", "node0"), ("node0", "node1"), ("node1", "node2"), ("node2", "node3"), ("node3", "output")]
    cases = {
        "node 'node0': edges out of it: found 2": [*chain, ("node0", "node3")],
        "nodes: found .*'node3'.* that the input does not reach": chain[:3],
        "node 'node1': edges: found the recurrent connection node1 -> node1": [*chain, ("node1", "node1")],
    }
    for message, edges in cases.items():
        with pytest.raises(NirError, match=message):
            to_model(nir.NIRGraph(nodes=nodes, edges=edges, type_check=False), ImportConfig(dt=1e-3))
    nested = {**nodes, "node1": from_nodes((2,), LIF)}
    with pytest.raises(NirError, match="node 'node1': type: found a graph in the graph"):
        to_model(nir.NIRGraph(nodes=nested, edges=chain, type_check=False), ImportConfig(dt=1e-3))


@pytest.mark.parametrize(
    "options", [{"dt": 0}, {"dt": 1, "rule": "rk4"}, {"dt": 1, "reset": "none"}, {"dt": 1, "input_scale": 0}]
)
def test_configurations_check_themselves(options: dict[str, Any]) -> None:
    with pytest.raises(NirError, match="found"):
        ImportConfig(**options)

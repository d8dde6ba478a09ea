"""NeuroBench's metrics by hand, and against its own harness on a torch network that computes the same."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.report import TraceError, neurobench

BINARY = 8
"""Fractional bits: so many halvings of a potential are exact."""


def network(rng: np.random.Generator, graded: bool = False) -> ir.Network:
    """conv, sum-pool, dense, with zeros among the weights."""

    def weights(*shape: int) -> ir.IntArray:
        return (rng.integers(-3, 6, shape) * (rng.random(shape) < 0.7)).astype(np.int16)

    def block(name: str, synapse: ir.Synapse, channels: int, source: int, vth: int) -> ir.Block:
        branch = ir.Branch(synapse, ir.constant_gain(1 << BINARY, channels), 0, source)
        return ir.Block(name, (branch,), ir.QLif(2048, vth << BINARY), np.zeros(channels, int), BINARY)

    conv = ir.Conv(weights(4, 2, 3, 2), 4, stride=(1, 2), padding=(1, 0))
    pool = ir.Branch(ir.SumPool((2, 1)), ir.constant_gain(1, 4), 0, 0)
    blocks = (
        block("conv", conv, 4, ir.INPUT, 20 if graded else 6),
        ir.Block("pool", (pool,), ir.Relay(), np.zeros(4, int), 0),
        block("dense", ir.Dense(weights(5, 4 * 3 * 2), 4), 5, 1, 9),
        block("last", ir.Dense(weights(3, 5), 4), 3, 2, 4),
    )
    return ir.Network(ir.InputSpec((2, 6, 5), 3 if graded else 1), blocks)


def batches(rng: np.random.Generator, graded: bool) -> list[ir.IntArray]:
    high = 8 if graded else 2
    return [rng.integers(0, high, (6, n, 2, 6, 5)) * (rng.random((6, n, 2, 6, 5)) < 0.4) for n in (3, 1, 4)]


def test_by_hand() -> None:
    synapse = ir.Dense([[1, 0, -1], [0, 0, 1]], 1.58)
    first = ir.Block("first", (ir.Branch(synapse, [64, 64]),), ir.QLif(4096, 32), [0, 0])
    last = ir.Block("last", (ir.Branch(ir.Dense([[2, -1]], 3), [64], source=0),), ir.Readout(), [5])
    net = ir.Network(ir.InputSpec((3,), 2), (first, last))
    x = np.array([[[1, 0, 0]], [[0, 3, 1]]])  # T = 2, one sample
    found = neurobench(net, [(x, reference.run(net, x))])
    # Weights: 6 of 2 bits and 2 of 3; gains 3 of 16; biases 3 of 32.
    assert found.footprint == (6 * 2 + 2 * 3 + 3 * 16 + 3 * 32) / 8
    assert found.parameter_count == 8 + 3 + 3
    assert found.state_bytes == 3 * 24 / 8
    assert found.connection_sparsity == 3 / 8
    # Step 1: input 0 adds one weight. Step 2 holds a 3: input 1 has no weights, input 2 has two.
    # Spikes: neuron 0 at step 1, neuron 1 at step 2; each adds one weight of the read-out.
    assert found.activation_sparsity == 1 - 2 / 4
    operations = found.synaptic_operations
    assert (operations.effective_acs, operations.effective_macs, operations.dense) == (1 + 2, 2, 2 * (6 + 2))


@pytest.mark.parametrize("graded", [False, True])
def test_its_own_harness_counts_the_same(graded: bool) -> None:
    for module in ("neurobench", "snntorch"):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed: the extra 'neurobench' brings it")
    rng = np.random.default_rng(1)
    net = network(rng, graded)
    data = batches(rng, graded)
    runs = [(x, reference.run(net, x)) for x in data]
    found = neurobench(net, runs)
    assert 0.2 < found.activation_sparsity < 0.98
    assert found.synaptic_operations.effective_macs > 0
    theirs = harness(net, data, [trace.output for _, trace in runs])
    assert theirs["synaptic_operations"] == {
        "Effective_MACs": pytest.approx(found.synaptic_operations.effective_macs),
        "Effective_ACs": pytest.approx(found.synaptic_operations.effective_acs),
        "Dense": pytest.approx(found.synaptic_operations.dense),
    }
    assert theirs["activation_sparsity"] == pytest.approx(found.activation_sparsity)
    assert theirs["connection_sparsity"] == round(found.connection_sparsity, 4)
    # A byte holds each weight of 4 bits in torch.
    weights = sum(b.synapse.num_weights for block in net.blocks for b in block.branches)
    assert theirs["footprint"] == found.footprint + weights / 2
    assert theirs["parameter_count"] == found.parameter_count


def harness(net: ir.Network, data: list[ir.IntArray], spikes: list[ir.IntArray]) -> dict[str, Any]:
    """What NeuroBench says of a network of torch and snnTorch layers with the same weights."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that it imports
        from neurobench.metrics import static, workload
        from neurobench.models import SNNTorchModel, TorchModel

    import torch

    model = SNNTorchModel(twin(net))
    metrics = {"synaptic_operations": workload.SynapticOperations()}
    sparsity, outputs = 0.0, 0
    model.register_hooks()
    for x, expected in zip(data, spikes, strict=True):
        inputs = torch.from_numpy(x.astype(np.float32)).transpose(0, 1)  # N, T, C, H, W
        with torch.no_grad():
            found = model(inputs)
        np.testing.assert_array_equal(found.transpose(0, 1).numpy(), expected)  # it is the same network
        labels = (inputs, torch.zeros(len(inputs)))
        values = metrics["synaptic_operations"](model, found, labels)
        count = inputs.shape[0]
        sparsity += workload.ActivationSparsity()(model, found, labels) * count
        outputs += count
        model.reset_hooks()
    return {
        "synaptic_operations": values,
        "activation_sparsity": sparsity / outputs,
        "connection_sparsity": static.ConnectionSparsity()(model),
        "footprint": static.Footprint()(TorchModel(stored(net))),
        "parameter_count": static.ParameterCount()(TorchModel(stored(net))),
    }


def twin(net: ir.Network) -> Any:
    import snntorch as snn
    import torch
    from torch import nn

    conv, pool, dense, last = (block.branches[0].synapse for block in net.blocks)

    def leaky(index: int) -> Any:
        threshold = net.blocks[index].neuron.vth / 2**BINARY
        return snn.Leaky(beta=0.5, threshold=threshold, reset_mechanism="zero", reset_delay=False)

    class Twin(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 4, conv.kernel, conv.stride, conv.padding, bias=False)
            self.dense, self.last = nn.Linear(24, 5, bias=False), nn.Linear(5, 3, bias=False)
            for layer, synapse in ((self.conv, conv), (self.dense, dense), (self.last, last)):
                layer.weight.data = torch.from_numpy(synapse.weight.astype(np.float32))
            self.neurons = nn.ModuleList([leaky(0), leaky(2), leaky(3)])
            self.pool = nn.AvgPool2d(pool.kernel, divisor_override=1)

        def reset(self) -> None:
            self.potentials = [neuron.reset_mem() for neuron in self.neurons]

        def forward(self, x: Any) -> Any:
            layers = (self.conv, lambda s: self.dense(self.pool(s).flatten(1)), self.last)
            for index, layer in enumerate(layers):
                x, self.potentials[index] = self.neurons[index](layer(x), self.potentials[index])
            return x, self.potentials[-1]

    return Twin().eval()


def stored(net: ir.Network) -> Any:
    """The integers as parameters of the types that hold them."""
    import torch
    from torch import nn

    module = nn.Module()
    for index, block in enumerate(net.blocks):
        arrays = {"bias": block.bias.astype(np.int32)}
        for number, branch in enumerate(block.branches):
            arrays[f"gain{number}"] = branch.gain
            if branch.synapse.num_weights:
                arrays[f"weight{number}"] = branch.synapse.weight.astype(np.int8)
        for name, values in arrays.items():
            tensor = torch.from_numpy(np.array(values))
            module.register_parameter(f"{name}_{index}", nn.Parameter(tensor, requires_grad=False))
    return module


def test_what_does_not_belong_together_is_refused() -> None:
    rng = np.random.default_rng(0)
    net = network(rng)
    x = batches(rng, False)[0]
    with pytest.raises(TraceError, match="found none"):
        neurobench(net, [])
    with pytest.raises(TraceError, match="neurobench: input: found"):
        neurobench(net, [(x[:, :1], reference.run(net, x))])

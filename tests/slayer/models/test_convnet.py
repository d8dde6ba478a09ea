from __future__ import annotations

import numpy as np
import pytest
import torch

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.slayer import block
from lava_spquant.slayer.gate import GateConfig
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.neuron import QLif, ThresholdNeuron
from lava_spquant.slayer.quant import Sawb, Ternary, Uniform
from lava_spquant.slayer.surrogate import AsymmetricBox, Surrogate, Triangle

SPEC = ir.InputSpec((2, 9, 7), 8)


def test_layers_and_their_quantisers() -> None:
    config = ConvNetConfig("4k5s2-AP2-R6-FC8-FC", weight="ternary", first_weight="int8", last_weight="sawb4")
    model = build_convnet(config, SPEC, classes=3, name="small")
    kinds = [b.kind for b in model.blocks]
    assert kinds == ["conv", "pool", "residual", "flatten", "dense", "readout"]
    quantisers = [b.synapse.quantiser for b in model.blocks if b.kind not in ("pool", "flatten")]
    assert quantisers == [Uniform(8), Ternary(), Ternary(), Sawb(4)]
    assert model.name == "small"
    network = model.to_ir()
    assert network.shapes == ((4, 5, 4), (4, 2, 2), (6, 2, 2), (6, 2, 2), (8,), (3,))


@pytest.mark.parametrize("architecture", ["FC", "AP3-FC", "FC5-FC", "3-FC", "3s3-R3-R3s2-FC", "R4-AP2-FC4-FC"])
@pytest.mark.parametrize("steps", [1, 3])
def test_built_networks_run_as_they_are_exported(architecture: str, steps: int) -> None:
    torch.manual_seed(0)
    model = build_convnet(ConvNetConfig(architecture), SPEC, classes=4)
    x = np.random.default_rng(0).integers(0, 256, (steps, 2, *SPEC.shape))
    assert model(torch.from_numpy(x).float().movedim(0, -1)).shape == (2, 4, steps)
    found, expected = model.trace(x), reference.run(model.to_ir(), x)
    for have, want in zip(found.blocks, expected.blocks, strict=True):
        assert all(np.array_equal(have[k], want[k]) for k in want)


def test_neuron_options_reach_every_block() -> None:
    config = ConvNetConfig("3-R3-FC4-FC", membrane="int4", voltage_decay=0.25, reset="soft", frac_bits=10)
    network = build_convnet(config, SPEC, 2).to_ir()
    expected = ir.QLif(1024, 1024, "soft", ir.Membrane(8, -8, 7))
    assert [b.neuron for b in network.blocks[:-1]] == [expected] * 4


def gated(model: torch.nn.Module) -> list[str]:
    """Return the names of all gated blocks."""
    return [name for name, module in model.named_modules() if isinstance(module, block.Gated)]


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [
        ("4-6-AP2-5s2-FC", ["1", "3"]),
        ("4-R6s2-R6-FC8-FC", ["1.first", "1.join", "2.first", "2.join"]),
        ("R4-5-FC", ["1"]),
        ("4-D6-D5s2-6p2-FC", ["2", "4"]),
    ],
)
@pytest.mark.parametrize("gates", ["channel", "spatial", "both"])
def test_gates_of_a_recipe_are_before_every_convolution_but_the_first(
    architecture: str, expected: list[str], gates: str
) -> None:
    """Nor are depthwise ones gated, and those whose currents are pooled."""
    torch.manual_seed(0)
    spec = ir.InputSpec((2, 8, 12), 8)
    config = ConvNetConfig(architecture, gates=gates, gate_joint=True, gate_temperature=0.7)
    model = build_convnet(config, spec, 3)
    assert gated(model) == [f"blocks.{name}" for name in expected]
    kinds = {"channel": ("channel",), "spatial": ("spatial",), "both": ("channel", "spatial")}[gates]
    for module in model.modules():
        if isinstance(module, block.Gated):
            assert tuple(module.gates) == kinds
            assert all(gate.config == GateConfig(gates, 2, True, 0.7) for gate in module.gates.values())
    x = np.random.default_rng(0).integers(0, 256, (2, 2, *spec.shape))
    network = model.to_ir()
    assert [len(b.gates) for b in network.blocks if b.gates] == [len(kinds)] * len(expected)
    found, wanted = model.trace(x), reference.run(network, x)
    for have, want in zip(found.blocks, wanted.blocks, strict=True):
        assert all(np.array_equal(have[k], want[k]) for k in want)
    assert gated(build_convnet(ConvNetConfig(architecture), spec, 3)) == []


@pytest.mark.parametrize("architecture", ["FC8-FC", "4-FC", "4-6p2-FC", "R4-FC", "C4-B4-FC", "T4-T4-FC"])
def test_gates_without_anything_to_gate_are_refused(architecture: str) -> None:
    expected = f"gates: found 'channel' for '{architecture}', expected a spiking convolution behind the first layer"
    with pytest.raises(ValueError, match=expected):
        build_convnet(ConvNetConfig(architecture, "binary-standard", gates="channel"), SPEC, 3)


def test_cells_of_a_recipe_must_tile_every_layer() -> None:
    config = ConvNetConfig("4-6-AP2-R6-FC", gates="spatial", gate_cell=4)
    assert len(gated(build_convnet(config, ir.InputSpec((2, 16, 8)), 3))) == 3
    with pytest.raises(ValueError, match=r"gates: cell: found 4, expected a divisor of the block's input \(4, 6\)"):
        build_convnet(config, ir.InputSpec((2, 8, 12)), 3)


def test_published_networks_with_gates_can_be_deployed() -> None:
    """Sums over 48x48 places of 64 channels leave no room for 8-bit weights in 24 bits."""
    torch.manual_seed(0)
    network = build_convnet(ConvNetConfig("vgg9", gates="both"), ir.InputSpec((2, 48, 48)), 10).to_ir()
    bits = [b.branches[0].synapse.weight_bits for b in network.blocks if "channel-gate" in b.name]
    assert bits == [6, 5, 6, 6, 7, 7, 8]


def test_every_layer_may_have_widths_of_its_own() -> None:
    config = ConvNetConfig(
        "4-AP2-R6-D5-FC8-FC",
        weights=("sawb8", "ternary", "sawb4", "int2", "int5"),
        membranes=("none", "int6", "ternary", "five-level"),
    )
    model = build_convnet(config, SPEC, 3)
    found = [b.synapse.quantiser for b in model.blocks if b.kind not in ("pool", "flatten", "residual")]
    assert found == [Sawb(8), Sawb(4), Sawb(4), Uniform(2), Uniform(5)]
    neurons = [b.neuron for b in model.to_ir().blocks if isinstance(b.neuron, ir.QLif)]
    levels = [None if n.membrane is None else (n.membrane.q_min, n.membrane.q_max) for n in neurons]
    assert levels == [None, (-32, 31), (-32, 31), (-1, 1), (-1, 1), (-3, 1)]


def test_lists_of_a_recipe_are_taken() -> None:
    assert ConvNetConfig("3-FC", weights=["int4", "int5"]).weights == ("int4", "int5")  # type: ignore[arg-type]
    assert hash(ConvNetConfig("3-FC", membranes=["int4"])) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize("gradient", ["stacked", "straight_through"])
def test_the_gradient_of_the_membrane_reaches_every_neuron(gradient: str) -> None:
    config = ConvNetConfig("3-R3-FC", membrane_gradient=gradient)
    model = build_convnet(config, SPEC, 2)
    found = {m.config.membrane.gradient for m in model.modules() if hasattr(m, "config") and m.config.membrane}
    assert found == {gradient}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"architecture": "3-x-FC"}, "found 'x'"),
        ({"gates": "channels"}, "gates: kind: found 'channels', expected one of none, channel, spatial, both"),
        ({"gate_cell": 0}, "gates: cell: found 0"),
        ({"gate_temperature": -1.0}, "gates: temperature: found -1.0"),
        ({"architecture": "3-AP2-4-FC", "weights": ("int4", "int4")}, "weights: found 2, expected none or 3"),
        ({"architecture": "3-AP2-4-FC", "membranes": ("int4",)}, "membranes: found 1, expected none or 2"),
        ({"architecture": "3-FC", "weights": ("int4", "int99")}, "bits: found 99"),
        ({"architecture": "3-FC", "membranes": ("int40",)}, "bits: found 40"),
        ({"membrane_gradient": "exact"}, "gradient: found 'exact'"),
        ({"weight": "int99"}, "bits: found 99"),
        ({"last_weight": "ternery"}, "weight quantiser: found 'ternery'"),
        ({"membrane": "int40"}, "bits: found 40"),
        ({"surrogate": "step"}, "surrogate: found 'step'"),
        ({"reset": "both"}, "reset: found 'both'"),
        ({"voltage_decay": 2.0}, "voltage_decay: found 2.0"),
        ({"frac_bits": 30}, "frac_bits: found 30"),
        ({"surrogate_delta": 0.0}, "model: surrogate_delta: found 0.0, expected a positive number"),
        ({"surrogate_delta": float("inf")}, "model: surrogate_delta: found inf"),
        ({"surrogate_rho": -0.3}, "model: surrogate_rho: found -0.3"),
        ({"surrogate_rho": float("nan"), "surrogate": "asymmetric"}, "model: surrogate_rho: found nan"),
    ],
)
def test_configs_are_checked(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ConvNetConfig(**fields)  # type: ignore[arg-type]


def spike_gradients(config: ConvNetConfig) -> list[Surrogate]:
    neurons = [m for m in build_convnet(config, SPEC, 3).modules() if isinstance(m, (QLif, ThresholdNeuron))]
    return [neuron.config.surrogate for neuron in neurons]


@pytest.mark.parametrize(("architecture", "neurons"), [("C4-B4-B4-FC", 2), ("T4-MP2-T5-FC", 3), ("4-R5-FC6-FC", 4)])
def test_the_asymmetric_box_is_a_recipes(architecture: str, neurons: int) -> None:
    config = ConvNetConfig(
        architecture, "binary-standard", surrogate="asymmetric", surrogate_delta=1, surrogate_rho=0.5
    )
    assert spike_gradients(config) == [AsymmetricBox(1.0, 0.5)] * neurons
    learned = [m.delta for m in build_convnet(config, SPEC, 3).modules() if isinstance(m, ThresholdNeuron)]
    assert all(delta.item() == 1.0 for delta in learned)
    assert len(learned) == (0 if architecture.startswith("4") else neurons)
    default = ConvNetConfig(architecture, "binary-standard", surrogate="asymmetric")
    assert spike_gradients(default) == [AsymmetricBox(2.0, 0.3)] * neurons
    other = ConvNetConfig(architecture, "binary-standard", surrogate="triangle", surrogate_delta=1.0)
    assert spike_gradients(other) == [Triangle()] * neurons


@pytest.mark.parametrize("architecture", ["C4-MP2-FC", "C4-B4-MP2-FC", "C4-AP2-MP2-FC", "T4-AP2-MP2-FC", "MP2-4-FC"])
def test_graded_values_have_no_maximum(architecture: str) -> None:
    """It would be one bit of them: whether their sum is above 0."""
    config = ConvNetConfig(architecture, "binary-standard", surrogate="asymmetric")
    expected = "^architecture: MP2: found graded values, expected spikes; use AP2$"
    with pytest.raises(ValueError, match=expected):
        build_convnet(config, SPEC, 3)


@pytest.mark.parametrize("architecture", ["MP2-4-FC", "4-MP2-MP2-FC", "C4-B4-T4-MP2-FC", "R4-MP3-FC", "D4-MP2-FC"])
def test_spikes_have_a_maximum(architecture: str) -> None:
    config = ConvNetConfig(architecture, "binary-standard", surrogate="asymmetric")
    model = build_convnet(config, ir.InputSpec((2, 9, 7)), 3).eval()
    (pool, *_) = (part for part in model.blocks if part.kind == "pool")
    spikes = (torch.rand(2, 4, 6, 6, 3, generator=torch.Generator().manual_seed(0)) < 0.2).float()
    side = 3 if "MP3" in architecture else 2
    expected = torch.nn.functional.max_pool2d(spikes.movedim(-1, 0).flatten(0, 1), side)
    assert torch.equal(pool(spikes).movedim(-1, 0).flatten(0, 1), expected)


@pytest.mark.parametrize(
    ("architecture", "shape", "message"),
    [
        ("AP8-FC", (2, 9, 7), "AP8: found an input of 9x7, expected at least its size"),
        ("AP4-AP2-FC", (2, 9, 7), "AP2: found an input of 2x1"),
        ("T4-MP8-FC", (2, 9, 7), "architecture: MP8: found an input of 9x7, expected at least its size"),
        ("3-FC", (12,), r"conv: found an input of shape \(12,\), expected \(C, H, W\)"),
    ],
)
def test_layers_that_do_not_fit_are_named(architecture: str, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_convnet(ConvNetConfig(architecture), ir.InputSpec(shape), 3)

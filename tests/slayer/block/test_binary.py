"""The block of binary networks: the integers of training, reference and engine, its shortcut, and its gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lava_spquant import ir, netx
from lava_spquant.ir import reference
from lava_spquant.slayer import ClipConfig, SpikingNetwork, ThresholdConfig, block
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.surrogate import Box
from tests.engine.harness import assert_exact, assert_same


def network(*blocks: block.Deployable, size: tuple[int, int] = (9, 7)) -> SpikingNetwork:
    torch.manual_seed(0)
    return SpikingNetwork(list(blocks), ir.InputSpec((3, *size), 8))


def trained(model: SpikingNetwork, batches: int = 3) -> SpikingNetwork:
    """Let batch-norm see something, and move every parameter."""
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    generator = torch.Generator().manual_seed(1)
    for _ in range(batches):
        x = torch.randint(0, 256, (8, *model.input_spec.shape, 1), generator=generator).float()
        optimiser.zero_grad()
        (model.train()(x)[..., -1] - 1).square().mean().backward()
        optimiser.step()
    return model.eval()


def assert_everywhere(model: SpikingNetwork, steps: int = 1) -> None:
    deployed = model.to_ir()
    x = np.random.default_rng(0).integers(0, 256, (steps, 3, *deployed.input.shape))
    want = assert_exact(deployed, x, threads=(1,))
    assert_same(model.trace(x), want, "eval()")
    assert 0.02 < np.mean([b["spikes"].mean() for b in want.blocks if "spikes" in b]) < 0.98


@pytest.mark.parametrize("size", [(8, 8), (9, 7), (1, 5)])
@pytest.mark.parametrize(("out", "stride"), [(6, 1), (8, 1), (6, 2), (11, 2)])
@pytest.mark.parametrize("steps", [1, 3])
def test_the_same_integers_everywhere(size: tuple[int, int], out: int, stride: int, steps: int) -> None:
    model = network(
        block.Conv(ClipConfig(), 3, 6, 3, padding=1, weight="sawb8", batch_norm=True),
        block.BinaryConv(6, out, stride=stride),
        block.BinaryConv(out, out, 1),
        block.Flatten(),
        block.Readout(out * -(-size[0] // stride) * -(-size[1] // stride), 4),
        size=size,
    )
    assert_everywhere(trained(model), steps)


@pytest.mark.parametrize("name", ["bit-resnet20", "bit-vgg-small"])
def test_models(name: str) -> None:
    torch.manual_seed(0)
    config = ConvNetConfig(name, "binary-standard", surrogate="asymmetric")
    model = build_convnet(config, ir.InputSpec((3, 32, 32), 8), 10, name)
    weights = sum(
        branch.synapse.weight.size
        for b in model.to_ir().blocks
        for branch in b.branches
        if isinstance(branch.synapse, ir.Conv) and branch.synapse.weight_bits == 1
    )
    assert weights == {"bit-resnet20": 267_264, "bit-vgg-small": 4_571_136}[name]


def test_a_small_resnet_is_deployed_as_it_is() -> None:
    config = ConvNetConfig("C4-B4-B4-B6s2-B6-AP2-FC", "binary-standard", surrogate="asymmetric", stream_bits=6)
    model = build_convnet(config, ir.InputSpec((3, 9, 8), 8), 5)
    assert_everywhere(trained(model))
    clips = {b.neuron for b in model.to_ir().blocks if isinstance(b.neuron, ir.Clip)}
    assert clips == {ir.Clip(-31, 31)}


def test_graded_activations_in_place_of_spikes() -> None:
    config = ConvNetConfig("C4-B4-B6s2-FC", "none", "none", "none", activation="graded", stream_bits=7, stream_bound=2)
    model = trained(build_convnet(config, ir.InputSpec((3, 9, 8), 8), 5))
    x = np.random.default_rng(0).integers(0, 256, (1, 3, 3, 9, 8))
    assert_same(model.trace(x), assert_exact(model.to_ir(), x, threads=(1,)), "eval()")
    clips = {b.name: b.neuron for b in model.to_ir().blocks if isinstance(b.neuron, ir.Clip)}
    low = {name: clip.low for name, clip in clips.items()}
    assert low == {name: 0 if name.endswith(".binarise") else -63 for name in low}
    with pytest.raises(ValueError, match="activation: found 'relu', expected one of spikes, graded"):
        ConvNetConfig("C4-B4-FC", activation="relu")
    with pytest.raises(ValueError, match="MP2: found graded activations"):
        build_convnet(ConvNetConfig("T4-MP2-FC", activation="graded"), ir.InputSpec((3, 9, 8), 8), 5)


def test_maxima_of_spikes_and_plain_thresholds(tmp_path) -> None:  # type: ignore[no-untyped-def]
    config = ConvNetConfig("T4-MP2-T6k5-MP2-FC", "binary-standard", surrogate="box")
    model = trained(build_convnet(config, ir.InputSpec((3, 9, 8), 8), 5))
    assert_everywhere(model)
    trace = reference.run(model.to_ir(), np.random.default_rng(1).integers(0, 256, (1, 2, 3, 9, 8)))
    spikes = torch.from_numpy(trace.blocks[0]["spikes"][0]).float()
    pooled = torch.nn.functional.max_pool2d(spikes, 2)
    assert np.array_equal(trace.blocks[1]["spikes"][0], pooled.numpy().astype(np.int32))
    model.export_hdf5(tmp_path / "n.net")
    x = np.random.default_rng(2).integers(0, 256, (1, 2, 3, 9, 8))
    assert np.array_equal(
        reference.run(netx.load(tmp_path / "n.net"), x).output, reference.run(model.to_ir(), x).output
    )


def test_a_block_adds_little_to_its_shortcut_at_first() -> None:
    x = torch.randint(-127, 128, (4, 6, 8, 8, 1)).float()
    for gain in (0.1, 1.0):
        out = block.BinaryConv(6, 6, initial_gain=gain).train()(x)
        inside = x.abs() < 40
        assert float((out - x)[inside].std()) == pytest.approx(127 * gain, rel=0.2 if gain < 1 else 0.4)
    with pytest.raises(ValueError, match="initial_gain: found 0"):
        block.BinaryConv(6, 6, initial_gain=0)


def test_gradients_reach_everything() -> None:
    model = network(
        block.Conv(ClipConfig(), 3, 6, 3, padding=1, weight="sawb8", batch_norm=True),
        block.BinaryConv(6, 8, stride=2, activation=ThresholdConfig()),
        block.BinaryConv(8, 8, activation=ThresholdConfig(Box(), learn_delta=False)),
        block.Pool(None, 2),
        block.Flatten(),
        block.Readout(8 * 2 * 2, 4),
    )
    out = model.train()(torch.randint(0, 256, (4, 3, 9, 7, 1)).float())
    out.square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_it_trains_what_a_slayer_block_logs() -> None:
    made = block.BinaryConv(4, 4, count_log=True)
    out, rate = made(torch.randint(-127, 128, (2, 4, 5, 5, 1)).float())
    assert out.shape == (2, 4, 5, 5, 1)
    assert 0 < float(rate) < 1
    out.sum().backward()
    assert made.grad_norm > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((4, 4, 2), "kernel_size: found 2"), ((4, 4, 3, 3), "stride: found 3"), ((4, 3), "out_features: found 3")],
)
def test_what_does_not_work_is_refused(arguments: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        block.BinaryConv(*arguments)

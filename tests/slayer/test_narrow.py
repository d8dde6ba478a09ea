"""Models without some of their channels."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from lava_spquant import ir
from lava_spquant.slayer import block
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.narrow import narrow, narrow_to
from lava_spquant.slayer.network import SpikingNetwork
from lava_spquant.slayer.synapse import SlayerSynapse
from lava_spquant.slayer.training import TrainingConfig
from lava_spquant.slayer.training.gates import Predictors
from tests.engine.harness import assert_exact, assert_same
from tests.slayer.random_models import disturb

ARCHITECTURES = ["6-AP2-9k5s2-5-FC", "5-R7s2-R7-AP2-FC8-FC", "6p2-D9-AP2-FC", "C4-B4-B7s2-FC"]

GATED = "5-6-R7-R7-AP2-FC8-FC"


def model(architecture: str, **options: object) -> SpikingNetwork:
    binary = architecture.startswith("C")
    config = ConvNetConfig(
        architecture, "binary-standard" if binary else "sawb8", surrogate="box", **options  # type: ignore[arg-type]
    )  # fmt: skip
    torch.manual_seed(0)
    made = build_convnet(config, ir.InputSpec((2, 8, 10), 4), 3)
    disturb(made, np.random.default_rng(1))
    return made.eval()


def some(network: ir.Network) -> list[ir.Keep]:
    rng = np.random.default_rng(2)
    keep = []
    for width in ir.widths(network):
        mask = np.ones(width.channels, bool) if width.fixed else rng.random(width.channels) < 0.6
        mask[0] = True
        keep.append(mask)
    return keep


@pytest.mark.parametrize(
    ("architecture", "learn_threshold"),
    [*((architecture, "no") for architecture in ARCHITECTURES), *((a, "channel") for a in ARCHITECTURES[:3])],
)
def test_a_narrow_model_is_deployed_as_it_is_and_trains(architecture: str, learn_threshold: str) -> None:
    made = model(architecture, learn_threshold=learn_threshold)
    before = made.to_ir()
    keep = some(before)
    assert any(not mask.all() for mask in keep)
    narrow(made, keep)
    after, cut = made.to_ir(), ir.remove_channels(before, keep)
    assert after.shapes == cut.shapes
    for one, other in zip(after.blocks, cut.blocks, strict=True):
        for branch, same in zip(one.branches, other.branches, strict=True):
            assert type(branch.synapse) is type(same.synapse)
            # The largest weight may have gone, and the scale with it; binary weights have lost their old mean.
            if isinstance(branch.synapse, (ir.Conv, ir.Dense)) and branch.synapse.weight_bits > 1:
                assert (np.sign(branch.synapse.weight) * np.sign(same.synapse.weight) >= 0).all()
    x = np.random.default_rng(0).integers(0, 16, (2, 3, 2, 8, 10))
    assert_same(made.trace(x), assert_exact(after, x, threads=(1,)), "eval()")
    images = torch.randint(0, 16, (4, 2, 8, 10, 2)).float()
    made.train()(images).square().mean().backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.shape == parameter.shape, name


@pytest.mark.parametrize("joint", [False, True])
@pytest.mark.parametrize("gates", ["channel", "spatial", "both"])
def test_predictors_go_with_the_channels(gates: str, joint: bool) -> None:
    made = model(GATED, gates=gates, gate_joint=joint, voltage_decay=0.25)
    before = made.to_ir()
    keep = some(before)
    narrow(made, keep)
    after = made.to_ir()
    assert after.shapes == ir.remove_channels(before, keep).shapes
    gated = [(old[0], new, found) for old, new, found in zip(before.shapes, after.shapes, after.blocks, strict=True)
             if found.gates]  # fmt: skip
    assert len(gated) == 5
    for channels, shape, found in gated:
        assert shape[0] < channels
        expected = {"channel": [(shape[0], 1, 1)], "spatial": [(1, 4, 5)]}
        expected["both"] = expected["channel"] + expected["spatial"]
        assert [after.shapes[gate.source] for gate in found.gates] == expected[gates]
    x = np.random.default_rng(0).integers(0, 16, (2, 3, 2, 8, 10))
    assert_same(made.trace(x), assert_exact(after, x, threads=(1,)), "eval()")
    assert len(ir.widths(after)) == len(ir.widths(before))


@pytest.mark.parametrize("joint", [False, True])
def test_predictors_that_are_left_learn(joint: bool) -> None:
    made = model(GATED, gates="both", gate_joint=joint, voltage_decay=0.25)
    narrow(made, some(made.to_ir()))
    predictors = Predictors(made.train(), TrainingConfig(gate_share=0.3))
    predictors.prepare(0.0)
    torch.manual_seed(0)
    loss = made(torch.randint(0, 16, (4, 2, 8, 10, 2)).float()).square().mean()
    (loss + predictors.loss()).backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.shape == parameter.shape, name


@pytest.mark.parametrize("gates", ["none", "both"])
def test_a_recipe_says_how_many_are_left(gates: str) -> None:
    architecture = ARCHITECTURES[1] if gates == "none" else GATED
    made = model(architecture, gates=gates)
    keep = some(made.to_ir())
    narrow(made, keep)
    channels = [int(mask.sum()) for mask in keep]
    config = ConvNetConfig(architecture, "sawb8", surrogate="box", channels=channels, gates=gates)  # type: ignore[arg-type]
    again = build_convnet(config, ir.InputSpec((2, 8, 10), 4), 3)
    again.load_state_dict(made.state_dict())
    x = np.random.default_rng(0).integers(0, 16, (2, 3, 2, 8, 10))
    assert np.array_equal(again.trace(x).output, made.trace(x).output)


EVERY = "one per width, at most: conv0 6, conv2 9, conv3 5, readout5 3 (fixed)"


@pytest.mark.parametrize(
    ("channels", "message"),
    [((3,), re.escape(f"channels: found 1, expected 4, {EVERY}")),
     ((6, 10, 5, 3), r"channels of conv2: found 10, expected 1\.\.9"), ((6, 0, 5, 3), r"found 0, expected 1\.\.9")],
)  # fmt: skip
def test_what_does_not_fit_is_refused(channels: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        narrow_to(model(ARCHITECTURES[0]), channels)


def test_the_output_keeps_its_classes() -> None:
    with pytest.raises(ir.NetworkError, match="found 2, expected all 3"):
        narrow_to(model(ARCHITECTURES[0]), (6, 9, 5, 2))


def test_a_model_is_narrowed_whole_or_not_at_all() -> None:
    blocks = [
        block.Conv({"threshold": 1.0}, 2, 4, 3, padding=1),
        block.Conv({"threshold": 1.0}, 4, 5, 3, padding=1, weight_norm=True),
        block.Flatten(),
        block.Readout(5 * 4 * 4, 3),
    ]
    made = SpikingNetwork(blocks, ir.InputSpec((2, 4, 4), 4))
    before = made.to_ir()
    keep = [np.ones(width.channels, bool) for width in ir.widths(before)]
    keep[0][1] = False
    with pytest.raises(ValueError, match="weight_norm: found True"):
        narrow(made, keep)
    assert made.to_ir().shapes == before.shapes


def averaging() -> SpikingNetwork:
    blocks = [
        block.Conv({"threshold": 1.0}, 2, 4, 3, padding=1),
        block.Flatten(),
        block.Dense({"threshold": 1.0}, 4 * 4 * 4, 6),
        block.Average(3),
    ]
    return SpikingNetwork(blocks, ir.InputSpec((2, 4, 4), 4))


def test_what_is_averaged_keeps_its_place() -> None:
    made = averaging()
    before = made.to_ir()
    keep = [np.ones(width.channels, bool) for width in ir.widths(before)]
    keep[1][[0, 1, 2]] = False  # an equal number for every group is left
    with pytest.raises(ValueError, match="block 'average3': input channels to keep: found 3, expected all 6"):
        narrow(made, keep)
    assert made.to_ir().shapes == before.shapes
    # What lies further in front may go.
    keep = [np.arange(4) < 2, np.ones(6, bool), np.ones(3, bool)]
    narrow(made, keep)
    assert [shape[0] for shape in made.to_ir().shapes] == [2, 6, 3]


def test_a_depthwise_convolution_keeps_two_channels() -> None:
    made = model(ARCHITECTURES[2])
    before = made.to_ir()
    widths = ir.widths(before)
    (tied,) = (number for number, width in enumerate(widths) if width.least == 2)
    keep = [np.ones(width.channels, bool) for width in widths]
    keep[tied][1:] = False
    first = before.blocks[widths[tied].blocks[0]].name
    with pytest.raises(ValueError, match=f"expected {len(widths)} as before: at least 2 channels .* of '{first}'"):
        narrow(made, keep)
    assert made.to_ir().shapes == before.shapes
    keep[tied][1] = True
    narrow(made, keep)
    assert len(ir.widths(made.to_ir())) == len(widths)


def test_a_spatial_gate_of_one_cell_keeps_two_channels() -> None:
    config = ConvNetConfig("5-6-R7-AP2-FC", gates="spatial", gate_cell=8, surrogate="box", voltage_decay=0.25)
    made = build_convnet(config, ir.InputSpec((2, 8, 8), 4), 3)
    before = made.to_ir()
    gated = [number for number, width in enumerate(ir.widths(before)) if width.least == 2]
    assert gated
    for number in gated:
        keep = [np.ones(width.channels, bool) for width in ir.widths(before)]
        keep[number][1:] = False
        with pytest.raises(ValueError, match="as before: at least 2 channels have to stay"):
            narrow(made, keep)


def test_a_synapse_says_what_becomes_of_its_channels() -> None:
    class Forgetful(SlayerSynapse):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

        def to_ir(self) -> ir.Identity:
            return ir.Identity()

    with pytest.raises(TypeError, match="narrow"):
        Forgetful()  # type: ignore[abstract]

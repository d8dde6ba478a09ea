"""Models without some of their channels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lava_spquant import ir
from lava_spquant.slayer import block
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.narrow import narrow, narrow_to
from lava_spquant.slayer.network import SpikingNetwork
from tests.engine.harness import assert_exact, assert_same
from tests.slayer.random_models import disturb

ARCHITECTURES = ["6-AP2-9k5s2-5-FC", "5-R7s2-R7-AP2-FC8-FC", "6p2-D9-AP2-FC", "C4-B4-B7s2-FC"]


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


def test_a_recipe_says_how_many_are_left() -> None:
    made = model(ARCHITECTURES[1])
    keep = some(made.to_ir())
    narrow(made, keep)
    config = ConvNetConfig(ARCHITECTURES[1], "sawb8", surrogate="box", channels=[int(mask.sum()) for mask in keep])  # type: ignore[arg-type]
    again = build_convnet(config, ir.InputSpec((2, 8, 10), 4), 3)
    again.load_state_dict(made.state_dict())
    x = np.random.default_rng(0).integers(0, 16, (2, 3, 2, 8, 10))
    assert np.array_equal(again.trace(x).output, made.trace(x).output)


@pytest.mark.parametrize(
    ("channels", "message"),
    [((3,), "channels: found 1, expected 4, one per width"), ((6, 10, 5, 3), r"found 10, expected 1\.\.9"),
     ((6, 0, 5, 3), r"found 0, expected 1\.\.9")],
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

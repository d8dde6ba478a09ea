"""Acceptance: a trained CUBA model, saved in the stock profile, gives the same spikes in lava-dl's own Network."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from lava_spquant import ir, netx
from lava_spquant.ir import reference
from lava_spquant.slayer import SpikingNetwork, block
from tests.proc.harness import record_network, stream_into

NEURONS = (
    {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.1},
    {"threshold": 0.5, "current_decay": 1.0, "voltage_decay": 0.0},
    {"threshold": 1.0, "current_decay": 0.5, "voltage_decay": 1.0},
)
STEPS, SAMPLES = 6, 3


def trained(weight: str, batch_norm: bool) -> SpikingNetwork:
    """A model with an asymmetric kernel on a non-square input, after a few steps of training."""
    torch.manual_seed(7)
    options = {"weight": weight, "batch_norm": batch_norm, "weight_scale": 1 if batch_norm else 3}
    blocks = [
        block.Conv(NEURONS[0], 2, 4, (3, 2), (2, 1), (1, 0), groups=2, **options),
        block.Flatten(),
        block.Dense(NEURONS[1], 4 * 3 * 6, 6, **options),
        block.Dense(NEURONS[2], 6, 3, **options),
    ]
    model = SpikingNetwork(blocks, ir.InputSpec((2, 5, 7)), "stock")
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        x = (torch.rand(8, 2, 5, 7, 5, generator=generator) < 0.4).float()
        (model(x).mean((0, 2)) - torch.tensor([0.2, 0.4, 0.6])).square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.momentum = 0.5
    for _ in range(8):
        model((torch.rand(8, 2, 5, 7, 5, generator=generator) < 0.4).float())
    return model.eval()


def spikes_in(steps: int = STEPS) -> ir.IntArray:
    return (np.random.default_rng(3).random((steps, SAMPLES, 2, 5, 7)) < 0.4).astype(np.int32)


def in_lava_dl(path, x: ir.IntArray) -> list[ir.IntArray]:
    """Run samples back to back in lava-dl and return every layer's spikes (T, N, *shape), aligned with its input."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lava-dl's own imports warn
        from lava.lib.dl.netx import hdf5

        # A layer L processes the first step of a sample L + 2 steps (counted from 1) after the start.
        process = hdf5.Network(str(path), reset_interval=STEPS, reset_offset=1)
    stream = np.moveaxis(x, 1, 0).reshape(-1, *x.shape[2:])
    depth = len(process.layers)
    padded = np.concatenate([stream, np.zeros((depth, *stream.shape[1:]), np.int32)])
    stream_into(process.inp, padded.transpose(0, 3, 2, 1))
    records = record_network(process, len(padded), ("u", "v"))
    found = []
    for layer, record in enumerate(records):
        whole = record["out"][layer + 1 : layer + 1 + len(stream)]
        split = whole.reshape(SAMPLES, STEPS, *whole.shape[1:]).swapaxes(0, 1)
        found.append(split.transpose(0, 1, *range(split.ndim - 1, 1, -1)))
    return found


@pytest.mark.parametrize(
    ("weight", "batch_norm"), [("slayer8", False), ("slayer8", True), ("ternary", True), ("int4-channel", True)]
)
def test_lava_dl_gives_the_spikes_of_eval(weight: str, batch_norm: bool, tmp_path) -> None:
    model, x = trained(weight, batch_norm), spikes_in()
    netx.save(model.to_ir(), tmp_path / "a.net", profile="stock")
    expected = model.trace(x)
    for have, want in zip(in_lava_dl(tmp_path / "a.net", x), expected.blocks, strict=True):
        np.testing.assert_array_equal(have, want["spikes"])
        assert 0 < want["spikes"].mean() < 1


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("weight", ["binary", "ternary", "sawb4", "sawb8", "int2", "int8-channel", "slayer8", "none"])
def test_a_stock_file_read_back_is_the_same_network(weight: str, batch_norm: bool, tmp_path) -> None:
    model, x = trained(weight, batch_norm), spikes_in()
    netx.save(model.to_ir(), tmp_path / "a.net", profile="stock")
    assert netx.info(tmp_path / "a.net").profile == "stock"
    found = reference.run(netx.load(tmp_path / "a.net"), x)
    expected = reference.run(model.to_ir(), x)
    for have, want, ours in zip(found.blocks, expected.blocks, model.trace(x).blocks, strict=True):
        for key in ("spikes", "u", "v"):
            np.testing.assert_array_equal(have[key], want[key])
            np.testing.assert_array_equal(ours[key], want[key])
    assert expected.output.any()


def test_an_image_that_enters_as_bias(tmp_path) -> None:
    torch.manual_seed(0)
    neuron = {"threshold": 0.4, "current_decay": 1.0, "voltage_decay": 0.2}
    blocks = [block.Input(neuron, bits=8), block.Flatten(), block.Dense(NEURONS[0], 12, 4, weight_scale=4)]
    model = SpikingNetwork(blocks, ir.InputSpec((1, 3, 4), 8)).eval()
    netx.save(model.to_ir(), tmp_path / "a.net", profile="stock")
    x = np.random.default_rng(0).integers(0, 256, (5, 2, 1, 3, 4))
    found, expected = reference.run(netx.load(tmp_path / "a.net"), x), model.trace(x)
    for have, want in zip(found.blocks, expected.blocks, strict=True):
        np.testing.assert_array_equal(have["spikes"], want["spikes"])
        assert want["spikes"].any()

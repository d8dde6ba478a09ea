"""Networks published with lava-dl, and ours: the engine gives what was recorded, at every layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lava_spquant import ir, netx
from lava_spquant.engine import Engine
from lava_spquant.ir import ALIGNED, Timing
from tests.engine.harness import EVERYTHING, assert_exact
from tests.paths import LAVA_DL, ROOT, missing

MODES = [(1, True), (2, True), (1, False), (2, False)]


def needs(path: Path) -> Path:
    if not path.exists():
        pytest.skip(missing(path))
    return path


@pytest.mark.parametrize(("threads", "vector"), MODES)
@pytest.mark.parametrize("batch", [1, 3])
def test_pilotnet(threads: int, vector: bool, batch: int) -> None:
    folder = needs(LAVA_DL / "pilotnet_lif")
    network = netx.load(folder / "network.net")
    image = np.load(folder / "image.npy").transpose(2, 1, 0)
    x = np.broadcast_to(image, (24, batch, *image.shape))
    engine = Engine(network, Timing(pipelined=True, reset_interval=17), threads=threads, vector=vector)
    blocks = engine.run(x, record=EVERYTHING).blocks
    names = ["input", *(f"conv-{i}" for i in range(5)), *(f"fc-{i}" for i in range(3))]
    compared = 0
    for name, block in zip(names, blocks, strict=False):
        # Recordings are (W, H, C, T); at a neuron that just spiked they hold 128 instead of 0.
        v = np.where(block["spikes"] > 0, 128, block["v"])
        for suffix, values in (("", block["spikes"]), ("-u", block["u"]), ("-v", v)):
            path = folder / f"{name}{suffix}.npy"
            if path.exists():
                recorded = np.load(path).T
                for n in range(batch):
                    assert np.array_equal(values[:, n].reshape(recorded.shape), recorded), path.name
                compared += 1
    assert compared == 23


@pytest.mark.parametrize(("threads", "vector"), MODES)
def test_tinynet(threads: int, vector: bool) -> None:
    folder = needs(LAVA_DL / "tinynet")
    network = netx.load(folder / "tiny.net")
    image = np.load(folder / "input_bias.npy").astype(int).transpose(2, 1, 0)
    x = np.broadcast_to(image, (16, 1, *image.shape))
    blocks = Engine(network, threads=threads, vector=vector).run(x, record=EVERYTHING).blocks
    found = {
        "input": blocks[0]["spikes"],
        "current": blocks[1]["u"] / 64,
        "layer1": blocks[1]["spikes"],
        "output": blocks[2]["spikes"],
    }
    for name, values in found.items():
        # SLAYER recorded (N, C, H, W, T), every layer one step late and the layers aligned otherwise.
        recorded = np.load(folder / f"{name}.npy").transpose(4, 0, 1, 2, 3)
        assert recorded.any()
        assert np.array_equal(values[:-1], recorded[1:]), name


@pytest.mark.parametrize("timing", [ALIGNED, Timing(True, 8)], ids=str)
def test_mnist_of_lava_dl(timing: Timing) -> None:
    network = netx.load(needs(LAVA_DL / "mnist" / "trained_mnist_network.net"))
    rng = np.random.default_rng(0)
    x = (rng.random((20, 32, 784)) < 0.2).astype(np.int32)
    trace = assert_exact(network, x, timing)
    assert all(block["spikes"].any() for block in trace.blocks)


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_our_trained_networks(name: str) -> None:
    network = netx.load(ROOT / "netx_models" / f"{name}.net")
    rng = np.random.default_rng(1)
    low, high = network.input.bounds
    image = rng.integers(low, high + 1, (1, 4, *network.input.shape)) * (rng.random((1, 4, *network.input.shape)) < 0.3)
    x: ir.IntArray = np.broadcast_to(image.astype(np.int32), (4, *image.shape[1:]))
    assert_exact(network, x)
    assert_exact(network, x, Timing(True, 4), threads=(2,))

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from lava_spquant import ir, netx
from lava_spquant.ir import Timing, reference
from tests.paths import LAVA_DL, missing

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch
    from lava.lib.dl import slayer

PARAMS = {"threshold": 1.0, "current_decay": 0.25, "voltage_decay": 0.1, "requires_grad": False}


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


def export(path: Path, blocks: list[torch.nn.Module]) -> None:
    with h5py.File(path, "w") as file:
        for number, block in enumerate(blocks):
            block.export_hdf5(file.create_group(f"layer/{number}"))


def slayer_blocks() -> list[torch.nn.Module]:
    torch.manual_seed(3)
    return [
        slayer.block.cuba.Conv(PARAMS, 2, 6, (3, 2), stride=(1, 2), padding=(1, 0), groups=2, weight_scale=3),
        slayer.block.cuba.Pool(PARAMS, (2, 1), weight_scale=1.2),
        slayer.block.cuba.Flatten(),
        slayer.block.cuba.Dense(PARAMS, 6 * 3 * 4, 7, weight_scale=3),
    ]


def test_slayer_blocks_load_and_spike_alike(tmp_path: Path) -> None:
    blocks, outputs = slayer_blocks(), []
    x = (torch.rand(2, 2, 6, 8, 12) < 0.4).float()
    y = x
    for block in blocks:
        y = block(y)
        outputs.append(y.numpy())
    export(tmp_path / "a.net", blocks)
    network = netx.load(tmp_path / "a.net", input_shape=(2, 6, 8))
    assert network.shapes == ((6, 6, 4), (6, 3, 4), (7,))
    trace = reference.run(network, np.moveaxis(x.numpy().astype(int), -1, 0))
    for lag, (mine, theirs) in enumerate(zip(trace.blocks, (outputs[0], outputs[1], outputs[3]), strict=True), 1):
        # Each SLAYER block hands its spikes on one step later.
        expected = np.moveaxis(theirs, -1, 0)[lag:]
        assert 0 < expected.sum() < expected.size
        assert np.array_equal(mine["spikes"][:-lag], expected)


def test_layers_of_both_kinds_mix(tmp_path: Path) -> None:
    conv, pool, flatten, dense = slayer_blocks()
    y = torch.zeros(1, 2, 6, 8, 3)
    for block in (conv, pool, flatten, dense):
        y = block(y)
    head = ir.Block("head", (ir.Branch(ir.Dense([[1, -1, 1, 1, -1, 1, 1]], 1), [50]),), ir.Readout(), [3])
    with h5py.File(tmp_path / "a.net", "w") as file:
        netx.write_input(file.create_group("layer/0"), ir.InputSpec((2, 6, 8)))
        for number, block in enumerate((conv, pool, flatten, dense)):
            block.export_hdf5(file.create_group(f"layer/{number + 1}"))
        netx.write_layer(file.create_group("layer/5"), ir.Network(ir.InputSpec((7,)), (head,)))
    network = netx.load(tmp_path / "a.net")
    assert [b.neuron.kind for b in network.blocks] == ["cuba"] * 3 + ["readout"]
    assert network.blocks[3].branches[0].source == 2
    assert network.blocks[3].name == "head"


def test_an_input_layer_with_neurons_takes_the_image_as_bias(tmp_path: Path) -> None:
    block = slayer.block.cuba.Input(PARAMS, weight=2, bias=0.5)
    block(torch.rand(1, 2, 3, 4, 5))
    export(tmp_path / "a.net", [block])
    network = netx.load(tmp_path / "a.net")
    assert network.input == ir.InputSpec((2, 3, 4), 16, signed=True)
    assert network.blocks[0].neuron == ir.Cuba(4096, 410, 64 * 64)
    assert network.depths == (0,)
    assert netx.load(tmp_path / "a.net", input_bits=8).input == ir.InputSpec((2, 3, 4), 8)


def test_an_input_layer_without_neurons_names_the_shape(tmp_path: Path) -> None:
    block = slayer.block.cuba.Input(delay_shift=False)
    y = block(torch.zeros(1, 2, 6, 8, 3))
    conv = slayer_blocks()[0]
    conv(y)
    export(tmp_path / "a.net", [block, conv])
    assert netx.load(tmp_path / "a.net").input == ir.InputSpec((2, 6, 8))
    with pytest.raises(netx.NetXError, match=r"layer/0: shape: found \(2, 6, 8\), expected \(2, 8, 6\)"):
        netx.load(tmp_path / "a.net", input_shape=(2, 8, 6))


def test_a_first_conv_needs_the_input_shape(tmp_path: Path) -> None:
    conv = slayer_blocks()[0]
    conv(torch.zeros(1, 2, 6, 8, 3))
    export(tmp_path / "a.net", [conv])
    with pytest.raises(netx.NetXError, match="input_shape"):
        netx.load(tmp_path / "a.net")


def test_a_dense_layer_without_neurons_never_spikes(tmp_path: Path) -> None:
    dense = slayer.block.cuba.Affine(PARAMS, 3, 2, dynamics=False, weight_scale=3)
    dense(torch.zeros(1, 3, 4))
    export(tmp_path / "a.net", [dense])
    assert netx.load(tmp_path / "a.net").blocks[0].neuron == ir.Cuba(0, 4096, 2**23)


def unsupported() -> dict[str, torch.nn.Module]:
    torch.manual_seed(0)
    rf = {"threshold": 1.0, "period": 10, "decay": 0.1}
    sdnn = {"threshold": 0.1, "activation": torch.relu}
    delayed = slayer.block.cuba.Dense(PARAMS, 3, 2, delay=True)
    graded = slayer.block.cuba.Dense({**PARAMS, "graded_spike": True}, 3, 2)
    return {
        "layer/0: delay: found axonal delays": delayed,
        "layer/0/neuron: gradedSpike": graded,
        "layer/0: type: found 'dense_rec'": slayer.block.cuba.Recurrent(PARAMS, 3, 2),
        "layer/0: weight: found complex weights": slayer.block.rf_iz.Dense(rf, 3, 2),
        "layer/0/neuron: type: found 'SDNN'": slayer.block.sigma_delta.Dense(sdnn, 3, 2),
    }


@pytest.mark.parametrize("message", unsupported())
def test_what_is_not_supported_is_named(message: str, tmp_path: Path) -> None:
    block = unsupported()[message]
    block(torch.zeros(1, 3, 4))
    export(tmp_path / "a.net", [block])
    with pytest.raises(netx.NetXError, match=re.escape(message)):
        netx.load(tmp_path / "a.net", input_shape=(3,))


@pytest.mark.parametrize("kind", ["convT", "unpool", "average", "concat"])
def test_layers_that_are_not_supported_are_named(kind: str, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.net", "w") as file:
        file.create_dataset("layer/0/type", (1,), "S10", [kind.encode()])
    with pytest.raises(netx.NetXError, match=f"layer/0: type: found '{kind}'.*not supported"):
        netx.load(tmp_path / "a.net", input_shape=(3,))


def needs(path: Path) -> Path:
    if not path.exists():
        pytest.skip(missing(path))
    return path


def test_pilotnet_equals_its_recordings() -> None:
    folder = needs(LAVA_DL / "pilotnet_lif")
    network = netx.load(folder / "network.net")
    image = np.load(folder / "image.npy").transpose(2, 1, 0)
    x = np.broadcast_to(image, (24, 1, *image.shape))
    blocks = reference.run(network, x, Timing(pipelined=True, reset_interval=17)).blocks
    names = ["input", *(f"conv-{i}" for i in range(5)), *(f"fc-{i}" for i in range(3))]
    compared = 0
    for name, block in zip(names, blocks, strict=False):
        # Recordings are (W, H, C, T); at a neuron that just spiked they hold 128 instead of 0.
        v = np.where(block["spikes"] > 0, 128, block["v"])
        for suffix, values in (("", block["spikes"]), ("-u", block["u"]), ("-v", v)):
            path = folder / f"{name}{suffix}.npy"
            if path.exists():
                recorded = np.load(path).T
                assert np.array_equal(values.reshape(recorded.shape), recorded), path.name
                compared += 1
    assert compared == 23


def test_tinynet_equals_its_recordings() -> None:
    folder = needs(LAVA_DL / "tinynet")
    network = netx.load(folder / "tiny.net")
    image = np.load(folder / "input_bias.npy").astype(int).transpose(2, 1, 0)
    trace = reference.run(network, np.broadcast_to(image, (16, 1, *image.shape)))
    found = {
        "input": trace.blocks[0]["spikes"],
        "current": trace.blocks[1]["u"] / 64,
        "layer1": trace.blocks[1]["spikes"],
        "output": trace.blocks[2]["spikes"],
    }
    for name, values in found.items():
        # SLAYER recorded (N, C, H, W, T), every layer one step late and the layers aligned otherwise.
        recorded = np.load(folder / f"{name}.npy").transpose(4, 0, 1, 2, 3)
        assert recorded.any()
        assert np.array_equal(values[:-1], recorded[1:]), name
    kernel = np.load(folder / "layer1_kernel.npy")[:, ::-1, ::-1].transpose(0, 3, 2, 1)
    assert np.array_equal(network.blocks[1].branches[0].synapse.weight, kernel)
    assert np.array_equal(network.blocks[1].bias, 64 * np.load(folder / "layer1_bias.npy"))


def test_mnist_loads_with_the_weights_that_lava_uses(caplog: pytest.LogCaptureFixture) -> None:
    path = needs(LAVA_DL / "mnist" / "trained_mnist_network.net")
    network = netx.load(path)
    assert network.shapes == ((128,), (64,), (10,))
    assert network.blocks[0].neuron == ir.Cuba(410, 410, 4096)
    with h5py.File(path) as file:
        raw = file["layer/0/weight"][()].astype(int)
    assert np.count_nonzero(network.blocks[0].branches[0].synapse.weight != raw) < 2
    assert network.input.shape == (784,)

"""Acceptance: networks published with lava-dl run here as they run in lava-dl's own Network."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from lava_spquant import ir, netx
from lava_spquant.ir import reference
from lava_spquant.proc import Network
from tests.paths import LAVA_DL, missing
from tests.proc.harness import Records, record_network, stream_into

pytestmark = pytest.mark.skipif(not LAVA_DL.is_dir(), reason=missing(LAVA_DL))


def theirs(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lava-dl's own imports warn
        from lava.lib.dl.netx import hdf5

        return hdf5.Network(str(path), **options)


def assert_equal(network: ir.Network, ours: list[Records], other: list[Records], expected, *, u_of_input: bool) -> None:
    for index, (block, have, lava_dl) in enumerate(zip(network.blocks, ours, other, strict=True)):
        for key in ("out", "u", "v"):
            if key == "u" and index == 0 and not u_of_input:
                continue  # lava-dl's image arrives as a bias, ours as a current that is forgotten at once
            want = expected.blocks[index]["spikes" if key == "out" else key][:, 0]
            want = want.transpose(0, *range(want.ndim - 1, 0, -1))
            np.testing.assert_array_equal(have[key], want, err_msg=f"{block.name}: {key} of ours")
            np.testing.assert_array_equal(lava_dl[key], want, err_msg=f"{block.name}: {key} of lava-dl's")


both_forms = pytest.mark.parametrize("fused", [True, False], ids=["fused", "layers"])


@both_forms
@pytest.mark.parametrize("options", [{}, {"reset_interval": 5, "reset_offset": 3}])
def test_mnist(options, fused):
    path, steps = LAVA_DL / "mnist" / "trained_mnist_network.net", 20
    x = (np.random.default_rng(0).random((steps, 784)) < 0.2).astype(np.int32)
    network = netx.load(path)
    ours, other = Network(network, fused=fused, **options), theirs(path, **options)
    for process in (ours, other):
        stream_into(process.inp, x)
    expected = reference.run(network, x[:, None], ir.Timing(pipelined=True, **options))
    records = [record_network(process, steps, ("u", "v")) for process in (ours, other)]
    assert_equal(network, *records, expected, u_of_input=True)
    assert expected.output.any()


@both_forms
@pytest.mark.parametrize(
    ("name", "steps", "scale"), [("tinynet/tiny.net", 24, 40), ("pilotnet_lif/network.net", 12, 24)]
)
def test_networks_whose_image_arrives_as_a_bias(name, steps, scale, fused):
    path = LAVA_DL / name
    network = netx.load(path)
    image = np.random.default_rng(1).integers(0, scale, network.input.shape)
    options = {"reset_interval": 9, "reset_offset": 0}
    ours, other = Network(network, fused=fused, **options), theirs(path, **options)
    stream_into(ours.inp, np.broadcast_to(image.T, (steps, *image.T.shape)))
    other.in_layer.neuron.bias_mant.init = image.T.copy()
    x = np.broadcast_to(image, (steps, 1, *image.shape))
    expected = reference.run(network, x, ir.Timing(pipelined=True, **options))
    records = [record_network(process, steps, ("u", "v")) for process in (ours, other)]
    assert_equal(network, *records, expected, u_of_input=False)
    assert all(block["spikes"].any() for block in expected.blocks[:3])


@pytest.mark.parametrize(
    ("num_layers", "skip_layers"), [(None, 0), (3, 0), (6, 0), (7, 0), (8, 0), (None, 1), (6, 3), (9, 8), (None, 9)]
)
def test_the_same_layers_are_kept(num_layers, skip_layers):
    path = LAVA_DL / "pilotnet_lif" / "network.net"
    ours = Network(path, num_layers=num_layers, skip_layers=skip_layers)
    other = theirs(path, num_layers=num_layers, skip_layers=skip_layers)
    assert [layer.shape for layer in ours.layers] == [tuple(layer.shape) for layer in other.layers]

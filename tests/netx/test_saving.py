from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir, netx
from lava_spquant.ir import reference
from tests.netx.samples import NEURONS, QLIF, SYNAPSES, fields_equal, gated, image_as_bias, residual, single, stock
from tests.strategies import Knobs, inputs_for, networks


def round_trip(network: ir.Network, path: Path, **options: str) -> ir.Network:
    netx.save(network, path, **options)
    loaded = netx.load(path)
    assert fields_equal(loaded, network)
    return loaded


def test_samples_hold_every_kind() -> None:
    assert set(NEURONS) == set(ir.NEURONS)
    assert set(SYNAPSES) == set(ir.SYNAPSES)


@pytest.mark.parametrize("neuron", [n for group in NEURONS.values() for n in group], ids=repr)
def test_every_neuron_comes_back(neuron: ir.Neuron, tmp_path: Path) -> None:
    round_trip(single((3,), ir.Dense([[1, 0, -1]], 1.58), neuron), tmp_path / "a.net")


@pytest.mark.parametrize(("source", "synapse"), [s for group in SYNAPSES.values() for s in group])
def test_every_synapse_comes_back(source: ir.Shape, synapse: ir.Synapse, tmp_path: Path) -> None:
    round_trip(single(source, synapse, gain=3, shift=2, bits=2), tmp_path / "a.net")


@pytest.mark.parametrize("make", [residual, stock, image_as_bias, gated])
@pytest.mark.parametrize("profile", [None, "spquant"])
def test_whole_networks_come_back(make, profile, tmp_path: Path) -> None:
    round_trip(make(), tmp_path / "a.net", profile=profile)


@given(st.data())
def test_random_networks_come_back_and_run_alike(data: st.DataObject) -> None:
    network = data.draw(networks())
    x = data.draw(inputs_for(network))
    with TemporaryDirectory() as folder:
        loaded = round_trip(network, Path(folder) / "a.net")
    for mine, other in zip(reference.run(network, x).blocks, reference.run(loaded, x).blocks, strict=True):
        assert all(np.array_equal(mine[name], other[name]) for name in mine)


@given(st.data())
def test_random_stock_networks_come_back(data: st.DataObject) -> None:
    knobs = Knobs(
        neurons=("cuba",), max_branches=1, skips=False, readout=False, gains=("lava",), synapses=("dense", "conv")
    )
    network = data.draw(networks(knobs))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.net"
        try:
            netx.save(network, path, profile="stock")
        except netx.NetXError:
            netx.save(network, path)
            assert netx.info(path).profile == "spquant"
        else:
            assert fields_equal(netx.load(path), network)


def test_stock_is_chosen_only_where_nothing_changes(tmp_path: Path) -> None:
    path = tmp_path / "a.net"
    for make, profile in ((stock, "stock"), (image_as_bias, "stock"), (residual, "spquant")):
        netx.save(make(), path)
        assert netx.info(path).profile == profile
    folded = single((2,), ir.Dense([[3, -1]], 3), ir.Cuba(0, 0, 64), gain=128)
    netx.save(folded, path)
    assert netx.info(path).profile == "spquant"


def test_saving_says_what_lava_dl_must_be_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="lava_spquant")
    wide = ir.Network(ir.InputSpec(stock().input.shape, 4), stock().blocks)
    # Spikes, an input that arrives as bias, and a file that lava-dl does not run need nothing.
    for network in (stock(), image_as_bias(), residual()):
        netx.save(network, tmp_path / "a.net")
    netx.save(wide, tmp_path / "b.net", profile="spquant")
    assert not caplog.records
    netx.save(wide, tmp_path / "b.net")
    assert caplog.messages == [f"{tmp_path / 'b.net'}: for lava-dl, hdf5.Network(..., input_message_bits=4)"]


def test_asking_for_stock_folds_gains_into_weights(tmp_path: Path) -> None:
    network = single((2,), ir.Dense([[3, -1]], 3), ir.Cuba(0, 0, 64), gain=128)
    netx.save(network, tmp_path / "a.net", profile="stock")
    loaded = netx.load(tmp_path / "a.net")
    assert loaded.blocks[0].branches[0].synapse.weight.tolist() == [[6, -2]]
    x = np.random.default_rng(0).integers(0, 2, (9, 4, 2))
    assert np.array_equal(reference.run(loaded, x).blocks[0]["v"], reference.run(network, x).blocks[0]["v"])


def test_info_tells_what_was_written(tmp_path: Path) -> None:
    metadata = {"accuracy": "99.1 %", "Überschrift": "ja"}
    netx.save(residual(), tmp_path / "a.net", metadata=metadata)
    about = netx.info(tmp_path / "a.net")
    assert (about.profile, about.format_version, about.name) == ("spquant", 1, "residual")
    assert about.metadata == metadata
    assert about.writer.startswith("lava_spquant")


def test_same_network_same_bytes(tmp_path: Path) -> None:
    for name in ("a.net", "b.net"):
        netx.save(residual(), tmp_path / name)
    assert (tmp_path / "a.net").read_bytes() == (tmp_path / "b.net").read_bytes()


def test_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.net"
    netx.save(stock(), path)
    before = path.read_bytes()
    with pytest.raises(netx.NetXError, match=r"a.net: block 'stem': neuron: found qlif"):
        netx.save(residual(), path, profile="stock")

    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lava_spquant.netx.saving.write_network", fail)
    with pytest.raises(KeyboardInterrupt):
        netx.save(residual(), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.net"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "loihi"}, "profile: found 'loihi'"),
        ({"metadata": {"a": 1}}, "metadata: found other types"),
        ({"metadata": {"a": "x" * 70_000}}, "metadata: found 7.* bytes"),
    ],
)
def test_options_are_checked(options: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(netx.NetXError, match=message):
        netx.save(residual(), tmp_path / "a.net", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "x" * 300, "a\0b", "a\nb"])
def test_names_are_checked(name: str, tmp_path: Path) -> None:
    network = ir.Network(residual().input, residual().blocks, name)
    with pytest.raises(netx.NetXError, match=r"a.net: name: found"):
        netx.save(network, tmp_path / "a.net")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(netx.NetXError, match=r"a.net: found no folder"):
        netx.save(residual(), tmp_path / "nowhere" / "a.net")


@pytest.mark.parametrize(("bits", "values"), [(1, [-1, 1]), (1.58, [-1, 0, 1]), (2, [-1, 0, 1])])
def test_two_bit_weights_take_two_bits(bits: float, values: list[int], tmp_path: Path) -> None:
    weight = np.random.default_rng(0).choice(values, (1000, 1000))
    path = tmp_path / "a.net"
    netx.save(single((1000,), ir.Dense(weight, bits), gain=1), path)
    weight_bits = 1 if bits == 1 else 2
    assert path.stat().st_size <= 1.15 * weight_bits * weight.size / 8 + 64 * 1024
    with h5py.File(path) as file:
        stored = file["layer/1/weight"][()]
    assert stored.dtype == np.int8
    assert np.array_equal(stored, weight)


def test_a_layer_costs_little(tmp_path: Path) -> None:
    dense = ir.Dense([[1, 1], [1, -1]], 1)
    blocks = [ir.Block(f"b{i}", (ir.Branch(dense, [9, 9], source=i - 1),), QLIF, [0, 0]) for i in range(100)]
    netx.save(ir.Network(ir.InputSpec((2,)), tuple(blocks)), tmp_path / "a.net")
    assert (tmp_path / "a.net").stat().st_size < 100 * 6000


def test_files_keep_the_permissions_of_new_files(tmp_path: Path) -> None:
    netx.save(stock(), tmp_path / "a.net")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "a.net").stat().st_mode == (tmp_path / "plain").stat().st_mode

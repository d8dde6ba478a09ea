"""Networks to and from other frameworks, and to fewer bits, in the shell."""

from __future__ import annotations

from pathlib import Path

import nir
import numpy as np
import pytest

from lava_spquant import netx
from lava_spquant import nir as exchange
from lava_spquant.ir import reference
from tests.cli.conftest import Shell
from tests.nir.graphs import from_nodes, lif
from tests.nir.test_loading import assert_equal

FLOAT = """\
name: twin
data: {name: digits, steps: 2}
model: {architecture: 8s2-FC, weight: none, first_weight: none, last_weight: none, membrane: none}
training: {epochs: 3, batch_size: 32, learning_rate: 0.01}
"""
FOUR = [f"--set=model.{field}=int4-channel" for field in ("weight", "first_weight", "last_weight")]


def test_a_network_to_nir_and_back(shell: Shell, digits_net: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "tiny.nir"
    exported = shell("export", digits_net, "-o", path, "--dt", 1e-4, "--json")
    assert exported.code == 0, exported.err
    assert exported.values == {"ok": True, "path": str(path), "dt": 1e-4, "bytes": path.stat().st_size}
    assert nir.read(path).nodes["0_conv0"].v_threshold.max() == 1
    imported = shell("import-nir", path, "--json")
    assert imported.code == 0, imported.err
    assert imported.values["exact"] is True
    assert_equal(netx.load(path.with_suffix(".net")), netx.load(digits_net))
    beside = shell("export", digits_net, "--format", "nir", "--json")
    assert beside.values["path"] == str(digits_net.with_suffix(".nir"))


def test_a_network_of_another_framework(shell: Shell, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    nir.write(tmp_path / "other.nir", from_nodes((4,), nir.Linear(rng.normal(1, 1, (3, 4)) * 5), lif(3)))
    out = tmp_path / "other.net"
    done = shell("import-nir", tmp_path / "other.nir", "--dt", 1e-3, "--membrane", "int4", "-o", out, "--json")
    assert done.code == 0, done.err
    assert (done.values["exact"], done.values["blocks"]) == (False, 1)
    network = netx.load(out)
    assert network.blocks[0].neuron.membrane.bits == 4
    assert reference.run(network, np.ones((20, 1, 4), int)).output.any()
    again = shell("export", out, "--format", "nir")
    assert again.code == 0, again.err
    assert exchange.has_integers(exchange.read(tmp_path / "other.nir"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["import-nir", "{plain}"], "found no time step, expected --dt"),
        (["import-nir", "{plain}", "--dt", "1", "--rule", "rk4"], "rule: found 'rk4'"),
        (["import-nir", "{missing}"], "found no file"),
        (["export", "{net}", "--format", "onnx"], "--format: found 'onnx'"),
        (["export", "{net}", "--format", "nir", "--profile", "stock"], "--profile: found 'stock'"),
        (["export", "{net}"], "found no checkpoint"),
        (["calibrate", "{missing}", "-o", "{plain}"], "found no file"),
    ],
)
def test_bad_input_is_said_in_a_line(
    shell: Shell, digits_net: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    nir.write(tmp_path / "plain.nir", from_nodes((4,), nir.Linear(np.eye(4)), lif(4)))
    places = {"plain": tmp_path / "plain.nir", "missing": tmp_path / "missing.ckpt", "net": digits_net}
    done = shell(*(argument.format(**places) for argument in arguments))
    assert done.code == 2
    assert message in done.err


def test_calibrate_and_go_on_training(shell: Shell, tmp_path: Path) -> None:
    recipe = tmp_path / "twin.yaml"
    recipe.write_text(FLOAT)
    trained = shell("train", recipe, "--out", tmp_path / "float", "--json")
    assert trained.code == 0, trained.err
    four = tmp_path / "four" / "four.ckpt"
    levels = "--set=model.membrane=int3"
    done = shell("calibrate", trained.values["checkpoint"], *FOUR, levels, "-o", four, "--samples", 100, "--json")
    assert done.code == 0, done.err
    assert done.values["accuracy_before"] == pytest.approx(trained.values["accuracy"])
    assert done.values["accuracy"] > trained.values["accuracy"] - 0.06
    assert [row["weight_bits"] for row in done.values["blocks"]] == ["4", "4"]
    assert done.values["blocks"][0]["levels"] == "-4..3 / 2"

    ran = shell("run", four, "-e", "slayer", "--json")
    assert ran.values["accuracy"] == pytest.approx(done.values["accuracy"])
    exported = shell("export", four, "--json")
    assert exported.code == 0, exported.err
    assert netx.load(exported.values["path"]).blocks[0].branches[0].synapse.weight_bits == 4

    tune = ["--set=training.epochs=1", "--set=training.learning_rate=0.001", "--initial", four]
    tuned = shell("train", recipe, *FOUR, levels, *tune, "--out", tmp_path / "tuned", "--json")
    assert tuned.code == 0, tuned.err
    assert tuned.values["accuracy"] > done.values["accuracy"] - 0.03
    by_layer = shell("calibrate", four, "--set=model.weights=[int5,int4]", "-o", tmp_path / "again.ckpt")
    assert by_layer.code == 0, by_layer.err
    assert "weight error" in by_layer.out

    other = shell("train", recipe, "--set=model.architecture=4-FC", "--initial", four, "--out", tmp_path / "other")
    assert other.code == 2
    assert "initial: found another architecture" in other.err
    refused = shell("calibrate", four, "--set=training.epochs=4", "-o", tmp_path / "again.ckpt")
    assert refused.code == 2
    assert "expected only model.weight" in refused.err

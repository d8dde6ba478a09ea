"""States and files of gated blocks: what fits, what is refused, and what comes back."""

from __future__ import annotations

import copy
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from lava_spquant import netx
from lava_spquant.ir.reference import run
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.gate import GateConfig
from tests.slayer.block.test_gated import MODELS, gated_blocks
from tests.slayer.gated_models import SPEC, half_open, open_shares, random_input
from tests.slayer.test_exactness import assert_same


def pair(name: str) -> tuple[SpikingNetwork, SpikingNetwork]:
    """Return a model without predictors, and one with."""
    make = block.Residual if name == "residual" else None

    def blocks(gates: GateConfig | None) -> list[block.Deployable]:
        first = block.Conv({}, 2, 4, 3, padding=1, batch_norm=True)
        if make is not None:
            return [first, make({"learn_threshold": "channel"}, 4, 6, 3, 2, gates=gates, size=(8, 16))]
        conv = block.Conv({"learn_threshold": "channel"}, 4, 6, 3, padding=1, batch_norm=True)
        return [first, conv if gates is None else block.Gated(conv, 4, 6, (8, 16), gates)]

    torch.manual_seed(0)
    dense = SpikingNetwork(blocks(None), SPEC)
    half_open(dense)
    torch.manual_seed(7)
    return dense, SpikingNetwork(blocks(GateConfig("both")), SPEC).eval()


@pytest.mark.parametrize("name", MODELS)
def test_the_state_of_a_model_without_gates_fits(name: str) -> None:
    dense, gated = pair(name)
    state = dense.state_dict()
    keys = list(state)
    before = copy.deepcopy({key: value for key, value in gated.state_dict().items() if "predictors" in key})
    copied = copy.deepcopy(gated)
    for model in (gated, copied):
        model.load_state_dict(state)
        after = model.state_dict()
        assert all(torch.equal(after[key], value) for key, value in before.items())
        assert all(torch.equal(value, after[key]) for key, value in state.items() if key in after)
    assert list(state) == keys
    # With everything open they are one and the same.
    for part in gated_blocks(gated):
        for gate in part.gates.values():
            gate.block.branches[0].norm.bias.data.fill_(50.0)  # type: ignore[union-attr, operator]
    x = random_input(3, 2)
    assert open_shares(gated.to_ir(), x) == [1.0] * len(gated_blocks(gated))
    np.testing.assert_array_equal(gated.trace(x).output, dense.trace(x).output)
    assert dense.trace(x).output.any()
    again = pair(name)[1]
    again.load_state_dict(gated.state_dict())
    np.testing.assert_array_equal(again.trace(x).output, gated.trace(x).output)


@pytest.mark.parametrize("name", MODELS)
def test_other_states_are_refused(name: str) -> None:
    dense, gated = pair(name)
    plain, whole = dense.state_dict(), gated.state_dict()
    weight = next(key for key in plain if key.startswith("blocks.1.") and key.endswith("synapse.weight"))
    decider = next(key for key in whole if "predictors" in key)
    inner = next(key for key in whole if ".block." in key and "predictors" not in key)
    for state, missing in ((plain, weight), (whole, decider), (whole, inner)):
        less = {key: value for key, value in state.items() if key != missing}
        with pytest.raises(RuntimeError, match=r"Missing key\(s\)"):
            gated.load_state_dict(less)
        more = {**state, f"{missing}_2": state[missing]}
        with pytest.raises(RuntimeError, match=r"Unexpected key\(s\)"):
            gated.load_state_dict(more)
        with pytest.raises(RuntimeError, match="size mismatch"):
            gated.load_state_dict({**state, missing: torch.zeros(1, 99)})
    without = {key: value for key, value in whole.items() if "predictors" not in key}
    with pytest.raises(RuntimeError, match=r"Missing key\(s\)"):
        gated.load_state_dict(without)
    with pytest.raises(RuntimeError, match=r"Unexpected key\(s\)"):
        dense.load_state_dict(whole)


@pytest.mark.parametrize("name", MODELS)
def test_a_file_holds_the_same_network(name: str, tmp_path: Path) -> None:
    model = MODELS[name](GateConfig("both"))
    x = random_input(3, 2)
    model.export_hdf5(tmp_path / "all.net")
    network = netx.load(tmp_path / "all.net")
    assert [found.name for found in network.blocks] == [found.name for found in model.to_ir().blocks]
    assert_same(run(network, x), run(model.to_ir(), x), network)


@pytest.mark.parametrize("index", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_a_block_is_exported_by_itself_as_slayers_are(name: str, index: int, tmp_path: Path) -> None:
    *before, part = list(MODELS[name](GateConfig("both")))[: index + 1]
    x = torch.from_numpy(random_input(3, 2)).float().movedim(0, -1)
    for earlier in before:
        x = earlier(x)
    out = part(x)
    with h5py.File(tmp_path / "one.net", "w") as file:
        part.export_hdf5(file.create_group("layer/0"))
    network = netx.load(tmp_path / "one.net", input_shape=tuple(x.shape[1:4]), input_bits=1)
    found = run(network, x.movedim(-1, 0).numpy().astype(np.int32)).output
    np.testing.assert_array_equal(found, out.movedim(-1, 0).numpy())
    assert found.any()

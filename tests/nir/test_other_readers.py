"""Files of ours in other frameworks, read by their own importers."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path

import nir
import numpy as np
import pytest
import torch

from lava_spquant import ir
from lava_spquant import nir as exchange
from lava_spquant.ir import reference

DT = 1e-4
"""Seconds per step that snnTorch assumes."""


def network(rng: np.random.Generator) -> ir.Network:
    def block(name: str, outputs: int, inputs: int, source: int, bias: int) -> ir.Block:
        synapse = ir.Dense(rng.integers(-7, 8, (outputs, inputs)), 4)
        gains = np.full(outputs, 9600)  # fine enough for a leak in integers to spike as one in float
        return ir.Block(name, (ir.Branch(synapse, gains, 0, source),), ir.QLif(1024, 1 << 16), [bias] * outputs, 16)

    return ir.Network(ir.InputSpec((6,)), (block("first", 8, 6, ir.INPUT, 0), block("second", 3, 8, 0, 1600)))


def test_snntorch_gives_the_same_spikes(tmp_path: Path) -> None:
    for module in ("snntorch", "nirtorch"):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed: the extra 'compare' brings it")
    rng = np.random.default_rng(0)
    ours = network(rng)
    exchange.save(ours, tmp_path / "ours.nir", DT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what these packages say about themselves
        from snntorch.import_nir import import_from_nir

        theirs = import_from_nir(nir.read(tmp_path / "ours.nir"))
    x = (rng.random((20, 8, 6)) < 0.5).astype(int)
    state, outputs = None, []
    with torch.no_grad():
        for step in x:
            spikes, state = theirs(torch.tensor(step, dtype=torch.float32), state)
            outputs.append((spikes[0] if isinstance(spikes, tuple) else spikes).numpy())
    expected = reference.run(ours, x).output
    assert 0.1 < expected.mean() < 0.9
    np.testing.assert_array_equal(np.stack(outputs), expected)

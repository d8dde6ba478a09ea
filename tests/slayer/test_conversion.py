"""The conversion report says what was lost, branch by branch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lava_spquant import ir, slayer
from lava_spquant.slayer import block

NEURON = {"threshold": 1.0, "membrane": "ternary"}


def test_one_row_per_branch_with_the_figures_of_the_deployed_network() -> None:
    torch.manual_seed(0)
    blocks = [
        block.Conv(NEURON, 2, 4, (3, 1), padding=(1, 0), weight="sawb8", batch_norm=True),
        block.Pool(None, 2),
        block.Residual(NEURON, 4, 4, weight="ternary"),
        block.Flatten(),
        block.Readout(4 * 3 * 2, 3),
    ]
    spec = ir.InputSpec((2, 6, 5), 8)
    network = slayer.SpikingNetwork(blocks, spec).to_ir()
    rows = slayer.conversion_report(blocks, spec)
    assert [(r.block, r.branch) for r in rows] == [(b.name, i) for b in network.blocks for i in range(len(b.branches))]
    made = [branch for b in network.blocks for branch in b.branches]
    for row, branch in zip(rows, made, strict=True):
        assert row.weight_bits == branch.synapse.weight_bits
        assert row.gain_bits == int(np.abs(branch.gain).min()).bit_length()
        weight = getattr(branch.synapse, "weight", np.ones(1))
        assert row.zero_share == pytest.approx(float((weight == 0).mean()))
        assert row.steep == 0
        assert row.largest_current > 0


def test_shares_of_zeros_and_of_clipped_weights_by_hand() -> None:
    dense = block.Dense(NEURON, 4, 1, weight="ternary")
    with torch.no_grad():
        # Threshold 0.05, scale 1.6 / 3: only 1.0 lies more than half a step beyond it.
        dense.synapse.weight.copy_(torch.tensor([[1.0, -0.4, 0.2, 0.01]]))
    (row,) = slayer.conversion_report([dense], ir.InputSpec((4,)))
    assert row.zero_share == 0.25
    assert row.scale == pytest.approx(1.6 / 3)
    assert row.clipped_share == 0.25


def test_channels_that_hardly_ever_received_a_spike_are_counted() -> None:
    dense = block.Dense(NEURON, 3, 2, weight="binary", batch_norm=True)
    norm = dense.branches[0].norm
    assert norm is not None
    norm.running_var.copy_(torch.tensor([1e-9, 1.0]))
    (row,) = slayer.conversion_report([dense], ir.InputSpec((3,)))
    assert row.steep == 1

"""Channels that hang together, and networks without some of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.ir.channels import Keep, Width, remove_channels, widths
from lava_spquant.ir.reference import Trace
from tests.strategies import cases, random_input, random_network


def silent(network: ir.Network, trace: Trace) -> list[Keep]:
    """Per width, which channels sent something in any of its blocks; at least one, and all of a fixed one."""
    keep = []
    for width in widths(network):
        sent = np.zeros(width.channels, bool)
        for index in width.blocks:
            for name in network.blocks[index].neuron.outputs:
                stream = trace.blocks[index][name]
                sent |= np.moveaxis(stream, 2, 0).reshape(width.channels, -1).any(axis=1)
        if width.fixed:
            sent[:] = True
        elif not sent.any():
            sent[0] = True
        keep.append(sent)
    return keep


def assert_nothing_else_changes(network: ir.Network, x: ir.IntArray) -> int:
    before = reference.run(network, x)
    keep = silent(network, before)
    less = remove_channels(network, keep)
    after = reference.run(less, x)
    for width, mask in zip(widths(network), keep, strict=True):
        for index in width.blocks:
            for name, values in after.blocks[index].items():
                assert np.array_equal(values, before.blocks[index][name][:, :, mask]), (index, name)
    return int(sum((~mask).sum() for mask in keep))


@settings(max_examples=150, deadline=None)
@given(cases())
def test_a_channel_that_never_fires_can_go(case: tuple[ir.Network, ir.IntArray]) -> None:
    assert_nothing_else_changes(*case)


def test_channels_really_go() -> None:
    removed = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        network = random_network(rng)
        removed += assert_nothing_else_changes(network, random_input(rng, network)) > 0
    assert removed >= 10


def conv(shape: tuple[int, ...], source: int, groups: int = 1) -> ir.Branch:
    weight = np.random.default_rng(source + 1).integers(-1, 2, shape)
    return ir.Branch(ir.Conv(weight, 1.58, padding=shape[2] // 2, groups=groups), np.full(shape[0], 9), source=source)


def residual() -> ir.Network:
    neuron = ir.QLif(2048, 20)
    skip = ir.Branch(ir.Identity(), np.full(4, 20), source=0)
    return ir.Network(
        ir.InputSpec((2, 5, 4), 4),
        (
            ir.Block("stem", (conv((4, 2, 3, 3), ir.INPUT),), neuron, np.zeros(4, int)),
            ir.Block("inner", (conv((6, 4, 3, 3), 0),), neuron, np.zeros(6, int)),
            ir.Block("join", (conv((4, 6, 3, 3), 1), skip), neuron, np.arange(4)),
            ir.Block("pool", (ir.Branch(ir.SumPool(2), np.ones(4, int), source=2),), ir.Relay(), np.zeros(4, int), 0),
            ir.Block("depthwise", (conv((4, 1, 1, 1), 3, groups=4),), neuron, np.zeros(4, int)),
            ir.Block("grouped", (conv((4, 2, 1, 1), 4, groups=2),), neuron, np.zeros(4, int)),
            ir.Block("out", (ir.Branch(ir.Dense(np.ones((3, 16), int), 2), np.ones(3, int), source=5),), ir.Readout(),
                     np.zeros(3, int)),
        ),
    )  # fmt: skip


def test_what_hangs_together() -> None:
    assert widths(residual()) == (
        Width((0, 2, 3, 4), 4, True, least=2),
        Width((1,), 6, False),
        Width((5,), 4, True),
        Width((6,), 3, True),
    )
    free = ir.Network(residual().input, residual().blocks[:5])
    assert [width.fixed for width in widths(free)] == [True, False]  # the last block is the output


def test_a_pool_and_a_skip_go_with_what_they_read() -> None:
    parts = residual().blocks[:5]
    out = ir.Branch(ir.Dense(np.arange(48).reshape(3, 16) % 3 - 1, 1.58), np.ones(3, int), source=4)
    network = ir.Network(residual().input, (*parts, ir.Block("out", (out,), ir.Readout(), np.zeros(3, int))))
    keep = np.array([True, False, True, True])
    less = remove_channels(network, [keep, np.arange(6) % 2 == 0, np.ones(3, bool)])
    assert [shape[0] for shape in less.shapes] == [3, 3, 3, 3, 3, 3]
    assert less.blocks[4].branches[0].synapse.groups == 3  # type: ignore[attr-defined]
    dense = less.blocks[5].branches[0].synapse
    assert np.array_equal(dense.weight, np.delete(np.arange(48).reshape(3, 4, 4) % 3 - 1, 1, axis=1).reshape(3, 12))  # type: ignore[attr-defined]
    assert less.blocks[2].bias.tolist() == [0, 2, 3]


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ([np.ones(4, bool)], "channels to keep: found 1, expected 4, one per width"),
        ([np.ones(4, bool), np.ones(5, bool), np.ones(4, bool), np.ones(3, bool)], r"'inner'.*\(5,\), expected \(6,\)"),
        ([np.ones(4, bool), np.zeros(6, bool), np.ones(4, bool), np.ones(3, bool)], "'inner'.*found none"),
        ([np.ones(4, bool), np.ones(6, bool), np.ones(4, bool), np.arange(3) > 0], "'out'.*found 2, expected all 3"),
    ],
)  # fmt: skip
def test_what_cannot_go(keep: list[Keep], message: str) -> None:
    with pytest.raises(ir.NetworkError, match=message):
        remove_channels(residual(), keep)


@given(cases())
@settings(max_examples=30, deadline=None)
def test_keeping_all_changes_nothing(case: tuple[ir.Network, ir.IntArray]) -> None:
    network, x = case
    same = remove_channels(network, [np.ones(width.channels, bool) for width in widths(network)])
    assert np.array_equal(reference.run(same, x).output, reference.run(network, x).output)

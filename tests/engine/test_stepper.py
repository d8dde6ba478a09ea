"""Single steps give the reference's integers, and views that are alive."""

from __future__ import annotations

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.engine import Engine, Stepper
from lava_spquant.ir import reference
from tests.strategies import random_input, random_network

TIMINGS = [ir.ALIGNED, ir.Timing(True), ir.Timing(True, 3), ir.Timing(False, 2), ir.Timing(True, 4, 6)]


@pytest.mark.parametrize("timing", TIMINGS, ids=str)
@pytest.mark.parametrize("vector", [True, False], ids=["vector", "portable"])
@pytest.mark.parametrize("late", [True, False], ids=["input after", "input before"])
def test_random_networks(timing, vector, late):
    for seed in range(15):
        generator = np.random.default_rng(seed)
        network = random_network(generator)
        x = random_input(generator, network, steps=(6, 9), batch=(1, 1))
        want = reference.run(network, x, timing)
        stepper = Stepper(Engine(network, timing, vector=vector))
        for step, image in enumerate(x[:, 0]):
            if late and stepper.reads_late:
                stepper.advance()
                stepper.load(image)
            else:
                stepper.load(image)
                stepper.advance()
            for b, block in enumerate(network.blocks):
                views = {name: stepper.state(b, name) for name in block.neuron.state_names}
                for name, view in (views | {block.output_name(): stepper.output(b)}).items():
                    np.testing.assert_array_equal(view, want.blocks[b][name][step, 0], err_msg=f"{seed} {b} {name}")


def single(timing: ir.Timing = ir.ALIGNED) -> Stepper:
    conv = ir.Conv(np.ones((2, 1, 1, 2), int), 2)
    block = ir.Block("only", (ir.Branch(conv, [1, 2]),), ir.QLif(0, 100), bias=[0, 0])
    return Stepper(Engine(ir.Network(ir.InputSpec((1, 2, 3), 4), (block,)), timing))


def test_states_are_written_in_place():
    stepper = single()
    v = stepper.state(0, "v")
    v[1] = [[10, 20], [30, 99]]
    stepper.load(np.ones((1, 2, 3), np.int32))
    stepper.advance()
    assert v.tolist() == [[[2, 2], [2, 2]], [[14, 24], [34, 0]]]
    assert stepper.output(0).tolist() == [[[0, 0], [0, 0]], [[0, 0], [0, 1]]]


def test_which_networks_read_late():
    assert not single().reads_late
    assert single(ir.Timing(pipelined=True)).reads_late


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, 3, 2), int), r"step 1: input: shape: found \(1, 3, 2\), expected \(1, 2, 3\)"),
        (np.full((1, 2, 3), 16), r"step 1: input: values: found 16\.\.16, expected 0\.\.15"),
        (np.full((1, 2, 3), -1), r"step 1: input: values: found -1\.\.-1, expected 0\.\.15"),
    ],
)
def test_bad_input(x, message):
    with pytest.raises(ir.NetworkError, match=message):
        single().load(x)

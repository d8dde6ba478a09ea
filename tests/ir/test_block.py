from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from lava_spquant.ir import Block, Branch, Conv, Dense, Identity, NetworkError, QLif, Readout, constant_gain

DENSE = Dense([[1, 1], [1, -1]], 1)


def branch(**fields: object) -> Branch:
    return Branch(**{"synapse": DENSE, "gain": [1, 1], **fields})


def block(**fields: object) -> Block:
    return Block(**{"name": "a", "branches": (branch(),), "neuron": QLif(0, 1), "bias": [0, 0], **fields})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"gain": [[1, 1]]}, r"branch: gain shape: found \(1, 2\), expected \(C,\)"),
        ({"gain": []}, "branch: gain shape"),
        ({"gain": [1, 32768]}, "branch: gain: found values in 1..32768"),
        ({"gain": [1, -32768]}, "branch: gain: found -32768, expected at least -32767"),
        ({"gain": [1, 0.5]}, "branch: gain: found values that are not whole numbers"),
        ({"gain": [1, float("nan")]}, "branch: gain"),
        ({"shift": -1}, r"branch: shift: found -1, expected a whole number in 0..31"),
        ({"shift": 32}, "branch: shift: found 32"),
        ({"shift": 1.0}, "branch: shift: found 1.0"),
        ({"source": -2}, "branch: source: found -2"),
        ({"source": 0.0}, "branch: source: found 0.0"),
    ],
)
def test_branch_refuses(fields: dict[str, object], message: str) -> None:
    with pytest.raises(NetworkError, match=f"^{message}"):
        branch(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "block: name"),
        ({"branches": ()}, "block 'a': branches: found 0, expected at least 1"),
        ({"bias": [2**31, 0]}, "block 'a': bias: found values in 0..2147483648"),
        ({"bias": [0.1, 0]}, "block 'a': bias: found values that are not whole numbers"),
        ({"frac_bits": -1}, "block 'a': frac_bits: found -1, expected 0..22"),
        ({"frac_bits": 23}, "block 'a': frac_bits: found 23"),
        ({"frac_bits": 6.0}, "block 'a': frac_bits: found 6.0"),
    ],
)
def test_block_refuses(fields: dict[str, object], message: str) -> None:
    with pytest.raises(NetworkError, match=f"^{message}"):
        block(**fields)


def test_frozen_down_to_the_arrays() -> None:
    b = block(branches=[branch()])
    assert isinstance(b.branches, tuple)
    with pytest.raises(FrozenInstanceError):
        b.name = "b"
    for array in (b.bias, b.branches[0].gain, DENSE.weight):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_num_channels_and_output_name() -> None:
    assert block().num_channels == 2
    assert block().output_name() == block().output_name("spikes") == "spikes"
    with pytest.raises(NetworkError, match="^block 'a': output: found spikes, expected one of"):
        block(neuron=Readout()).output_name("spikes")


def test_bias_per_channel_or_per_neuron() -> None:
    conv = branch(synapse=Conv(np.ones((2, 1, 1, 1), int), 1))
    assert block(branches=(conv,), bias=[1, 2]).check_shape([(1, 2, 3)]) == (2, 2, 3)
    assert block(branches=(conv,), bias=np.zeros((2, 2, 3), int)).check_shape([(1, 2, 3)]) == (2, 2, 3)
    for wrong in (np.zeros(3, int), np.zeros((2, 3, 2), int), np.zeros((2, 1, 1), int), np.zeros((), int)):
        with pytest.raises(NetworkError, match=r"^block 'a': bias shape: .*expected \(2,\) or \(2, 2, 3\)"):
            block(branches=(conv,), bias=wrong).check_shape([(1, 2, 3)])


def test_branches_must_agree() -> None:
    wide = branch(synapse=Dense(np.ones((3, 2), int), 1))
    with pytest.raises(NetworkError, match=r"^block 'a': branch shapes: found \[\(2,\), \(3,\)\], expected one shape"):
        block(branches=(branch(), wide)).check_shape([(2,), (2,)])
    long = branch(synapse=Identity(), gain=[1, 1, 1])
    with pytest.raises(NetworkError, match="^block 'a': gain of branch 1: found 3, expected 2"):
        block(branches=(branch(), long)).check_shape([(2,), (2,)])


def test_constant_gain() -> None:
    gain = np.asarray(constant_gain(64, 3))
    assert gain.tolist() == [64, 64, 64]
    assert gain.dtype == np.int16

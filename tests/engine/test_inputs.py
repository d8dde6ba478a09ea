"""Every memory layout and element type of an input means the same; what does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import Engine, Session
from lava_spquant.engine.inputs import lay_out
from tests.engine.harness import EVERYTHING, assert_same

BYTES = (np.uint8, np.int8, np.bool_)
ELEMENTS = (*BYTES, np.int16, np.int32, np.int64, np.uint64, np.float32)


def network(channels: int, height: int, width: int) -> ir.Network:
    """Return a convolution with an asymmetric kernel behind spikes, and a branch that reads them by place."""
    rng = np.random.default_rng(channels * 100 + height * 10 + width)
    conv = ir.Conv(rng.integers(-3, 4, (channels, channels, 3, 2)), 3, padding=(1, 1))
    first = ir.Block("first", (ir.Branch(conv, gain=[40] * channels),), ir.QLif(400, 64), [3] * channels)
    branch = ir.Branch(ir.Identity(), gain=[30] * channels, source=ir.INPUT)
    second = ir.Block("second", (branch,), ir.QLif(0, 64), [0] * channels)
    return ir.Network(ir.InputSpec((channels, height, width)), (first, second))


def layouts(x: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    """Return the same values (T, N, C, H, W) in other orders in memory, some with gaps."""
    orders = [(0, 1, 3, 4, 2), (1, 0, 2, 3, 4), (4, 3, 2, 1, 0)]
    views = [np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order)) for order in orders]
    gaps = np.zeros((*x.shape[:-1], 2 * x.shape[-1] + 1), x.dtype)
    gaps[..., 1::2] = x
    return [x, *views, gaps[..., 1::2], x[:, :, :, ::-1].copy()[:, :, :, ::-1]]


@pytest.mark.parametrize("vector", [True, False])
@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 70), st.sampled_from(ELEMENTS), st.integers(0, 2**32 - 1))
def test_element_types_and_layouts_mean_the_same(
    vector: bool, channels: int, height: int, width: int, element: type, seed: int
) -> None:
    spikes = np.random.default_rng(seed).random((2, 3, channels, height, width)) < 0.4
    engine = Engine(network(channels, height, width), threads=2, vector=vector)
    expected = ir.reference.run(engine.network, spikes.astype(np.int32))
    for x in layouts(spikes.astype(element)):
        assert_same(engine.run(x, record=EVERYTHING), expected, f"{element.__name__} {x.strides}")


@pytest.mark.parametrize("vector", [True, False])
@pytest.mark.parametrize("inputs", [1, 15, 16, 17, 63, 64, 65, 130])
def test_bits_lie_in_the_order_of_places(inputs: int, vector: bool) -> None:
    spikes = np.random.default_rng(inputs).random((3, 2, inputs)) < 0.5
    dense = ir.Dense(np.ones((1, inputs), int), 2)
    net = ir.Network(ir.InputSpec((inputs,)), (ir.Block("b", (ir.Branch(dense, gain=[1]),), ir.QLif(0, 64), [0]),))
    for x in (spikes, spikes.astype(np.int32)):
        laid = lay_out(Engine(net).program, x, 1, vector)
        bits = np.unpackbits(laid.words.view(np.uint8), axis=-1, bitorder="little")[..., :inputs]
        np.testing.assert_array_equal(bits[:, :, 0], spikes)
        assert laid.words.shape[-1] % 4 == 0


@pytest.mark.parametrize("vector", [True, False])
@pytest.mark.parametrize(
    ("element", "value", "found"),
    [(np.int32, 2, "0..2"), (np.int32, -1, "-1..1"), (np.int8, -1, "-1..1"), (np.uint8, 255, "0..255"),
     (np.int64, 2**40, f"0..{2**40}")],
)  # fmt: skip
def test_one_wrong_value_among_many_is_refused(element: type, value: int, found: str, vector: bool) -> None:
    engine = Engine(network(2, 3, 40), threads=2, vector=vector)
    for place in (0, -1, 1234):
        x = (np.random.default_rng(0).random((3, 4, 2, 3, 40)) < 0.5).astype(element)
        x.reshape(-1)[place] = value
        for given_x in layouts(x):
            with pytest.raises(ir.NetworkError, match=rf"input: values: found {found}, expected 0\.\.1"):
                engine.run(given_x)


def test_a_refused_input_leaves_a_session_as_it_was() -> None:
    engine = Engine(network(1, 2, 5), threads=2)
    x = (np.random.default_rng(0).random((6, 1, 1, 2, 5)) < 0.5).astype(np.uint8)
    session = Session(engine)
    session.run(x[:3])
    wrong = x[3:].copy()
    wrong[-1, 0, 0, 1, 4] = 7
    with pytest.raises(ir.NetworkError, match=r"found 0\.\.7"):
        session.run(wrong)
    rest = session.run(x[3:]).output
    np.testing.assert_array_equal(rest, engine.run(x).output[3:])


def test_a_large_input_is_packed_on_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lava_spquant.engine.inputs.PLACES_PER_THREAD", 10)
    engine = Engine(network(2, 3, 7), threads=3)
    x = (np.random.default_rng(0).random((3, 5, 2, 3, 7)) < 0.5).astype(np.int32)
    assert_same(engine.run(x, record=EVERYTHING), ir.reference.run(engine.network, x))
    x[2, 4, 1, 2, 6] = 3
    with pytest.raises(ir.NetworkError, match=r"found 0\.\.3"):
        engine.run(x)


def test_a_static_image_is_packed_once() -> None:
    image = np.random.default_rng(0).random((1, 2, 2, 3, 7)) < 0.5
    x = np.broadcast_to(image, (4, *image.shape[1:]))
    engine = Engine(network(2, 3, 7))
    laid = lay_out(engine.program, x, 1, True)
    assert laid.static
    assert laid.words.strides[0] == 0
    assert_same(engine.run(x, record=EVERYTHING), ir.reference.run(engine.network, x))

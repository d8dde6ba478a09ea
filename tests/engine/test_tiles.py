"""Binary convolutions in matrix tiles: the reference's spikes, and weights where the tiles expect them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine._cpu import has_tiles
from lava_spquant.engine.program import compile_program
from lava_spquant.engine.tiles import lay_tiles
from lava_spquant.engine.weights import Pool
from lava_spquant.ir import Timing, reference
from tests.engine.harness import assert_exact, assert_output
from tests.engine.test_binary_spikes import Pair, network

with_tiles = pytest.mark.skipif(not has_tiles(), reason="this processor multiplies no tiles (AMX)")


@pytest.fixture(autouse=True, scope="module")
def _small_images() -> Iterator[None]:
    """Take tiles also where an image is too small to gain by them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lava_spquant.engine.tiles.PIXELS_MIN", 1)
        yield


def is_tiled(made: ir.Network, vector: bool = True) -> bool:
    return bool(compile_program(made, ir.ALIGNED, vector).branches[1, t.R_TILES])


@with_tiles
@given(
    seed=st.integers(0, 2**32 - 1),
    inputs=st.integers(16, 130),
    outputs=st.sampled_from([32, 64, 96, 160]),
    size=st.tuples(st.integers(1, 9), st.integers(1, 19)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 4)),
    dilation=st.integers(1, 3),
    reader=st.sampled_from(["packed", "pooled", "nobody"]),
)
@settings(max_examples=60, deadline=None)
def test_any_convolution(
    seed: int, inputs: int, outputs: int, size: Pair, kernel: Pair, dilation: int, reader: str
) -> None:
    rng = np.random.default_rng(seed)
    made = network(rng, inputs, outputs, size, kernel, (1, 1), (dilation, 1), reader)
    assert is_tiled(made)
    assert not is_tiled(made, vector=False)
    x = rng.integers(0, 8, (2, 3, 2, *size))
    expected = assert_exact(made, x, threads=(1,), vector=(True,))
    assert_output(made, x, expected)


@with_tiles
@pytest.mark.parametrize("timing", [Timing(True), Timing(True, 3), Timing(reset_interval=2)])
def test_delays(timing: Timing) -> None:
    rng = np.random.default_rng(1)
    made = network(rng, 70, 64, (5, 4), (3, 3))
    assert is_tiled(made)
    x = rng.integers(0, 8, (7, 2, 2, 5, 4))
    expected = assert_exact(made, x, timing)
    assert_output(made, x, expected, timing)


@with_tiles
@pytest.mark.parametrize("reader", ["packed", "pooled", "nobody"])
def test_rows_shared_by_threads(reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lava_spquant.engine.simulator.SHARED_NEURONS", 1)
    rng = np.random.default_rng(2)
    made = network(rng, 64, 64, (9, 5), (3, 2), (1, 1), (2, 1), reader)
    x = rng.integers(0, 8, (1, 1, 2, 9, 5))
    assert_output(made, x, reference.run(made, x), threads=(2, 3, 5))


@with_tiles
@pytest.mark.parametrize("sign", [-1, 1])
def test_one_sign(sign: int) -> None:
    """The largest sums there are, and none."""
    rng = np.random.default_rng(3)
    made = network(rng, 130, 32, (3, 4), (3, 3))
    conv = ir.Conv(np.full((32, 130, 3, 3), sign), 1, 1, 1)
    block = ir.Block("c", (ir.Branch(conv, np.full(32, 3), 2, 0),), ir.Threshold(1), rng.integers(-900, 900, 32))
    made = ir.Network(made.input, (made.blocks[0], block, made.blocks[2]))
    assert is_tiled(made)
    for x in (rng.integers(0, 8, (1, 2, 2, 3, 4)), np.zeros((1, 1, 2, 3, 4), int), np.full((1, 1, 2, 3, 4), 7)):
        assert_exact(made, x, threads=(1,))


@pytest.mark.parametrize(
    ("outputs", "stride", "dilation", "reader"),
    [(33, (1, 1), (1, 1), "packed"), (32, (2, 1), (1, 1), "packed"), (32, (1, 1), (1, 2), "packed"),
     (32, (1, 1), (1, 1), "listed")],
)  # fmt: skip
def test_what_is_not_tiled(
    outputs: int, stride: Pair, dilation: Pair, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(4)
    made = network(rng, 32, outputs, (5, 4), (2, 2), stride, dilation, reader)
    plain = network(rng, 32, 32, (5, 4), (2, 2))
    assert_exact(made, rng.integers(0, 8, (2, 2, 2, 5, 4)), threads=(1,))
    # Choosing needs no processor that could.
    monkeypatch.setattr("lava_spquant.engine.tiles.has_tiles", lambda: True)
    assert is_tiled(plain)
    assert not is_tiled(made)


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize("least", [20, 21])
def test_tiles_want_permission_and_pixels(allowed: bool, least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lava_spquant.engine.tiles.has_tiles", lambda: allowed)
    monkeypatch.setattr("lava_spquant.engine.tiles.PIXELS_MIN", least)
    made = network(np.random.default_rng(6), 32, 32, (4, 5), (1, 1))
    assert is_tiled(made) == (allowed and least <= 20)
    assert not is_tiled(made, vector=False)


@given(st.integers(0, 2**32 - 1), st.integers(16, 130), st.sampled_from([32, 64, 96]), st.integers(1, 6))
def test_weights_in_tiles(seed: int, channels: int, outputs: int, places: int) -> None:
    """A tile's row holds four channels of sixteen outputs, output by output."""
    rng = np.random.default_rng(seed)
    weight = rng.choice([-1, 1], (places * channels, outputs))
    row, pool = np.zeros(t.R_COLUMNS, np.int64), Pool(np.int16)
    pool.add(np.ones(3))
    lay_tiles(weight, row, channels, pool)
    words = -(-channels // 64)
    tiles = pool.join()[row[t.R_WEIGHT] :].view(np.int8)[: places * words * 64 * outputs]
    tiles = tiles.reshape(places, words, outputs // 16, 16, 16, 4)
    for _ in range(20):
        place, channel, output = int(rng.integers(places)), int(rng.integers(words * 64)), int(rng.integers(outputs))
        expected = weight[place * channels + channel, output] if channel < channels else 0
        assert tiles[place, channel // 64, output // 16, channel % 64 // 4, output % 16, channel % 4] == expected

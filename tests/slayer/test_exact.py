"""Exact accumulators in torch, on either side of the float32 boundary."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.ir import arith
from lava_spquant.slayer import exact

RNG = np.random.default_rng(7)

SYNAPSES: dict[str, tuple[ir.Synapse, tuple[int, ...]]] = {
    "dense": (ir.Dense(RNG.integers(-127, 128, (5, 600)), 8), (600,)),
    "dense on an image": (ir.Dense(RNG.integers(-1, 2, (5, 60)), 1.58), (3, 4, 5)),
    "conv": (ir.Conv(RNG.integers(-127, 128, (6, 8, 3, 3)), 8, padding=1), (8, 9, 7)),
    "narrow conv": (ir.Conv(RNG.integers(-1, 2, (6, 8, 3, 3)), 1.58, padding=1), (8, 9, 7)),
    "asymmetric conv": (ir.Conv(RNG.integers(-7, 8, (4, 2, 1, 4)), 4, (2, 1), (1, 3), (1, 2), 2), (4, 6, 9)),
    "wide conv": (ir.Conv(RNG.integers(-32767, 32768, (2, 1, 2, 2)), 16), (1, 3, 4)),
    "pool": (ir.SumPool((3, 2), (2, 1), (1, 0)), (3, 7, 6)),
    "identity": (ir.Identity(), (3, 2, 5)),
}


@pytest.mark.parametrize("name", SYNAPSES)
@pytest.mark.parametrize("bounds", [(0, 1), (0, 15), (0, 255), (-128, 127), (-3, 60)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int32])
def test_accumulators_are_those_of_ir(name: str, bounds: tuple[int, int], dtype: torch.dtype) -> None:
    synapse, shape = SYNAPSES[name]
    largest = max(int(np.abs(b).max()) for b in synapse.acc_bounds(bounds))
    if largest > ir.limits.STATE_MAX:
        bounds = (0, 63)
    x = np.random.default_rng(1).integers(bounds[0], bounds[1] + 1, (3, *shape)).astype(np.int32)
    # Extremes: every positive weight sees the largest value, so that sums are as large as they get.
    x[0], x[1] = bounds[1], bounds[0]
    found = exact.accumulate(synapse, torch.from_numpy(x).to(dtype), bounds)
    assert found.dtype == torch.int32
    np.testing.assert_array_equal(found.numpy(), synapse.accumulate(x))


@pytest.mark.parametrize("value", [2047, 2048, 2049, 4095, 8191, 65535])
def test_around_the_float32_boundary(value: int) -> None:
    # Odd sums of large values: a format with fewer significant bits would miss the last one.
    conv = ir.Conv([[[[1]]], [[[-1]]]], 1)
    x = torch.tensor([value, value - 1, 0]).reshape(3, 1, 1, 1)
    found = exact.accumulate(conv, x, (0, value))
    assert found.flatten().tolist() == [value, -value, value - 1, 1 - value, 0, 0]


def test_large_sums_of_8_by_8_bits() -> None:
    weight = np.full((1, 258), 127)
    x = torch.full((1, 258), 255.0)
    x[0, 0] = 254
    assert exact.accumulate(ir.Dense(weight, 8), x, (0, 255)).item() == 127 * (258 * 255 - 1)


def test_mixed_precision_does_not_reach_the_integers() -> None:
    conv, x = SYNAPSES["narrow conv"][0], torch.ones(1, 8, 9, 7)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = exact.accumulate(conv, x, (0, 1))
    np.testing.assert_array_equal(found.numpy(), conv.accumulate(x.numpy().astype(np.int32)))


@given(
    pairs=st.lists(st.tuples(st.integers(-32767, 32767), st.floats(-1, 1)), min_size=1, max_size=5),
    shift=st.integers(0, 31),
)
def test_rescaling_is_that_of_ir(pairs: list[tuple[int, float]], shift: int) -> None:
    gain = np.array([g for g, _ in pairs], dtype=np.int16)
    # As far as 24-bit accumulators and the proof of 32-bit products reach.
    room = 2**31 - 1 - ((1 << shift) >> 1)
    acc = np.array([int(share * min(2**23 - 1, room // max(abs(g), 1))) for g, share in pairs], dtype=np.int32)
    found = exact.rescale(torch.from_numpy(acc[None, :, None]), gain, shift)
    np.testing.assert_array_equal(found.numpy(), arith.rescale(acc[None, :, None], gain, shift))


def test_rescaling_rounds_halves_up_on_both_sides_of_zero() -> None:
    acc = torch.tensor([[-3, -2, -1, 0, 1, 2, 3]], dtype=torch.int32).T
    assert exact.rescale(acc, [1], 1).flatten().tolist() == [-1, -1, 0, 0, 1, 1, 2]

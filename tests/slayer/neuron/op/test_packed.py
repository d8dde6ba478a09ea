"""Bits hold what they were made of, and gradients pass them by."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.slayer.layout import channels_last
from lava_spquant.slayer.neuron.op.packed import pack


@given(
    shape=st.lists(st.integers(1, 5), min_size=3, max_size=5),
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
    last=st.booleans(),
)
def test_any_spikes_come_back(shape: list[int], seed: int, dtype: torch.dtype, last: bool) -> None:
    x = (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.4).to(dtype)
    packed = pack(channels_last(x) if last else x)
    assert packed is not None
    found = packed.restore()
    assert found.dtype == dtype
    assert torch.equal(found, x)
    assert channels_last(found).data_ptr() == found.data_ptr()
    assert packed.bits.numel() == -(-x.numel() // 8)
    assert packed.ghost.untyped_storage().nbytes() == x.element_size()


def test_gradients_go_to_the_packed_tensor() -> None:
    x = torch.ones(2, 3, 4, requires_grad=True)
    packed = pack(x)
    assert packed is not None
    weight = torch.rand(2, 3, 4)
    (packed.restore() * weight).sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, weight)


@pytest.mark.parametrize("value", [0.5, 2.0, -1.0, float("nan")])
def test_what_is_no_spike_is_not_packed(value: float) -> None:
    x = torch.ones(2, 3, 4)
    x[1, 2, 3] = value
    assert pack(x) is None


def test_what_is_the_same_at_every_step_is_small_already() -> None:
    assert pack(torch.ones(1, 3, 4).expand(5, 3, 4)) is None

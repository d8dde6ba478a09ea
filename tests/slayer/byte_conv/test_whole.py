"""Whole numbers as bytes: every one of 0..255 and nothing else, with a count of those that are not 0."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lava_spquant.slayer.byte_conv import whole
from lava_spquant.slayer.byte_conv.whole import whole_bytes


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (3, 5, 7, 2), (2, 64, 9, 5), (0, 3, 4, 4)], ids=str)
def test_all_bytes_in_any_layout(shape: tuple[int, ...], layout: torch.memory_format) -> None:
    want = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(1))
    found = whole_bytes(want.float().contiguous(memory_format=layout))
    assert found is not None
    assert found[0].dtype == torch.uint8
    assert torch.equal(found[0].long(), want)
    assert found[1] == int((want != 0).sum())
    assert found[0].permute(0, 2, 3, 1).is_contiguous()


def test_threads_count_what_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randint(0, 3, (4, 9, 33, 17), generator=torch.Generator().manual_seed(2)).float()
    one = whole_bytes(x)
    monkeypatch.setattr(whole, "SMALL", 64)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    several = whole_bytes(x)
    assert one is not None
    assert several is not None
    assert torch.equal(one[0], several[0])
    assert one[1] == several[1]


@given(
    value=st.one_of(
        st.floats(width=32),
        st.sampled_from([-1.0, 255.5, 256.0, math.inf, -math.inf, math.nan, 2.0**31, 2.0**32, -(2.0**31), 1e-38, -0.0]),
    ),
    where=st.integers(0, 99),
)
def test_one_value_that_is_no_byte_is_found(value: float, where: int) -> None:
    x = torch.ones(1, 4, 5, 5)
    x.view(-1)[where] = value
    found = whole_bytes(x)
    assert (found is not None) == is_byte(x.view(-1)[where])


def is_byte(value: Tensor) -> bool:
    real = float(value)
    return math.isfinite(real) and real == math.floor(real) and 0 <= real <= 255

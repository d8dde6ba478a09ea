from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.slayer.training import Share, process_count, process_rank


@given(total=st.integers(1, 300), processes=st.integers(1, 9))
def test_shares_make_up_the_batch(total: int, processes: int) -> None:
    shares = [Share.of(total, rank, processes) for rank in range(processes)]
    assert all(share.stop > share.start for share in shares)  # no process is left without work
    if total < processes:
        assert all((share.start, share.stop, share.repeated) == (0, total, True) for share in shares)
    else:
        found = [index for share in shares for index in range(share.start, share.stop)]
        assert found == list(range(total))
        sizes = [share.stop - share.start for share in shares]
        assert max(sizes) - min(sizes) <= 1
        assert not any(share.repeated for share in shares)


@given(total=st.integers(1, 50), processes=st.integers(1, 5), seed=st.integers(0, 99))
def test_weighted_means_average_to_the_batchs(total: int, processes: int, seed: int) -> None:
    losses = torch.rand(total, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    shares = [Share.of(total, rank, processes) for rank in range(processes)]
    parts = [losses[share.start : share.stop].mean() * share.weight for share in shares]
    assert float(sum(parts)) / processes == pytest.approx(float(losses.mean()))


def test_alone_without_a_process_group() -> None:
    assert (process_count(), process_rank()) == (1, 0)
    assert Share.of(5, 0, 1) == Share(0, 5, 5)
    assert Share(0, 5, 5).weight == 1.0

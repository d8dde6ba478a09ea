from __future__ import annotations

import pytest
import torch
from torch.utils.data import TensorDataset

from lava_spquant.slayer.training import EpochBatches, batch_loader


def order(seed: int, epoch: int, shuffle: bool = True) -> list[list[int]]:
    batches = EpochBatches(11, 4, seed, shuffle)
    batches.set_epoch(epoch)
    return list(batches)


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_sample_once_an_epoch(shuffle: bool) -> None:
    batches = order(3, 5, shuffle)
    assert [len(batch) for batch in batches] == [4, 4, 3]
    assert sorted(index for batch in batches for index in batch) == list(range(11))


def test_the_order_follows_seed_and_epoch_alone() -> None:
    first = order(3, 5)
    torch.manual_seed(99)
    torch.rand(7)
    assert order(3, 5) == first
    assert order(3, 6) != first
    assert order(4, 5) != first
    assert order(3, 5, shuffle=False) == order(8, 1, shuffle=False) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]


def test_a_loader_hands_out_whole_batches() -> None:
    data = TensorDataset(torch.arange(10) * 10, torch.arange(10))
    loader = batch_loader(data, 4, seed=1)
    assert len(loader) == 3
    batches = list(loader)
    assert [len(x) for x, _ in batches] == [4, 4, 2]
    assert all(torch.equal(x, 10 * y) for x, y in batches)
    assert isinstance(loader.sampler, EpochBatches)

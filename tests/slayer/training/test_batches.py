from __future__ import annotations

from itertools import chain

import pytest
import torch
from torch.utils.data import TensorDataset

from lava_spquant.slayer.training import EpochBatches, batch_loader
from lava_spquant.slayer.training import batches as batches_module


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


@pytest.mark.parametrize("position", [0, 1, 2, 3])
def test_an_epoch_can_begin_in_its_middle_once(position: int) -> None:
    batches = EpochBatches(11, 4, 3)
    batches.set_epoch(5)
    batches.start_at(position)
    assert list(batches) == order(3, 5)[position:]
    assert list(batches) == order(3, 5)
    assert len(batches) == 3


@pytest.mark.parametrize("position", [-1, 4])
def test_a_position_outside_the_epoch_is_refused(position: int) -> None:
    with pytest.raises(ValueError, match=f"batches: position: found {position}, expected 0..3"):
        EpochBatches(11, 4, 3).start_at(position)


def test_the_shares_of_processes_are_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    monkeypatch.setattr(batches_module, "process_count", lambda: 3)
    for rank in range(3):
        monkeypatch.setattr(batches_module, "process_rank", lambda rank=rank: rank)
        found.append(order(3, 5))
    # The last batch has three samples, and so one for each.
    assert [[len(batch) for batch in shares] for shares in found] == [[1, 1, 1], [1, 1, 1], [2, 2, 1]]
    monkeypatch.undo()
    assert [list(chain(*parts)) for parts in zip(*found, strict=True)] == order(3, 5)


def test_a_loader_draws_nothing_from_the_global_generator() -> None:
    loader = batch_loader(TensorDataset(torch.arange(10), torch.arange(10)), 4, seed=1)
    before = torch.get_rng_state()
    assert len(list(loader)) == 3
    assert torch.equal(torch.get_rng_state(), before)


def test_a_loader_hands_out_whole_batches() -> None:
    data = TensorDataset(torch.arange(10) * 10, torch.arange(10))
    loader = batch_loader(data, 4, seed=1)
    assert len(loader) == 3
    batches = list(loader)
    assert [len(x) for x, _ in batches] == [4, 4, 2]
    assert all(torch.equal(x, 10 * y) for x, y in batches)
    assert isinstance(loader.sampler, EpochBatches)

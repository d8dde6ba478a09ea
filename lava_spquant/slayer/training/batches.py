"""Shuffled batches whose order depends on seed and epoch only, so that training resumes where it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Sampler, TensorDataset

__all__ = ["EpochBatches", "batch_loader"]


class EpochBatches(Sampler[list[int]]):
    """Lists of indices, one per batch, in an order drawn anew for each epoch.

    Parameters
    ----------
    length : int
        Number of samples.
    batch_size : int
    seed : int
    shuffle : bool

    Examples
    --------
    >>> [len(batch) for batch in EpochBatches(10, 4, seed=0)]
    [4, 4, 2]
    """

    def __init__(self, length: int, batch_size: int, seed: int, shuffle: bool = True) -> None:
        self.length, self.batch_size, self.seed, self.shuffle = length, batch_size, seed, shuffle
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; the trainer calls it."""
        self.epoch = epoch

    def __len__(self) -> int:
        return (self.length + self.batch_size - 1) // self.batch_size

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        order = torch.randperm(self.length, generator=generator) if self.shuffle else torch.arange(self.length)
        for start in range(0, self.length, self.batch_size):
            yield order[start : start + self.batch_size].tolist()


def batch_loader(dataset: TensorDataset, batch_size: int, seed: int = 0, shuffle: bool = True) -> DataLoader[Any]:
    """Return a loader that indexes the tensors once per batch instead of once per sample."""
    return DataLoader(dataset, sampler=EpochBatches(len(dataset), batch_size, seed, shuffle), batch_size=None)

"""Shuffled batches whose order depends on seed and epoch only, so that training resumes where it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Sampler, TensorDataset

from lava_spquant.slayer.training.shares import Share, process_count, process_rank

__all__ = ["EpochBatches", "batch_loader"]


class EpochBatches(Sampler[list[int]]):
    """Lists of indices, one per batch, in an order drawn anew for each epoch.

    In a process group every process gets its share of the same batches.

    Parameters
    ----------
    length : int
        Number of samples.
    batch_size : int
        Of all processes together.
    seed : int
    shuffle : bool

    Examples
    --------
    >>> [len(batch) for batch in EpochBatches(10, 4, seed=0)]
    [4, 4, 2]
    """

    def __init__(self, length: int, batch_size: int, seed: int, shuffle: bool = True) -> None:
        self.length, self.batch_size, self.seed, self.shuffle = length, batch_size, seed, shuffle
        self.epoch = self._first = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; the trainer calls it."""
        self.epoch = epoch

    def start_at(self, position: int) -> None:
        """Leave out the batches before `position`, once: the next epoch begins at its beginning.

        Raises
        ------
        ValueError
            If there is no such batch.
        """
        if not 0 <= position <= len(self):
            raise ValueError(f"batches: position: found {position}, expected 0..{len(self)}")
        self._first = position

    def share(self, index: int) -> Share:
        """Return this process's part of batch `index`."""
        total = min(self.batch_size, self.length - index * self.batch_size)
        return Share.of(total, process_rank(), process_count())

    def __len__(self) -> int:
        return (self.length + self.batch_size - 1) // self.batch_size

    def __iter__(self) -> Iterator[list[int]]:
        first, self._first = self._first, 0
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        order = torch.randperm(self.length, generator=generator) if self.shuffle else torch.arange(self.length)
        for index in range(first, len(self)):
            share, begin = self.share(index), index * self.batch_size
            yield order[begin + share.start : begin + share.stop].tolist()


def batch_loader(dataset: TensorDataset, batch_size: int, seed: int = 0, shuffle: bool = True) -> DataLoader[Any]:
    """Return a loader that indexes the tensors once per batch instead of once per sample.

    It draws nothing from torch's global generator, which therefore is the model's alone.
    """
    batches = EpochBatches(len(dataset), batch_size, seed, shuffle)
    return DataLoader(dataset, sampler=batches, batch_size=None, generator=torch.Generator())

"""Which part of a batch is a process's own."""

from __future__ import annotations

from dataclasses import dataclass

from torch import distributed as dist

__all__ = ["Share", "process_count", "process_rank"]


def process_count() -> int:
    """Return the number of processes that train together; 1 without a process group."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def process_rank() -> int:
    """Return this process's number among them, from 0."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


@dataclass(frozen=True)
class Share:
    """The samples `start..stop-1` of a batch of `total`, as one of `processes`.

    Where a batch has fewer samples than there are processes, each computes all of it.

    Parameters
    ----------
    start, stop, total : int
    processes : int

    Examples
    --------
    >>> [Share.of(7, rank, 2) for rank in range(2)]
    [Share(start=0, stop=3, total=7, processes=2), Share(start=3, stop=7, total=7, processes=2)]
    >>> Share.of(1, 1, 2).repeated
    True
    """

    start: int
    stop: int
    total: int
    processes: int = 1

    @classmethod
    def of(cls, total: int, rank: int, processes: int) -> Share:
        """Return the share of process `rank`: contiguous, together all samples, as even as can be."""
        if total < processes:
            return cls(0, total, total, processes)
        return cls(total * rank // processes, total * (rank + 1) // processes, total, processes)

    @property
    def repeated(self) -> bool:
        """Whether every process computes the whole batch."""
        return self.processes > 1 and self.stop - self.start == self.total

    @property
    def weight(self) -> float:
        """What this share's mean loss is multiplied by, so that the mean over processes is the batch's mean."""
        if self.processes == 1 or self.repeated:
            return 1.0
        return (self.stop - self.start) * self.processes / self.total

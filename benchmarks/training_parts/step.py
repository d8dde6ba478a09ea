"""One training step, timed in its three parts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from training_parts.contestants import CONTESTANTS, Contestant
from training_parts.seconds import Seconds
from training_parts.trainee import Trainee, batch_of, spike_rates
from training_parts.workload import Workload

__all__ = ["FAILURES", "Training", "prepare"]

LEARNING_RATE = 1e-3

FAILURES = (ImportError, RuntimeError, OSError, NotImplementedError)
"""Why a contestant may be absent: no library, a kernel that does not compile, too little memory."""


@dataclass(frozen=True, eq=False)
class Training:
    """A contestant with its network, batch and optimiser."""

    contestant: Contestant
    workload: Workload
    model: Trainee
    optimiser: torch.optim.Optimizer
    x: Tensor
    labels: Tensor
    wait: Callable[[], None]

    def step(self) -> Seconds:
        """Train on the batch: forward with loss, backward, optimiser."""
        self.wait()
        processor, times = time.process_time(), [time.perf_counter()]
        self.optimiser.zero_grad(set_to_none=True)
        with torch.autocast(self.x.device.type, torch.bfloat16, enabled=self.contestant.bfloat16):
            loss = F.cross_entropy(self.model(self.x), self.labels)
        self._note(times)
        loss.backward()
        self._note(times)
        self.optimiser.step()
        self._note(times)
        forward, backward, optimiser = (b - a for a, b in pairwise(times))
        return Seconds(forward, backward, optimiser, time.process_time() - processor)

    def _note(self, times: list[float]) -> None:
        self.wait()
        times.append(time.perf_counter())

    def rates(self) -> list[float]:
        """Return the spike rate of every layer."""
        return spike_rates(self.model, self.x)


def prepare(key: str, workload: Workload, device: str) -> Training:
    """Build a contestant and its batch.

    Raises
    ------
    ImportError
        If its library is absent.
    """
    contestant = CONTESTANTS[key]
    model = contestant.build(workload, device)
    x, labels = batch_of(workload, device)
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    wait = torch.cuda.synchronize if device == "cuda" else _nothing
    return Training(contestant, workload, model, optimiser, model.lay_out(x), labels, wait)


def _nothing() -> None:
    """Wait for nothing: a CPU has done its work when it returns."""

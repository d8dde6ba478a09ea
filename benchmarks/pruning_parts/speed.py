"""How long the engine takes for a network, beside another."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lava_spquant import ir
from lava_spquant.engine import Engine

if TYPE_CHECKING:
    from lava_spquant.workflow.recipe import DataConfig

__all__ = ["some_samples", "speedup"]

BATCH, ROUNDS = 32, 41


def some_samples(network: ir.Network, plan: DataConfig, data_path: Path | None) -> ir.IntArray:
    """Return test samples as the network reads them, (T, N, *input shape)."""
    from lava_spquant.workflow.chunks import chunks, head

    return next(chunks(network, head(plan.load(data_path).test, BATCH), plan.steps)).x


def speedup(dense: ir.Network, other: ir.Network, x: ir.IntArray) -> float:
    """Return how many times faster the engine runs a batch, medians of both taking turns."""
    engines = [Engine(network) for network in (dense, other)]
    times: list[list[float]] = [[], []]
    for number in range(ROUNDS + 1):
        for engine, seconds in zip(engines, times, strict=True):
            start = time.perf_counter()
            engine.run(x)
            if number:
                seconds.append(time.perf_counter() - start)
    return statistics.median(times[0]) / statistics.median(times[1])

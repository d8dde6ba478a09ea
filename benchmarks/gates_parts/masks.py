"""A gated network with other masks, each measured the same way."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pruning_parts.speed import speedup

from lava_spquant import ir
from lava_spquant.prune import gate_blocks, shuffled_beside, shuffled_gates, without_gates
from lava_spquant.report import Activity, flops

if TYPE_CHECKING:
    from lava_spquant.data import Split
    from lava_spquant.workflow.prune import PrunedSide

__all__ = ["ALONE", "KINDS", "OPEN", "RANDOM", "TRAINED", "Bench", "summary"]

OPEN, TRAINED, RANDOM, ALONE = "all open", "predictors", "random", "random alone"

KINDS = (OPEN, TRAINED, RANDOM, ALONE)

Row = dict[str, Any]

MEASURES = (
    "accuracy", "open_share", "synops", "synops_predictors", "flops", "flops_predictors", "fewer_synops",
    "fewer_flops", "engine_faster",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Bench:
    """What networks are measured on, and the one that they are compared with.

    Parameters
    ----------
    network : ir.Network
        With gates.
    test : ImageSplit or EventSplit
    steps : int
        T.
    x : numpy.ndarray of int, shape (T, N, *input shape)
        What the engine is timed on.
    """

    network: ir.Network
    test: Split
    steps: int
    x: ir.IntArray

    def rows(self, seeds: Sequence[int]) -> list[Row]:
        """Return all networks' measures: those with random masks have a row per seed."""
        plain = without_gates(self.network)
        dense = self._row(OPEN, None, plain)
        rows = [dense, self._row(TRAINED, None, self.network)]
        for seed in seeds:
            rows += [self._beside(seed), self._row(ALONE, seed, shuffled_gates(self.network, seed))]
        for row in rows:
            row["fewer_synops"] = dense["synops"] / row["synops"]
            row["fewer_flops"] = dense["flops"] / row["flops"]
        return rows

    def _row(self, masks: str, seed: int | None, network: ir.Network) -> Row:
        side = self._measure(network)
        faster = None if masks == OPEN else speedup(without_gates(self.network), network, self.x)
        return _values(masks, seed, side, network, side.activity) | {"engine_faster": faster}

    def _beside(self, seed: int) -> Row:
        """Measure masks shuffled beside the trained network; its own work is no part of what they cost."""
        made, places = shuffled_beside(self.network, seed)
        side = self._measure(made)
        own = replace(side.activity, rows=tuple(side.activity.rows[place] for place in places))
        return _values(RANDOM, seed, side, self.network, own) | {"engine_faster": None}

    def _measure(self, network: ir.Network) -> PrunedSide:
        from lava_spquant.workflow.prune import measure

        return measure(network, self.test, self.steps)


def _values(masks: str, seed: int | None, side: PrunedSide, network: ir.Network, own: Activity) -> Row:
    count = flops(network, own, gate_blocks(network))
    return {
        "masks": masks,
        "seed": seed,
        "accuracy": side.accuracy,
        "open_share": _open_share(own),
        "synops": count.synops,
        "synops_predictors": count.synops_predictors,
        "flops": count.total,
        "flops_predictors": count.predictors,
    }


def _open_share(own: Activity) -> float:
    """Return the mean share over all neurons of blocks with gates; 1 where there are none."""
    gated = [(row.open_share, row.neurons) for row in own.rows if row.open_share is not None]
    neurons = sum(n for _, n in gated)
    return sum(share * n for share, n in gated) / neurons if neurons else 1.0


def summary(rows: Sequence[Row]) -> list[Row]:
    """Return means over seeds, one row per kind, and under `deviation` the standard deviation of one seed."""
    found = []
    for masks in KINDS:
        mine = [row for row in rows if row["masks"] == masks]
        columns = {name: [row[name] for row in mine] for name in MEASURES}
        timed = {name: values for name, values in columns.items() if None not in values}
        means = {name: statistics.fmean(values) for name, values in timed.items()}
        spread = {name: statistics.stdev(values) if len(values) > 1 else 0.0 for name, values in timed.items()}
        found.append({"masks": masks, "seeds": len(mine), **dict.fromkeys(MEASURES), **means, "deviation": spread})
    return found

"""What is told of a pruned network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from common import table
from rich.table import Table

from lava_spquant import ir
from lava_spquant.report import memory
from pruning_parts.speed import speedup

if TYPE_CHECKING:
    from lava_spquant.workflow.prune import PrunedSide

__all__ = ["Row", "pruned_row", "pruned_table"]

Row = dict[str, Any]


def pruned_row(name: str, share: float, side: PrunedSide, dense: PrunedSide, x: ir.IntArray) -> Row:
    """Return what a pruned network costs, in itself and beside the dense one; `x` is a batch for the engine."""
    account = memory(side.network).total
    return {
        "criterion": name,
        "share": share,
        "channels": [width.channels for width in ir.widths(side.network)],
        "accuracy": side.accuracy,
        "operations": side.operations,
        "synops": side.synops,
        "weights": side.weights,
        "fewer_operations": dense.operations / side.operations,
        "fewer_synops": dense.synops / side.synops if side.synops else 0.0,
        "kilobytes": account.total.bits / 8e3,
        "engine_speedup": speedup(dense.network, side.network, x),
    }


def pruned_table(rows: Sequence[Row]) -> Table:
    """Return the rows as a table."""
    columns = ("criterion", "share", "accuracy", "fewer operations", "fewer synops", "kB", "engine faster")
    cells = (
        (
            row["criterion"],
            f"{row['share']:g}",
            f"{row['accuracy']:.2%}",
            f"{row['fewer_operations']:.2f}",
            f"{row['fewer_synops']:.2f}",
            f"{row['kilobytes']:,.1f}",
            f"{row['engine_speedup']:.2f}",
        )
        for row in rows
    )
    return table("Channels pruned: integer networks on the test split", columns, cells)

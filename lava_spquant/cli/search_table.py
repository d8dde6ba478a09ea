"""A search in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from lava_spquant.report.units import bytes_text, count_text

if TYPE_CHECKING:
    from lava_spquant.workflow.search import SearchResult, TrialRow

__all__ = ["search_table"]


def search_table(found: SearchResult) -> Table:
    """Return the Pareto front, the smallest network first, and what became of the other trials."""
    names = list(found.trials[0].values) if found.trials else []
    # The section of a field is the same down the column, and would crowd the values out.
    short = [name.rpartition(".")[2] for name in names]
    table = Table(
        title=f"{found.name}: Pareto front, {len(found.front)} of {_counts(found)}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
    )
    for column in ("trial", "accuracy", "memory", "operations"):
        table.add_column(column, justify="right")
    for column in short if len(set(short)) == len(short) else names:
        table.add_column(Text(column), overflow="fold")
    for row in found.front:
        table.add_row(*_cells(row))
    return table


def _counts(found: SearchResult) -> str:
    states = [row.state for row in found.trials]
    others = [f"{states.count(state)} {state}" for state in ("failed", "running") if state in states]
    return ", ".join((f"{len(states)} trials", *others))


def _cells(row: TrialRow) -> list[Text]:
    measured = row.measured
    costs = ("-", "-", "-")
    if measured is not None:
        costs = (f"{measured.accuracy:.2%}", bytes_text(measured.memory_bytes), count_text(measured.synops))
    values = (f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values.values())
    return [Text(cell) for cell in (str(row.number), *costs, *values)]

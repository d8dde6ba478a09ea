"""The table of the profile, contestant beside contestant."""

from __future__ import annotations

from collections.abc import Sequence

from common import table
from rich.table import Table

from training_parts.remote import Remote, Setup
from training_parts.rounds import about
from training_parts.seconds import Row
from training_parts.workload import Workload

__all__ = ["KINDS", "profile_rows", "profile_table"]

KINDS = (
    "conv forward",
    "conv backward",
    "batch-norm",
    "weights",
    "copies",
    "read-out",
    "neuron",
)
"""What an operator may be work for.

Quantiser and optimiser read weights; pools and loss belong to the read-out; whatever is nothing else is the neuron's,
or a ReLU.
"""


def profile_rows(workload: Workload, keys: Sequence[str], setup: Setup) -> list[Row]:
    """Return one row per contestant: milliseconds per training step and kind, and what the profiler did not see."""
    rows = []
    for key in keys:
        with Remote(key, [workload], setup) as remote:
            found = remote.profile() if remote.present else {"absent": remote.absent_because}
        rows.append(about(key, workload) | found)
    return rows


def profile_table(rows: Sequence[Row], workload: Workload) -> Table:
    """Return the rows of one workload as a table."""
    columns = ("contestant", "step, ms", *KINDS, "outside torch")
    cells = (
        (row["title"], f"absent: {row['absent']}"[:60], *[""] * (len(KINDS) + 1))
        if "absent" in row
        else (
            row["title"],
            f"{row['step_ms']:,.1f}",
            *(f"{row['kinds_ms'][kind]:,.1f}" for kind in KINDS),
            f"{row['unseen_ms']:,.1f}",
        )
        for row in rows
    )
    return table(f"Where a training step goes, ms: {workload}", columns, cells)

"""Rounds: in every one each contestant trains one step, so that a busy machine is as unfair to one as to the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
from common import table
from rich.table import Table

from training_parts.contestants import CONTESTANTS, OURS, SLAYER
from training_parts.remote import Remote, Setup
from training_parts.seconds import Row, Seconds, spread
from training_parts.workload import Workload

__all__ = ["FULL", "QUICK", "Effort", "about", "groups", "step_rows", "step_table"]


@dataclass(frozen=True)
class Effort:
    """How much is timed.

    Parameters
    ----------
    rounds : int
        Of which medians are taken.
    together : int or None
        How many take turns with ours at a time; None for all. All of them keep what their allocators keep.
    networks : tuple of str
    steps : tuple of int
        Time steps of what is compared.
    steps_points, batch_points : tuple of int
        Time steps and batches of the straight lines.
    line_batch, line_steps : int
        Batch of the line over time steps, and time steps of the line over batches.
    """

    rounds: int = 9
    together: int | None = None
    networks: tuple[str, ...] = ("conv", "vgg9")
    steps: tuple[int, ...] = (4, 16)
    steps_points: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    batch_points: tuple[int, ...] = (8, 16, 32, 64)
    line_batch: int = 8
    line_steps: int = 4

    def __post_init__(self) -> None:
        if min(self.rounds, *self.steps, *self.steps_points, *self.batch_points, self.line_batch, self.line_steps) < 1:
            raise ValueError(f"Effort: found {self}, expected positive numbers")


FULL = Effort()
QUICK = Effort(
    rounds=3, networks=("conv",), steps=(4,), steps_points=(1, 2, 4), batch_points=(2, 4, 8), line_batch=2, line_steps=2
)


def step_rows(
    workload: Workload, keys: Sequence[str], setup: Setup, effort: Effort, note: Callable[[str], None]
) -> list[Row]:
    """Return one row per contestant; those that are absent say why.

    `ratio` is the median step over ours. Its quartiles are those of the ratio round by round, which a machine that is
    busy for a while disturbs less than it does either time. `ratio_of_processor` is of processor seconds, in which
    waiting for others does not count.
    """
    found: dict[str, Row] = {}
    for group in groups(keys, effort.together):
        rows = _group_rows(workload, group, setup, effort, note)
        # Ours is in every group; the first tells its own row, each the ratios of its others.
        found |= {row["contestant"]: row for row in rows if row["contestant"] not in found}
    return _with_memory_ratios([found[key] for key in keys])


def groups(keys: Sequence[str], together: int | None) -> list[list[str]]:
    """Return who takes turns with whom: ours with `together` others at a time, or all at once."""
    others = [key for key in keys if key != OURS]
    ours = [OURS] if OURS in keys else []
    size = together or max(len(others), 1)
    return [[*ours, *others[first : first + size]] for first in range(0, max(len(others), 1), size)]


def _group_rows(
    workload: Workload, keys: Sequence[str], setup: Setup, effort: Effort, note: Callable[[str], None]
) -> list[Row]:
    with ExitStack() as stack:
        remotes = []
        for key in keys:
            note(f"  {CONTESTANTS[key].title}: warming up")
            remotes.append(stack.enter_context(Remote(key, [workload], setup)))
        present = [remote for remote in remotes if remote.present]
        times: dict[str, list[Seconds]] = {remote.key: [] for remote in present}
        for number in range(effort.rounds):
            note(f"  round {number + 1} of {effort.rounds}")
            for remote in present:
                times[remote.key].append(remote.step())
        return [_row(remote, workload, times) for remote in remotes]


def about(key: str, workload: Workload) -> Row:
    """Return what identifies a result."""
    contestant = CONTESTANTS[key]
    found = {"contestant": key, "title": contestant.title, "library": contestant.library, "version": contestant.version}
    return found | {"workload": workload.values()}


def _row(remote: Remote, workload: Workload, times: dict[str, list[Seconds]]) -> Row:
    row = about(remote.key, workload) | remote.about[0]
    if not remote.present:
        return row
    found = times[remote.key]
    return row | {"rounds": len(found)} | spread(found) | _ratios(found, times.get(OURS))


def _ratios(found: Sequence[Seconds], ours: Sequence[Seconds] | None) -> Row:
    if ours is None:
        return {}
    theirs_by_round, ours_by_round = (np.array([one.step for one in times]) for times in (found, ours))
    low, high = (float(q) for q in np.quantile(theirs_by_round / ours_by_round, (0.25, 0.75)))
    ratio = float(np.median(theirs_by_round) / np.median(ours_by_round))
    least = float(theirs_by_round.min() / ours_by_round.min())
    processor = float(np.median([one.processor for one in found]) / np.median([one.processor for one in ours]))
    ratios = {"ratio": ratio, "ratio_low": low, "ratio_high": high, "ratio_of_minima": least}
    return ratios | {"ratio_of_processor": processor}


def _with_memory_ratios(rows: list[Row]) -> list[Row]:
    base = next((row.get("training_mib") for row in rows if row["contestant"] == SLAYER), None)
    for row in rows:
        if base and "training_mib" in row:
            row["memory_over_slayer"] = row["training_mib"] / base
    return rows


def step_table(rows: Sequence[Row], workload: Workload) -> Table:
    """Return the rows of one workload as a table."""
    columns = ("contestant", "step, ms", "quartiles", "forward", "backward", "/ ours", "quartiles", "CPU")
    columns += ("MiB", "/ SLAYER")
    return table(f"One training step: {workload}", columns, (_cells(row) for row in rows))


def _cells(row: Row) -> tuple[str, ...]:
    title = f"{row['title']} {row['version'] or ''}"
    if "absent" in row:
        return (f"{title} absent: {row['absent']}"[:60], *[""] * 9)
    step = row["step"]
    cells = [f"{step['median_ms']:,.0f}", f"{step['low_ms']:,.0f} to {step['high_ms']:,.0f}"]
    cells += [f"{row[part]['median_ms']:,.0f}" for part in ("forward", "backward")]
    if "ratio" in row:
        cells += [f"{row['ratio']:.2f}", f"{row['ratio_low']:.2f} to {row['ratio_high']:.2f}"]
        cells.append(f"{row['ratio_of_processor']:.2f}")
    else:
        cells += ["", "", ""]
    cells.append(f"{row['training_mib']:,.0f}" if "training_mib" in row else "")
    cells.append(f"{row['memory_over_slayer']:.2f}" if "memory_over_slayer" in row else "")
    return (title, *cells)

"""What a study found: tables, the Pareto front with its networks, and the figure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from lava_spquant.report import ParetoPoint, pareto_figure, save_figure
from lava_spquant.workflow.search.axis import Value
from lava_spquant.workflow.search.files import write_bytes, write_json, write_text
from lava_spquant.workflow.search.objective import NETWORK_FILE, Failed, Measured, read_result
from lava_spquant.workflow.search.study import StudyFolder, trial_folder, trial_name

__all__ = ["SearchResult", "TrialRow", "collect", "write_results"]

CSV_FILE, JSON_FILE, FRONT_FOLDER = "trials.csv", "trials.json", "front"
FIGURES = ("pareto.png", "pareto.svg")
STATES = {TrialState.COMPLETE: "complete", TrialState.FAIL: "failed"}
FRONT_NETWORK = re.compile(r"trial-\d{4,}\.net")


@dataclass(frozen=True)
class TrialRow:
    """One trial.

    Attributes
    ----------
    number : int
    state : {"complete", "failed", "running"}
    values : mapping of str to int, float, str or bool
        Of the searched fields, by dotted name.
    measured : Measured or None
        None unless it is complete.
    front : bool
        Whether no other trial is at least as good in accuracy, memory and operations, and better in one.
    error : str or None
        Why it failed.
    recipe_name : str
    folder : Path
        Holds its recipe, checkpoint and network.
    """

    number: int
    state: str
    values: Mapping[str, Value]
    measured: Measured | None
    front: bool
    error: str | None
    recipe_name: str
    folder: Path

    def plain(self) -> dict[str, Any]:
        """Return it as one line of a table."""
        measured = {} if self.measured is None else asdict(self.measured)
        names = Measured.__dataclass_fields__
        return {
            "trial": self.number,
            "state": self.state,
            "front": self.front,
            **{name: measured.get(name) for name in names},
            **self.values,
            "error": self.error,
        }


@dataclass(frozen=True)
class SearchResult:
    """What a study holds by now.

    Attributes
    ----------
    name : str
        Of the recipe.
    folder : Path
    trials : tuple of TrialRow
        In the order in which they began.
    files : tuple of Path
        Tables, figures and the networks of the front.
    """

    name: str
    folder: Path
    trials: tuple[TrialRow, ...]
    files: tuple[Path, ...] = ()

    @property
    def front(self) -> tuple[TrialRow, ...]:
        """The Pareto front, the smallest memory first, then the fewest operations."""
        best = [(row.measured.objectives[1:], row.number, row) for row in self.trials if row.front and row.measured]
        return tuple(row for _, _, row in sorted(best, key=lambda entry: entry[:2]))


def collect(store: StudyFolder) -> SearchResult:
    """Return what the study in a folder holds by now."""
    front = {trial.number for trial in store.study.best_trials}
    rows = tuple(_row(store, trial, trial.number in front) for trial in store.trials())
    return SearchResult(store.settings.recipe.name, store.folder, rows)


def _row(store: StudyFolder, trial: FrozenTrial, front: bool) -> TrialRow:
    folder = trial_folder(store.folder, trial.number)
    found = read_result(folder) if trial.state.is_finished() else None
    measured = found if isinstance(found, Measured) else None
    if trial.state == TrialState.COMPLETE and measured is None:
        raise ValueError(f"{folder}: result: found none, expected that of a finished trial")
    return TrialRow(
        number=trial.number,
        state=STATES.get(trial.state, "running"),
        values={name: trial.params[name] for name in store.settings.space.axes},
        measured=measured,
        front=front,
        error=found.error if isinstance(found, Failed) else None,
        recipe_name=trial_name(store.settings.recipe, trial.number),
        folder=folder,
    )


def write_results(store: StudyFolder) -> SearchResult:
    """Write tables, figures and the front's networks into the study's folder.

    Parameters
    ----------
    store : StudyFolder

    Returns
    -------
    SearchResult

    Raises
    ------
    ValueError
        If no trial is complete.
    OSError
        If a file cannot be written.
    """
    with store.locked():
        found = collect(store)
        if not found.front:
            raise ValueError(f"{store.folder}: complete trials: found none, expected at least one; {_why(found)}")
        files = (*_write_tables(found), *_draw(found), *_export_front(found))
    return SearchResult(found.name, found.folder, found.trials, files)


def _why(found: SearchResult) -> str:
    reasons = [f"trial {row.number}: {row.error}" for row in found.trials if row.error]
    return reasons[0] if reasons else "others work on them: run it again later"


def _write_tables(found: SearchResult) -> tuple[Path, ...]:
    lines = [row.plain() for row in found.trials]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    values = {"recipe": found.name, "front": [row.number for row in found.front], "trials": lines}
    return write_text(found.folder / CSV_FILE, text.getvalue()), write_json(found.folder / JSON_FILE, values)


def _draw(found: SearchResult) -> tuple[Path, ...]:
    points = [
        ParetoPoint(str(row.number), row.measured.accuracy, row.measured.memory_bytes, row.measured.synops, row.front)
        for row in found.trials
        if row.measured is not None
    ]
    figure = pareto_figure(points, found.name, f"{len(points)} networks, {len(found.front)} of them on the front")
    return tuple(save_figure(figure, found.folder / name) for name in FIGURES)


def _export_front(found: SearchResult) -> tuple[Path, ...]:
    folder = found.folder / FRONT_FOLDER
    wanted = {f"trial-{row.number:04d}.net": row.folder / NETWORK_FILE for row in found.front}
    for path in folder.glob("*.net"):
        if FRONT_NETWORK.fullmatch(path.name) and path.name not in wanted:
            path.unlink()
    return tuple(write_bytes(folder / name, source.read_bytes()) for name, source in wanted.items())

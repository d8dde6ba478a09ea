"""An Optuna study in a folder, shared by any number of processes, none of which is needed to the end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from filelock import FileLock
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from lava_spquant.workflow.recipe import Recipe
from lava_spquant.workflow.search.locks import JournalLock, try_lock
from lava_spquant.workflow.search.settings import Settings, agree_on, read_settings
from lava_spquant.workflow.search.space import applied

__all__ = ["JOURNAL", "Claim", "StudyFolder", "trial_folder", "trial_name"]

JOURNAL = "journal.log"
STUDY_LOCK = "study.lock"
STUDY_NAME = "search"
DIRECTIONS = (StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE, StudyDirection.MINIMIZE)
"""Accuracy, memory, synaptic operations."""

STARTUP_TRIALS = 8
"""Trials that are drawn at random before the sampler models what it has seen."""


@dataclass(frozen=True, eq=False)
class Claim:
    """A trial that this process, and no other, works on.

    Attributes
    ----------
    number : int
        From 0.
    recipe : Recipe
        That of the study with the trial's values.
    folder : Path
        Of the trial; may hold what an earlier worker left.
    lock : FileLock
        Held until the trial is told or given up.
    """

    number: int
    recipe: Recipe
    folder: Path
    lock: FileLock


def trial_folder(folder: Path, number: int) -> Path:
    """Return where a trial keeps its recipe, checkpoint and network."""
    return folder / "trials" / f"{number:04d}"


def trial_name(recipe: Recipe, number: int) -> str:
    """Return the name of a trial's recipe and network."""
    return f"{recipe.name}-{number:04d}"


class StudyFolder:
    """A study on disk.

    Trials live in an Optuna journal. A process that works on a trial holds the lock in the trial's
    folder; a running trial whose lock is free has lost its worker, and the next process that asks
    for work gets it, with whatever its folder holds. What changes the study happens under the
    study's lock.

    Parameters
    ----------
    folder : Path
        Of a study that was begun; see `begin`.

    Raises
    ------
    FileNotFoundError
        If there is no study.
    ValueError
        If it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = read_settings(folder)
        with self.locked():
            self.study = _open(folder / JOURNAL)

    @classmethod
    def begin(cls, folder: Path, settings: Settings) -> StudyFolder:
        """Begin a study in `folder`, or join the one there.

        Raises
        ------
        ValueError
            If the folder holds a study with other settings, or a damaged one.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / STUDY_LOCK):
            agree_on(folder, settings)
        return cls(folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the study's lock."""
        with FileLock(self.folder / STUDY_LOCK):
            yield

    def trials(self) -> list[FrozenTrial]:
        """Return the trials that count, in order: all but those whose worker died before they had values."""
        wanted = self.settings.space.axes.keys()
        return [trial for trial in self.study.get_trials(deepcopy=False) if wanted <= trial.params.keys()]

    def finished(self) -> int:
        """Return how many trials are complete or failed."""
        return sum(trial.state.is_finished() for trial in self.trials())

    def unfinished(self, total: int) -> int:
        """Return how many of `total` trials nobody has begun, or nobody works on any more."""
        with self.locked():
            trials = self.trials()
            locks = [self._lock_of(trial.number) for trial in trials if trial.state == TrialState.RUNNING]
            for lock in (found := [lock for lock in locks if lock is not None]):
                lock.release()
            return len(found) + max(0, total - len(trials))

    def claim(self, total: int) -> Claim | None:
        """Return a trial that lost its worker, else a new one, or None where `total` trials exist."""
        with self.locked():
            for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                lock = self._lock_of(trial.number)
                if lock is not None and self.settings.space.axes.keys() <= trial.params.keys():
                    return self._claim(trial.number, trial.params, lock)
                if lock is not None:
                    self.study.tell(trial.number, state=TrialState.FAIL)
                    lock.release()
            return self._new() if len(self.trials()) < total else None

    def _new(self) -> Claim:
        number = len(self.study.get_trials(deepcopy=False))
        lock = self._lock_of(number)
        if lock is None:
            raise RuntimeError(f"{self.folder}: trial {number}: found its lock taken, expected no such trial yet")
        self.study.sampler = _sampler(self.settings.seed, number)
        trial = self.study.ask(self.settings.space.distributions())
        return self._claim(number, trial.params, lock)

    def _claim(self, number: int, params: dict[str, int | float | str | bool], lock: FileLock) -> Claim:
        recipe = applied(self.settings.recipe, params, trial_name(self.settings.recipe, number))
        return Claim(number, recipe, trial_folder(self.folder, number), lock)

    def _lock_of(self, number: int) -> FileLock | None:
        return try_lock(trial_folder(self.folder, number) / ".lock")

    def tell(self, claim: Claim, values: Sequence[float] | None) -> None:
        """Finish a trial with its objectives, or as failed."""
        with self.locked():
            state = TrialState.FAIL if values is None else TrialState.COMPLETE
            self.study.tell(claim.number, values, state=state)
            claim.lock.release()


def _open(journal: Path) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        storage = JournalStorage(JournalFileBackend(str(journal), lock_obj=JournalLock(journal)))
        if STUDY_NAME in (study.study_name for study in storage.get_all_studies()):
            return optuna.load_study(study_name=STUDY_NAME, storage=storage)
        return optuna.create_study(study_name=STUDY_NAME, storage=storage, directions=DIRECTIONS)
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, AssertionError, TypeError) as error:
        raise ValueError(f"{journal}: study: found a damaged journal ({error}), expected Optuna's") from error


def _sampler(seed: int, number: int) -> optuna.samplers.BaseSampler:
    """Return a sampler whose draws depend on the trial's number and the trials before it alone.

    So a study that was stopped and resumed goes on as it would have, and workers that ask at the
    same time do not ask for the same.
    """
    own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=own, n_startup_trials=STARTUP_TRIALS)

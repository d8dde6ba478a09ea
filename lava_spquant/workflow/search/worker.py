"""A worker: takes one trial after another until there are as many as wanted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lava_spquant.workflow.search.objective import Failed, run_trial
from lava_spquant.workflow.search.study import StudyFolder

__all__ = ["work"]


def work(store: StudyFolder, total: int, data_path: Path | None, told: Callable[[], None] = lambda: None) -> None:
    """Work on trials until `total` exist and none of them waits for a worker.

    Parameters
    ----------
    store : StudyFolder
    total : int
        Trials of the whole study, those of earlier runs and of other workers included.
    data_path : Path, optional
        Where the data set lies.
    told : callable
        Called after every trial.

    Raises
    ------
    KeyboardInterrupt, OSError, MemoryError
        The trial at hand stays unfinished, for whoever asks for work next.
    """
    while (claim := store.claim(total)) is not None:
        try:
            found = run_trial(claim, data_path)
            store.tell(claim, None if isinstance(found, Failed) else found.objectives)
        finally:
            claim.lock.release()
        told()

"""A search from beginning to end, or from wherever it was stopped."""

from __future__ import annotations

from pathlib import Path

from lava_spquant.workflow.progress import Progress, silent
from lava_spquant.workflow.recipe import Recipe
from lava_spquant.workflow.search.results import SearchResult, write_results
from lava_spquant.workflow.search.settings import Settings
from lava_spquant.workflow.search.space import Space
from lava_spquant.workflow.search.study import StudyFolder
from lava_spquant.workflow.search.team import run_team
from lava_spquant.workflow.search.validation import held_out, with_validation
from lava_spquant.workflow.search.worker import work

__all__ = ["search"]


def search(
    recipe: Recipe,
    space: Space,
    folder: str | Path,
    *,
    trials: int = 20,
    workers: int = 1,
    seed: int = 0,
    data_path: str | Path | None = None,
    progress: Progress = silent,
) -> SearchResult:
    """Search a recipe's fields for the best trades of accuracy, memory and synaptic operations.

    Optuna's tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011; for several
    objectives: Ozaki et al., JAIR 2022) proposes values after a few random trials. Accuracy is
    that of the integer network on images held out from training; the test images are not looked
    at. A folder that holds a study is gone on with; any number of processes, on any machines that
    share the folder, may do so at once. A worker that is killed loses nothing: the next one takes
    its trial up from the last checkpoint. With one worker the same call gives the same trials.

    Parameters
    ----------
    recipe : Recipe
        What the fields outside the space are.
    space : Space
    folder : path-like
        Receives `search.yaml`, the journal, `trials/<number>` and the results.
    trials : int
        Of the whole study, those of earlier calls included.
    workers : int
        Processes; 1 works in this one.
    seed : int
        Of the proposals.
    data_path : path-like, optional
        Where the data set lies.
    progress : Progress

    Returns
    -------
    SearchResult

    Raises
    ------
    ValueError
        Before any trial: if the folder holds a study of another recipe, space or seed, the recipe
        refuses a value of the space, or there are no data. Afterwards: if no trial is complete.
    RuntimeError
        If trials stay unfinished because workers broke down.
    KeyboardInterrupt
        On Ctrl-C, after all workers have ended; a further call goes on.
    """
    for what, count in (("trials", trials), ("workers", workers)):
        if count < 1:
            raise ValueError(f"search: {what}: found {count}, expected at least 1")
    plan, data = with_validation(recipe), None if data_path is None else Path(data_path)
    settings = Settings(plan, space, seed)
    held_out(plan, data)
    store = StudyFolder.begin(Path(folder), settings)
    done = progress("trials", trials)

    def told() -> None:
        done(min(store.finished(), trials))

    told()
    if workers == 1:
        work(store, trials, data, told)
    else:
        reasons = run_team(store.folder, trials, workers, data, told)
        told()
        if left := store.unfinished(trials):
            why = "; ".join(reasons) or "their workers are gone"
            raise RuntimeError(f"{store.folder}: trials: found {left} unfinished ({why}); run it again to go on")
    return write_results(store)

"""`lava-spquant search`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from rich.text import Text

from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import DataPath, Debug, Json, Overrides, Quiet
from lava_spquant.cli.search_table import search_table
from lava_spquant.cli.session import session

if TYPE_CHECKING:
    from lava_spquant.workflow.search import SearchResult

__all__ = ["search"]

TRIALS = 20


def search(
    recipe: Annotated[str, typer.Argument(help="A recipe that comes with the package, or a YAML file.")],
    space: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--space", metavar="FILE", help="Fields to vary, as YAML; by default the recipe's own in the package."
        ),
    ] = None,
    trials: Annotated[int, typer.Option("--trials", "-n", min=1, help="Trials of the whole study.")] = TRIALS,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", metavar="DIR", help="Where the study lies; runs/search-<recipe name> by default."),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, help="Processes that work on trials.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the choice of values.")] = 0,
    overrides: Overrides = None,
    data: DataPath = None,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Search a recipe's fields, bit widths among them, for the best accuracy, memory and operations.

    Run the same command again to go on after an interruption, or at the same time elsewhere to
    help: a study is a folder, and any number of commands may work on it.

    Example: lava-spquant search digits-cnn --trials 30 --workers 2 --set training.epochs=10
    """
    hint = "the search goes on where it was when the same command is run again"
    with session(json_output, quiet, debug, resume_hint=hint) as now:
        load_training(debug)
        from lava_spquant.workflow.recipe import load_recipe
        from lava_spquant.workflow.search import load_space
        from lava_spquant.workflow.search import search as run_search

        plan = load_recipe(recipe, overrides or ())
        chosen = load_space(space or recipe)
        folder = out if out is not None else Path("runs") / f"search-{plan.name}"
        now.note(f"Searching {', '.join(chosen.axes)}: {trials} trials of {plan.name}, into {folder}")
        with now.progress() as progress:
            found = run_search(
                plan, chosen, folder, trials=trials, workers=workers, seed=seed, data_path=data, progress=progress
            )
        now.finish(_values(found), search_table(found), Text(_files(found)))


def _values(found: SearchResult) -> dict[str, Any]:
    return {
        "ok": True,
        "recipe": found.name,
        "folder": str(found.folder),
        "front": [row.number for row in found.front],
        "trials": [row.plain() for row in found.trials],
        "files": [str(path) for path in found.files],
    }


def _files(found: SearchResult) -> str:
    best = max(found.front, key=lambda row: row.measured.accuracy if row.measured else 0.0)
    again = f"lava-spquant train {best.folder / 'recipe.yaml'} --out {Path('runs') / best.recipe_name}"
    return "\n".join((*(str(path) for path in found.files), f"To train a trial again, here {best.number}: {again}"))

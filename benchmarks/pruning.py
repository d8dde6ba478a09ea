"""What pruning whole channels costs and saves, for every criterion at several budgets.

python benchmarks/pruning.py runs/cifar10-vgg-small/last.ckpt --shares 0.5,0.3 --epochs 3
python benchmarks/pruning.py CKPT --results benchmarks/results/pruning.json --figure benchmarks/results/pruning.png

Every network is the integer one, on the whole test split: pruned on training samples, batch-norm's statistics taken
anew, and with `--epochs` trained further by its own recipe. Operations are counted as they happen on test samples
(synaptic operations), and as if every input were active; the engine's time is beside the dense network's, both taking
turns. `random` is what the criteria have to beat.

Networks are kept under names that say what they are: criterion, share, what the share is of, epochs of further
training, and the first digits of the checkpoint's SHA-256. The same command goes on where it was stopped; another
checkpoint, or another number of epochs, begins anew.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from common import QUICK_LIMIT, FigurePath, Quick, Results, choice, commit, write_json
from pruning_parts.figure import pruning_figure
from pruning_parts.rows import Row, pruned_row, pruned_table
from pruning_parts.speed import some_samples

from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import DataPath, Debug, Json, Limit, Quiet
from lava_spquant.cli.session import Session, session
from lava_spquant.prune import COSTS, CRITERIA
from lava_spquant.report.machine import machine
from lava_spquant.report.style import save_figure

if TYPE_CHECKING:
    from lava_spquant.workflow.prune import PrunedCheckpoint, PrunedSide

NAMES = (*CRITERIA, "random:0")


def main(
    checkpoint: Annotated[Path, typer.Argument(metavar="CKPT", help="A trained network.")],
    criteria: Annotated[
        Optional[str],  # noqa: UP045 (typer reads this on Python 3.10)
        typer.Option("--criteria", metavar="A,B", help=f"Among {', '.join(NAMES)}; all by default."),
    ] = None,
    shares: Annotated[str, typer.Option("--shares", metavar="X,X", help="Of the cost that may be left.")] = (
        "0.7,0.5,0.35,0.25"
    ),
    kind: Annotated[str, typer.Option("--of", help=f"What the share is of: {', '.join(COSTS)}.")] = "operations",
    epochs: Annotated[int, typer.Option("--epochs", min=0, help="Train every one further.")] = 0,
    overrides: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", metavar="FIELD=VALUE", help="Change the recipe of further training."),
    ] = None,
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Keeps checkpoints.")] = Path("runs/pruning"),
    figure: FigurePath = None,
    results: Results = None,
    limit: Limit = None,
    data_path: DataPath = None,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Prune a network by every criterion at every budget."""
    hint = f"networks are kept in {folder}; the same command goes on"
    with session(json_output, quiet, debug, resume_hint=hint) as now:
        load_training(debug)
        names = choice("--criteria", criteria, NAMES)
        left = _shares(shares)
        if quick:
            left, limit = left[:1], min(limit or QUICK_LIMIT, QUICK_LIMIT)
        rows: list[Row] = []
        dense: Row = {}
        for name in names:
            for share in left:
                done, after = _pruned(
                    checkpoint, name, share, kind, epochs, overrides or [], folder, limit, data_path, now
                )
                x = some_samples(done.before.network, done.recipe.data, data_path)
                dense = dense or pruned_row("dense", 1.0, done.before, done.before, x)
                rows.append(pruned_row(name, share, after, done.before, x))
        values = {
            "ok": True,
            "machine": machine().values(),
            "commit": commit(),
            "checkpoint": checkpoint.name,
            **_measured_on(checkpoint, limit, data_path),
            "of": kind,
            "epochs": epochs,
            "overrides": overrides or [],
            "dense": dense,
            "rows": rows,
        }
        if results is not None:
            write_json(results, values)
        if figure is not None:
            title = f"Channels pruned, {epochs} epochs of training behind" if epochs else "Channels pruned, not trained"
            save_figure(pruning_figure(title, rows, dense), figure)
        now.finish(values, pruned_table([dense, *rows]))


def _measured_on(checkpoint: Path, limit: int | None, data_path: Path | None) -> dict[str, Any]:
    """Return what the dense network is called, the recipe that made it, and what all are measured on."""
    from lava_spquant.workflow.chunks import head
    from lava_spquant.workflow.recipe import recipe_text
    from lava_spquant.workflow.train import load_checkpoint

    recipe, _ = load_checkpoint(checkpoint)
    samples = len(head(recipe.data.load(data_path).test, limit))
    return {"name": recipe.name, "recipe": recipe_text(recipe), "dataset": recipe.data.name, "samples": samples}


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in text.split(","))
    except ValueError as error:
        raise ValueError(f"--shares: found {text!r}, expected numbers in 0..1 such as 0.5,0.3") from error


def _pruned(
    checkpoint: Path,
    criterion: str,
    share: float,
    kind: str,
    epochs: int,
    overrides: list[str],
    folder: Path,
    limit: int | None,
    data_path: Path | None,
    now: Session,
) -> tuple[PrunedCheckpoint, PrunedSide]:
    """Prune, train further where asked, and measure what came out."""
    from lava_spquant.workflow.prune import PruneConfig, measure, prune_checkpoint
    from lava_spquant.workflow.recipe import load_recipe
    from lava_spquant.workflow.train import train

    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()[:8]
    # Recipes may be equal where the networks that training starts from are not.
    # And a longer training would go on where a shorter one had ended, with the learning rate at 0.
    name = f"{criterion.replace(':', '-')}-{share:g}-{kind}-{epochs}-epochs-{digest}"
    now.note(f"{criterion}, {share:.0%} of the {kind}")
    target = folder / f"{name}.ckpt"
    config = PruneConfig(criterion, share, kind)
    done = prune_checkpoint(checkpoint, target, config, data_path=data_path, limit=limit)
    if not epochs:
        return done, done.after
    recipe = load_recipe(done.recipe_file, [*overrides, f"training.epochs={epochs}", f"name={name}"])
    trained = train(recipe, folder / name, data_path=data_path, progress=now.shows_bars, initial=target)
    test = recipe.data.load(data_path).test
    return done, measure(trained.model.to_ir(), test, recipe.data.steps, limit)


if __name__ == "__main__":
    typer.run(main)

"""What quantising a trained network loses: rounded, calibrated, and fine-tuned.

python benchmarks/calibration.py                    # digits: a minute on two cores
python benchmarks/calibration.py --recipe mnist-cnn # any recipe of images

Trains the recipe in float (no quantiser anywhere), then takes it to fewer bits in three ways: the quantisers put in
place and nothing else; calibrated on 256 training images; calibrated and trained for one and two epochs more.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from common import FULL_PRECISION, Quick, commit, table

from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import DataPath, Debug, Json, Quiet
from lava_spquant.cli.session import session
from lava_spquant.report.machine import machine

EPOCHS, QUICK_EPOCHS = 20, 3

CASES = (
    ("int8-channel", "int8-channel", "int4"),
    ("int4-channel", "int4-channel", "ternary"),
    ("ternary-channel", "int8-channel", "ternary"),
    ("ternary", "ternary", "ternary"),
)
"""Quantisers of the weights, of the first and last of them, and of the potentials."""

Row = dict[str, Any]


def main(
    recipe: Annotated[str, typer.Option("--recipe", help="What is trained.")] = "digits-cnn",
    data_path: DataPath = None,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Print the accuracy of integer networks before and after quantisation."""
    with session(json_output, quiet, debug) as now, tempfile.TemporaryDirectory() as folder:
        load_training(debug)
        rows = list(measure(recipe, Path(folder), data_path, quick))
        columns = ("weights", "first and last", "potentials", "float", "rounded", "calibrated", "+1 epoch", "+2 epochs")
        names = ("float", "rounded", "calibrated", "one_epoch", "two_epochs")
        cells = ([*row["case"], *(f"{row[name]:.2%}" for name in names)] for row in rows)
        values = {"ok": True, "machine": machine().values(), "commit": commit(), "recipe": recipe, "rows": rows}
        now.finish(values, table(f"Calibration of {recipe}: test accuracy of the integers", columns, cells, 3))


def measure(name: str, folder: Path, data_path: Path | None, quick: bool) -> Iterator[Row]:
    """Yield one row per case."""
    from lava_spquant.workflow.calibrate import calibrate_checkpoint
    from lava_spquant.workflow.recipe import load_recipe
    from lava_spquant.workflow.train import train

    long = [f"training.epochs={QUICK_EPOCHS if quick else EPOCHS}", "training.warmup_epochs=1"]
    plain = train(load_recipe(name, [*long, *FULL_PRECISION]), folder / "float", data_path=data_path, progress=False)
    for case, (weight, ends, membrane) in enumerate(CASES[1:2] if quick else CASES):
        chosen = quantisers(weight, ends, membrane)
        target = folder / f"{case}.ckpt"
        done = calibrate_checkpoint(plain.checkpoint, target, chosen, data_path=data_path)
        tuned = []
        for epochs in (1, 2):
            short = [f"training.epochs={epochs}", "training.warmup_epochs=0", "training.learning_rate=0.001"]
            again = load_recipe(name, [*chosen, *short])
            where = folder / f"{case}-{epochs}"
            tuned.append(train(again, where, data_path=data_path, progress=False, initial=target).accuracy)
        yield {
            "case": [weight, ends, membrane],
            "float": done.before,
            "rounded": rounded(load_recipe(name, chosen), plain.checkpoint, data_path),
            "calibrated": done.after,
            "one_epoch": tuned[0],
            "two_epochs": tuned[1],
        }


def quantisers(weight: str, ends: str, membrane: str) -> list[str]:
    """Return what puts these into a recipe, also where it lists them layer by layer: a list would decide."""
    weights = [f"model.weight={weight}", f"model.first_weight={ends}", f"model.last_weight={ends}", "model.weights=[]"]
    return [*weights, f"model.membrane={membrane}", "model.membranes=[]"]


def rounded(recipe: Any, checkpoint: Path, data_path: Path | None) -> float:
    """Return the accuracy with the quantisers put in place and nothing else."""
    from lava_spquant.slayer.models import build_convnet
    from lava_spquant.workflow import evaluate
    from lava_spquant.workflow.executor import default_executor
    from lava_spquant.workflow.train import load_checkpoint

    _, model = load_checkpoint(checkpoint)
    splits = recipe.data.load(data_path)
    other = build_convnet(recipe.model, model.input_spec, splits.num_classes)
    other.load_state_dict(model.state_dict())
    return evaluate(other.eval().to_ir(), splits.test, recipe.data.steps, default_executor()).accuracy


if __name__ == "__main__":
    typer.run(main)

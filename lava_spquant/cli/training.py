"""`lava-spquant train`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.text import Text

from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import (
    Accelerator,
    DataPath,
    Debug,
    Devices,
    Json,
    NumNodes,
    Overrides,
    Precision,
    Quiet,
    Strategy,
)
from lava_spquant.cli.session import session
from lava_spquant.workflow.hardware import Hardware, is_first_process

__all__ = ["train"]


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe that comes with the package, or a YAML file.")],
    overrides: Overrides = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", metavar="DIR", help="Where checkpoints go; runs/<recipe name> by default."),
    ] = None,
    initial: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--initial", metavar="CKPT", help="Start from this checkpoint's weights, of any quantisation."),
    ] = None,
    teacher: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--teacher", metavar="CKPT", help="Learn from this network's answers (training.distillation)."),
    ] = None,
    data: DataPath = None,
    accelerator: Accelerator = "auto",
    devices: Devices = 1,
    num_nodes: NumNodes = 1,
    strategy: Strategy = "auto",
    precision: Precision = None,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train a recipe. Run the same command again to go on after an interruption.

    Several processes share out every batch and train the network that one would. On several machines run the
    command on each of them, with torchrun or with the environment that Lightning reads.

    Recipes in the package: cifar10-bit-resnet18, cifar10-bit-resnet20, cifar10-bit-resnet20-gpu,
    cifar10-bit-resnet20-raise, cifar10-bit-vgg-small, cifar10-resnet19, cifar10-vgg-small,
    cifar10-vgg-small-gated, cifar10-vgg-small-pruned, cifar10-vgg-wide, cifar10-vgg-wide-pruned,
    digits-cnn, dvs-cifar10-vgg9, dvs-gesture-mobilenet, emulated-mnist-cnn, mnist-cnn,
    mnist-cnn-pruned, n-caltech101-vgg9.

    Example: lava-spquant train digits-cnn --set training.epochs=20 --out runs/short

    Example: lava-spquant train mnist-cnn --devices 2 --strategy ddp
    """
    hint = "training resumes from the last checkpoint when the same command is run again"
    first = is_first_process(devices * num_nodes)
    # Of several processes one tells of the result; what goes wrong in any of them reaches standard error.
    with session(json_output and first, quiet or not first, debug, resume_hint=hint if first else None) as now:
        load_training(debug)
        from lava_spquant.workflow.recipe import load_recipe
        from lava_spquant.workflow.train import train as run_training

        chosen = [] if precision is None else [f"training.precision={precision}"]
        plan = load_recipe(recipe, [*(overrides or ()), *chosen])
        hardware = Hardware(accelerator, devices, num_nodes, strategy)
        folder = out if out is not None else Path("runs") / plan.name
        now.note(f"Training {plan.name} on {plan.data.name}, {plan.training.epochs} epochs, into {folder}")
        start = time.perf_counter()
        trained = run_training(
            plan,
            folder,
            data_path=data,
            progress=now.shows_bars,
            hardware=hardware,
            initial=initial,
            teacher=teacher,
        )
        values = {
            "ok": True,
            "recipe": plan.name,
            "dataset": plan.data.name,
            "steps": plan.data.steps,
            "accuracy": trained.accuracy,
            "valid_accuracy": trained.valid_accuracy,
            "checkpoint": str(trained.checkpoint),
            "seconds": time.perf_counter() - start,
        }
        text = f"{plan.name}: test accuracy {trained.accuracy:.2%} (integer network); {trained.checkpoint}"
        now.finish(values, Text(text))

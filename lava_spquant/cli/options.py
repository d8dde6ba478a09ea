"""Options that several commands share: one spelling, one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from lava_spquant.workflow.executor import EXECUTORS
from lava_spquant.workflow.hardware import ACCELERATORS, STRATEGIES

__all__ = [
    "Accelerator",
    "DataPath",
    "Dataset",
    "Debug",
    "Devices",
    "ExecutorName",
    "InputBits",
    "InputShape",
    "Json",
    "Limit",
    "NumNodes",
    "Overrides",
    "Precision",
    "Quiet",
    "Source",
    "Steps",
    "Strategy",
]

# typer reads these at run time, where Python 3.10 needs Optional.
Source = Annotated[Path, typer.Argument(metavar="NET|CKPT", help="A .net file, or a checkpoint (.ckpt) of training.")]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else there.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no tables.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

Limit = Annotated[Optional[int], typer.Option("--limit", min=1, help="Only the first so many test images.")]  # noqa: UP045
DataPath = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--data", metavar="PATH", help="Where the data set lies; by default its usual places are searched."),
]
Overrides = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a field of the recipe, e.g. training.epochs=5; repeatable."
    ),
]
Dataset = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--dataset", metavar="NAME", help="Data set to run on; by default the one that the file names."),
]
Steps = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--steps", min=1, help="Time steps per image; by default those that the file names."),
]
ExecutorName = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--executor",
        "-e",
        help=f"What runs it: {', '.join(EXECUTORS)}; by default the engine, or the reference without numba.",
    ),
]
InputShape = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--input-shape", metavar="C,H,W", help="Input shape, for files that do not hold it."),
]
InputBits = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--input-bits", min=1, help="Width of an unsigned input, for files that do not hold it."),
]

Accelerator = Annotated[str, typer.Option("--accelerator", help=f"What trains: {', '.join(ACCELERATORS)}.")]
Devices = Annotated[int, typer.Option("--devices", min=1, help="Processes on this machine, one per GPU.")]
NumNodes = Annotated[int, typer.Option("--num-nodes", min=1, help="Machines that train together.")]
Strategy = Annotated[str, typer.Option("--strategy", help=f"How processes train together: {', '.join(STRATEGIES)}.")]
Precision = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--precision", help="Of convolutions: 32, bf16-mixed, 16-mixed; by default the recipe's."),
]

"""The models of the paper's tables at full size: the same integers in SLAYER, the engine and Lava, and their memory.

python benchmarks/models.py
python benchmarks/models.py --models resnet19 --steps 2

Weights are random, and so quantised; batch-norm has seen a few real images (CIFAR-10's where they are at hand, digits
otherwise, placed in the model's input), so that neurons fire. Every spike and state of every block and step is
compared; exit code 1 tells that one differs. Nothing is trained.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Optional

import numpy as np
import typer
from common import Quick, Results, choice, commit, table, write_json
from rich.table import Table

from lava_spquant import data, ir
from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import DataPath, Debug, Json, Quiet
from lava_spquant.cli.session import Session, session
from lava_spquant.ir.reference import Trace
from lava_spquant.proc import simulate
from lava_spquant.report import compare, memory
from lava_spquant.report.machine import machine
from lava_spquant.workflow.executor import EXECUTORS, prepare
from lava_spquant.workflow.progress import silent

if TYPE_CHECKING:
    from lava_spquant.slayer import SpikingNetwork
    from lava_spquant.slayer.models import NamedModel

Row = dict[str, Any]

EXECUTED = ("slayer", "engine", "lava")
"""The first is what the others are held against."""

DEADLINE = 3600.0
"""Seconds in Lava; ResNet-19 takes minutes."""

WARMING = 2
"""Batches that batch-norm sees."""

QUICK_SIDE = 32
"""Height and width of the input of a quick run, at which every model has an output."""


def main(
    models: Annotated[
        Optional[str],  # noqa: UP045 (typer reads this on Python 3.10)
        typer.Option("--models", metavar="A,B", help="Such as resnet19,vgg9; all by default."),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Time steps.")] = 2,
    samples: Annotated[int, typer.Option("--samples", min=1, help="Images.")] = 1,
    data_path: DataPath = None,
    results: Results = None,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Run the paper's models everywhere."""
    with session(json_output, quiet, debug) as now:
        load_training(debug)
        from lava_spquant.slayer.models import MODELS

        images, source = real_images(data_path)
        rows: list[Row] = []
        for name in choice("--models", models, tuple(MODELS)):
            rows += measure(name, MODELS[name], images, steps, samples, quick, now)
        ok = all(row["mismatches"] == 0 for row in rows)
        values = {"ok": ok, "machine": machine().values(), "images": source, "quick": quick, "rows": rows}
        values["commit"] = commit()
        if results is not None:
            write_json(results, values)
        now.finish(values, shown(rows), f"Images: {source}", ok=ok)


def real_images(path: Any) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], str]:
    """Return images (N, C, H, W) uint8, and their name."""
    try:
        return data.cifar10(path).test.images[:64], "CIFAR-10"
    except data.DataError:
        return np.minimum(data.digits().test.images[:64].astype(int) * 16, 255).astype(np.uint8), "digits"


def placed(images: Any, spec: ir.InputSpec) -> ir.IntArray:
    """Return images in the middle of an input, repeated over channels, (N, C, H, W)."""
    channels, height, width = spec.shape
    _, have, rows, columns = images.shape
    x = np.zeros((len(images), channels, height, width), np.int32)
    top, left = (height - rows) // 2, (width - columns) // 2
    x[:, :, top : top + rows, left : left + columns] = images[:, np.arange(channels) % have]
    return x >> (8 - spec.bits)


def measure(
    name: str, named: NamedModel, images: Any, steps: int, samples: int, quick: bool, now: Session
) -> Iterator[Row]:
    """Yield one row per executor."""
    import torch

    if quick:
        channels = named.input_spec.shape[0]
        named = replace(named, input_spec=ir.InputSpec((channels, QUICK_SIDE, QUICK_SIDE), 8))
    torch.manual_seed(0)
    model, stills = named.build(name), placed(images, named.input_spec)
    warm(model, stills, steps)
    network = model.to_ir()
    x = np.broadcast_to(stills[:samples], (steps, samples, *stills.shape[1:])).copy()
    account, baseline = memory(network).total, None
    for executor in EXECUTED:
        now.note(f"{name}: {EXECUTORS[executor].label}")
        start = time.perf_counter()
        if executor == "lava":
            # `prepare` sets a deadline for networks that people wait for.
            trace = simulate(network, x, deadline=DEADLINE)
        else:
            trace = prepare(executor, network, model)(x, silent("", 0))
        seconds = time.perf_counter() - start
        baseline = baseline or trace
        found = compare(baseline, trace, network)
        yield {
            "model": name,
            "executor": executor,
            "neurons": account.neurons,
            "weights": account.weights.count,
            "paper_mb": account.paper_mb,
            "paper_mb_at_32": account.paper_mb_at_32,
            "spike_rate": spike_rate(trace),
            "compared": found.compared,
            "mismatches": found.mismatches,
            "seconds": seconds,
        }


def warm(model: SpikingNetwork, stills: ir.IntArray, steps: int) -> None:
    """Give batch-norm the mean statistics of a few images as its running ones."""
    import torch

    from lava_spquant.slayer.norm import renormalise

    batches = (torch.from_numpy(part).float()[..., None] for part in np.array_split(stills[: 8 * WARMING], WARMING))
    renormalise(model, (batch.expand(*batch.shape[:-1], steps) for batch in batches))
    model.eval()


def spike_rate(trace: Trace) -> float:
    """Return the mean rate of all spiking blocks."""
    spikes = [block["spikes"] for block in trace.blocks if "spikes" in block]
    return float(sum(int(s.sum()) for s in spikes) / sum(s.size for s in spikes))


def shown(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    columns = ("model", "executor", "neurons", "weights", "MB", "at 32 bit", "rate", "values compared", "differ", "s")
    cells = (
        (
            row["model"],
            EXECUTORS[row["executor"]].label,
            f"{row['neurons']:,}",
            f"{row['weights']:,}",
            f"{row['paper_mb']:.2f}",
            f"{row['paper_mb_at_32']:.2f}",
            f"{row['spike_rate']:.3f}",
            f"{row['compared']:,}",
            f"{row['mismatches']:,}",
            f"{row['seconds']:.1f}",
        )
        for row in rows
    )
    return table("The paper's models everywhere (MB: kernels + 2 x state)", columns, cells, text_columns=2)


if __name__ == "__main__":
    typer.run(main)

"""Time per sample and time step of everything that runs an integer network.

python benchmarks/executors.py
python benchmarks/executors.py --checkpoint runs/digits-cnn/last.ckpt

Two networks: `netx_models/digits.net` on its test images, and, where it is at hand, the MNIST network published with
lava-dl on random spikes, there with lava-dl's own `netx.hdf5.Network` as well. All executors of a network take turns
in one process, so that a busy machine is as unfair to one as to the others; medians and quartiles are over the turns.
Building is not timed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import numpy as np
import typer
from common import ROOT, Quick, table
from rich.table import Table

from lava_spquant import ir, netx
from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import Debug, Json, Quiet
from lava_spquant.cli.session import session
from lava_spquant.data import repeat
from lava_spquant.ir import reference
from lava_spquant.report.machine import machine
from lava_spquant.workflow import Loaded, load
from lava_spquant.workflow.loading import open_checkpoint

if TYPE_CHECKING:
    from lava_spquant.slayer import SpikingNetwork

DIGITS = ROOT / "netx_models" / "digits.net"
SHARED = Path(os.environ.get("LAVA_SPQUANT_SHARED", ROOT.parent / "shared"))
LAVA_DL = SHARED / "reference" / "lava-dl" / "mnist" / "trained_mnist_network.net"

LAVA = "Lava Processes"
DEADLINE = 600.0
SPIKE_DENSITY = 0.2
"""Share of active inputs of the network that reads spikes."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Effort:
    """How much is timed: turns, time steps per turn, and the larger batch."""

    turns: int = 21
    steps: int = 64
    batch: int = 32


QUICK = Effort(turns=5, steps=16, batch=8)


@dataclass(frozen=True)
class Runner:
    """One executor, ready to run: every call runs `steps` time steps of `batch` samples."""

    name: str
    batch: int
    steps: int
    run: Callable[[], object]


def main(
    checkpoint: Annotated[
        Optional[Path],  # noqa: UP045 (typer reads this on Python 3.10)
        typer.Option("--checkpoint", metavar="CKPT", help="Trained digits model; else SLAYER times untrained weights."),
    ] = None,
    lava_dl: Annotated[
        Path, typer.Option("--lava-dl", metavar="NET", help="lava-dl's published MNIST network; left out if absent.")
    ] = LAVA_DL,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Print the time per sample and time step of every executor."""
    with session(json_output, quiet, debug) as now:
        load_training(debug)
        effort = QUICK if quick else Effort()
        now.note(f"Timing {DIGITS.name}")
        rows = time_digits(effort, checkpoint)
        if lava_dl.is_file():
            now.note(f"Timing {lava_dl.name}")
            rows += time_lava_dl(effort, lava_dl)
        else:
            now.note(f"{lava_dl} is not here: lava-dl's own network is left out")
        values = {"ok": True, "machine": machine().values(), "load_average": os.getloadavg(), "rows": rows}
        now.finish(values, shown(rows))


def time_digits(effort: Effort, checkpoint: Path | None) -> list[Row]:
    """Time the digits network on its test images."""
    found = load(DIGITS)
    network, images, steps = found.network, found.test_data().images, found.known_steps()
    one, many = repeat(images[:1], steps), repeat(images[: effort.batch], steps)
    stream = repeat(images[: max(effort.steps // steps, 1)], steps).swapaxes(0, 1).reshape(-1, *network.input.shape)
    with ExitStack() as stack:
        # Lava first: its children are forked, which is safest before torch has threads.
        lava = stack.enter_context(lava_run(network, stream, steps))
        runners = [Runner(LAVA, 1, len(stream), lambda: lava(len(stream)))]
        runners += [on_reference(network, x) for x in (one, many)]
        label, model = slayer_model(found, checkpoint)
        runners += [on_slayer(label, model, x) for x in (one, many)]
        return measure(network.name, runners, effort.turns)


def time_lava_dl(effort: Effort, path: Path) -> list[Row]:
    """Time a stock network on random spikes: ours and lava-dl's own Processes, and the reference."""
    from lava.lib.dl.netx import hdf5

    network = netx.load(path)
    rng = np.random.default_rng(0)
    shape = (effort.steps, effort.batch, *network.input.shape)
    spikes = (rng.random(shape) < SPIKE_DENSITY).astype(np.int32)
    with ExitStack() as stack:
        ours = stack.enter_context(lava_run(network, spikes[:, 0], None))
        theirs = stack.enter_context(guarded_source(hdf5.Network(str(path)), spikes[:, 0]))
        runners = [
            Runner(LAVA, 1, effort.steps, lambda: ours(effort.steps)),
            Runner("lava-dl NetX", 1, effort.steps, lambda: theirs(effort.steps)),
            on_reference(network, spikes[:, :1]),
            on_reference(network, spikes),
        ]
        return measure("lava-dl MNIST", runners, effort.turns)


def lava_run(network: ir.Network, stream: ir.IntArray, reset_interval: int | None) -> Any:
    """Return the guarded run of one Process per layer, fed with `stream` (T, *input shape) over and over."""
    from lava_spquant import proc

    return guarded_source(proc.Network(network, reset_interval=reset_interval, fused=False), stream)


def guarded_source(process: Any, stream: ir.IntArray) -> Any:
    """Return the guarded run of a network of ours or of lava-dl's behind a source."""
    from lava.proc.io.source import RingBuffer

    from lava_spquant import proc

    source = RingBuffer(data=np.ascontiguousarray(stream).T)
    source.s_out.connect(process.inp)
    return proc.guarded(source, deadline=DEADLINE)


def on_reference(network: ir.Network, x: ir.IntArray) -> Runner:
    """Time `ir.reference.run`, which also records every block."""
    return Runner("integer reference", x.shape[1], x.shape[0], lambda: reference.run(network, x))


def on_slayer(label: str, model: SpikingNetwork, x: ir.IntArray) -> Runner:
    """Time the forward pass of SLAYER's `eval()`."""
    import torch

    from lava_spquant.slayer.layout import nchwt

    tensor = nchwt(torch.from_numpy(np.ascontiguousarray(x)).to(torch.get_default_dtype()))

    def run() -> None:
        with torch.no_grad():
            model(tensor)

    return Runner(label, x.shape[1], x.shape[0], run)


def slayer_model(found: Loaded, checkpoint: Path | None) -> tuple[str, SpikingNetwork]:
    """Return the trained model, or one of the same architecture: the time does not depend on the weights."""
    from lava_spquant.slayer.models import build_convnet
    from lava_spquant.workflow.recipe import load_recipe

    if checkpoint is not None:
        label, model = "SLAYER eval()", open_checkpoint(checkpoint).model
        assert model is not None
    else:
        recipe = load_recipe(str(found.recipe))
        classes = found.network.output_shape[0]
        label, model = "SLAYER eval(), untrained", build_convnet(recipe.model, found.network.input, classes).eval()
    shapes = model.to_ir().shapes
    if shapes != found.network.shapes:
        raise ValueError(f"SLAYER model: block shapes: found {shapes}, expected {found.network.shapes}")
    return label, model


def measure(network: str, runners: list[Runner], turns: int) -> list[Row]:
    """Let all executors take turns and return one row for each; the first turn warms up and does not count."""
    seconds: list[list[float]] = [[] for _ in runners]
    for turn in range(turns + 1):
        for runner, times in zip(runners, seconds, strict=True):
            start = time.perf_counter()
            runner.run()
            if turn:
                times.append((time.perf_counter() - start) / (runner.batch * runner.steps))
    medians = {i: float(np.median(times)) for i, times in enumerate(seconds)}
    lava = next(medians[i] for i, runner in enumerate(runners) if runner.name == LAVA)
    rows = []
    for i, (runner, times) in enumerate(zip(runners, seconds, strict=True)):
        low, high = (float(q) for q in np.quantile(times, (0.25, 0.75)))
        row: Row = {"network": network, "executor": runner.name, "batch": runner.batch, "steps": runner.steps}
        row |= {"median_us": 1e6 * medians[i], "low_us": 1e6 * low, "high_us": 1e6 * high, "turns": len(times)}
        rows.append(row | {"ratio": lava / medians[i]})
    return rows


def shown(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    columns = ("network", "executor", "batch", "median, us", "quartiles, us", "times faster")
    cells = (
        (
            row["network"],
            row["executor"],
            str(row["batch"]),
            f"{row['median_us']:,.1f}",
            f"{row['low_us']:,.1f} to {row['high_us']:,.1f}",
            f"{row['ratio']:,.1f}",
        )
        for row in rows
    )
    title = f"Time per sample and time step over {rows[0]['turns']} turns, against {LAVA} of this library"
    return table(title, columns, cells, text_columns=2)


if __name__ == "__main__":
    typer.run(main)

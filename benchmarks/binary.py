"""How fast the engine runs single-step binary networks, beside torch on the same layers.

python benchmarks/binary.py
python benchmarks/binary.py --results benchmarks/results/binary.json
LAVA_SPQUANT_TILES=0 python benchmarks/binary.py

One 3x3 convolution, and whole networks (VGG-small and ResNet-20 of BitSNNs), with random weights. The engine computes
integers, with packing, thresholds, shortcuts and read-out; torch computes floats, channels-last, with the same layers,
in float32 and bfloat16. So does Larq Compute Engine, with XNOR in place of AND, where it is installed
(`pip install ".[xnor]"`). Engine and torch in float32 take turns, the others come behind them; ratios are of medians.
Of the two calls in a turn the second is timed, with caches and threads as the first left them.
Time of the single convolution is an eighth of the difference between two networks, one with eight more of them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Optional

import numpy as np
import typer
from binary_parts.larq_side import installed, larq_calls
from binary_parts.sizes import ADDED
from common import Quick, Results, choice, commit, table, write_json
from numpy.typing import NDArray
from rich.table import Table

from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import Debug, Json, Quiet
from lava_spquant.cli.session import Session, session
from lava_spquant.engine import Engine
from lava_spquant.engine._cpu import has_tiles
from lava_spquant.report.machine import machine

if TYPE_CHECKING:
    from binary_parts.workloads import Workload

NAMES = ("conv", "bit-vgg-small", "bit-resnet20")
TIMES = ("engine_ms", "float32_ms", "bfloat16_ms", "larq_ms")
RATIOS = ("over_float32", "over_bfloat16", "over_larq")
Row = dict[str, Any]


def main(
    networks: Annotated[
        Optional[str],  # noqa: UP045 (typer reads this on Python 3.10)
        typer.Option("--networks", metavar="A,B", help=f"Among {', '.join(NAMES)}; all by default."),
    ] = None,
    batches: Annotated[str, typer.Option("--batches", metavar="N,N", help="Images at a time.")] = "1,32",
    threads: Annotated[str, typer.Option("--threads", metavar="N,N", help="Of both sides.")] = "1,2",
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Rounds that count.")] = 15,
    results: Results = None,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Time binary networks on the engine and in torch."""
    with session(json_output, quiet, debug) as now:
        load_training(debug)
        from binary_parts.workloads import workload

        names = choice("--networks", networks, NAMES)
        if quick:
            names, batches, threads, rounds = names[:1], "2", "1", 3
        rows = [
            row
            for name in names
            for made in [workload(name)]
            for batch in _numbers("--batches", batches)
            for count in _numbers("--threads", threads)
            for row in [_measured(name, made, batch, count, rounds, now)]
        ]
        values = {"ok": True, "machine": machine().values(), "commit": commit(), "tiles": has_tiles(), "rounds": rounds}
        values["rows"] = rows
        if results is not None:
            write_json(results, values)
        now.finish(values, _shown(rows))


def _numbers(option: str, text: str) -> tuple[int, ...]:
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and int(word) for word in words):
        raise ValueError(f"{option}: found {text!r}, expected whole numbers such as 1,2")
    return tuple(int(word) for word in words)


def _measured(name: str, made: Workload, batch: int, threads: int, rounds: int, now: Session) -> Row:
    import torch

    now.note(f"{made.title}, batch {batch}, {threads} threads")
    torch.set_num_threads(threads)
    rng = np.random.default_rng(1)
    top = 2**made.network.input.bits
    x = rng.integers(0, top, (1, batch, *made.network.input.shape)).astype(np.int32)
    floats = (torch.rand((batch, *made.floats)) < 0.5).float().to(memory_format=torch.channels_last)
    calls = _ours(made, threads, x) | {"float32": lambda: made.layers(floats)}
    seconds = _alternated(calls, rounds)
    # bfloat16 changes the layers: it is timed by itself, behind the others.
    made.layers.bfloat16()
    lower = floats.bfloat16()
    seconds |= _alternated({"bfloat16": lambda: made.layers(lower)}, rounds)
    made.layers.float()
    # Its threads spin, and slow down whoever has the next turn.
    if installed():
        seconds |= _alternated(larq_calls(name, batch, threads), rounds)
    ours = _of_one(seconds, "engine")
    about = {"network": name, "title": made.title, "batch": batch, "threads": threads}
    times = {"engine_ms": 1e3 * ours, "float32_ms": 1e3 * seconds["float32"], "bfloat16_ms": 1e3 * seconds["bfloat16"]}
    ratios = {"over_float32": seconds["float32"] / ours, "over_bfloat16": seconds["bfloat16"] / ours}
    if "larq" in seconds:
        larq = _of_one(seconds, "larq")
        times["larq_ms"], ratios["over_larq"] = 1e3 * larq, larq / ours
    return {**about, **times, **ratios, "images_per_second": batch / ours}


def _ours(made: Workload, threads: int, x: NDArray[np.int32]) -> dict[str, Callable[[], object]]:
    whole = Engine(made.network, threads=threads)
    if made.baseline is None:
        return {"engine": lambda: whole.run(x)}
    part = Engine(made.baseline, threads=threads)
    return {"engine": lambda: whole.run(x), "engine part": lambda: part.run(x)}


def _of_one(seconds: dict[str, float], name: str) -> float:
    """Return the time of a whole network, or that of one of the convolutions that the longer network has more."""
    part = f"{name} part"
    return (seconds[name] - seconds[part]) / ADDED if part in seconds else seconds[name]


def _alternated(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median seconds of every call; they take turns."""
    import torch

    times: dict[str, list[float]] = {name: [] for name in calls}
    with torch.inference_mode():
        for call in calls.values():
            call()
        for _ in range(rounds):
            for name, call in calls.items():
                call()
                start = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def _shown(rows: Sequence[Row]) -> Table:
    columns = (
        "network",
        "batch",
        "threads",
        "engine, ms",
        "float32",
        "bfloat16",
        "Larq",
        "faster",
        "than bfloat16",
        "than Larq",
        "images/s",
    )
    cells = (
        (
            row["title"],
            str(row["batch"]),
            str(row["threads"]),
            *(f"{row[key]:,.2f}" if key in row else "" for key in TIMES),
            *(f"{row[key]:,.1f}" if key in row else "" for key in RATIOS),
            f"{row['images_per_second']:,.0f}",
        )
        for row in rows
    )
    return table("Single-step binary networks", columns, cells)


if __name__ == "__main__":
    typer.run(main)

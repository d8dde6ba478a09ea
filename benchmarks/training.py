"""What a training step costs: beside SLAYER, SpikingJelly, snnTorch, and the same network with ReLU.

python benchmarks/training.py
python benchmarks/training.py --only steps --networks conv --steps 4,16 --rounds 15
python benchmarks/training.py --results benchmarks/results/training.json --figure benchmarks/results/training.png
python benchmarks/training.py --device cuda

Everyone trains the same network: the same convolutions, batch-norm behind each of them, a linear read-out of the mean
over time, cross-entropy, Adam, the same spikes as input, new ones at every step. A training step is forward, backward
and optimiser. Every contestant lives in a process of its own, and these take turns, step by step; ratios are of medians
and, round by round, have quartiles of their own. Memory is the peak of that process above what it held before its first
step, with libraries, network and batch loaded. Everyone's large tensors lie on huge pages, which our package asks torch
for; `--allocator small` shows everyone without. A contestant that cannot take part is listed with the reason;
`pip install ".[compare]"` brings the libraries. `bound` is no network: it spends the multiplications of its
convolutions in the convolution that torch computes fastest, and nothing else. Names ending in `-bf16` train under
torch's autocast; by default only we, the ReLU and the bound do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from common import Quick, choice, commit, write_json
from rich.console import RenderableType
from training_parts.breakdown import profile_rows, profile_table
from training_parts.contestants import CONTESTANTS, OURS, RELU, contestants_for, default_contestants
from training_parts.figure import lines_figure
from training_parts.lines import line_table, lines_of
from training_parts.remote import Setup
from training_parts.rounds import FULL, QUICK, Effort, step_rows, step_table
from training_parts.workload import Workload, workloads

from lava_spquant.cli.options import Debug, Json, Quiet
from lava_spquant.cli.session import session
from lava_spquant.report.machine import machine
from lava_spquant.report.style import save_figure

SECTIONS = ("steps", "lines", "profile")
LIBRARIES = ("torch", "numba", "numpy", "lightning", "lava-dl", "spikingjelly", "snntorch", "triton", "cupy-cuda12x")

Shown = list[RenderableType]

Only = Annotated[
    Optional[str],  # noqa: UP045 (typer reads this on Python 3.10)
    typer.Option("--only", metavar="A,B", help=f"Sections among {', '.join(SECTIONS)}; all by default."),
]
Networks = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--networks", metavar="A,B", help=f"Among {', '.join(workloads(False))}; all by default."),
]
Contestants = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--contestants", metavar="A,B", help=f"Among {', '.join(CONTESTANTS)}."),
]
Steps = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--steps", metavar="T,T", help="Time steps in the sections steps and profile; 4,16 by default."),
]
Batch = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--batch", min=1, help="Samples per training step in the sections steps and profile."),
]
Rounds = Annotated[Optional[int], typer.Option("--rounds", min=1, help="Rounds that count.")]  # noqa: UP045
Together = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option("--together", min=1, help="Contestants that take turns with ours at a time, where memory is short."),
]
Threads = Annotated[int, typer.Option("--threads", min=1, help="Threads of every contestant.")]
Device = Annotated[str, typer.Option("--device", metavar="cpu|cuda")]
Allocator = Annotated[
    str,
    typer.Option(
        "--allocator",
        metavar="huge|small|keep",
        help="Pages of everyone's large tensors; keep: glibc hands no memory back between operations.",
    ),
]
Results = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--results", metavar="PATH", help="Write the figures there as JSON, with commit and machine."),
]
FigurePath = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--figure", metavar="PATH", help="Draw the section 'lines' there (.png, .svg or .pdf)."),
]


def main(
    only: Only = None,
    networks: Networks = None,
    contestants: Contestants = None,
    steps: Steps = None,
    batch: Batch = None,
    rounds: Rounds = None,
    together: Together = None,
    threads: Threads = 2,
    device: Device = "cpu",
    allocator: Allocator = "huge",
    results: Results = None,
    figure: FigurePath = None,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Time training steps."""
    with session(json_output, quiet, debug) as now:
        setup = Setup(device, threads, allocator=allocator)
        sections = choice("--only", only, SECTIONS)
        if figure is not None and "lines" not in sections:
            raise ValueError("--figure: found no section 'lines' to draw, expected it in --only")
        effort = QUICK if quick else FULL
        effort = replace(effort, rounds=rounds or effort.rounds, together=together)
        sizes = workloads(quick)
        names = effort.networks if networks is None else choice("--networks", networks, tuple(sizes))
        chosen = [sizes[name].at(batch=batch) for name in names]
        times = effort.steps if steps is None else whole_numbers("--steps", steps)
        known = contestants_for(device)
        keys = default_contestants(device) if contestants is None else choice("--contestants", contestants, known)
        values, shown = about(setup, quick), []
        for section in sections:
            now.note(f"Timing: {section}")
            found, tables = measure(section, chosen, times, keys, setup, effort, now.note)
            if section == "lines" and figure is not None and found:
                save_figure(lines_figure(found, values["device"]), figure)
            values[section] = [line.values() for line in found] if section == "lines" else found
            shown += tables
        values["load_average_after"] = os.getloadavg()
        if results is not None:
            write_json(results, values)
        now.finish(values, *shown, f"Load average before and after: {loads(values)}")


def measure(
    section: str,
    chosen: Sequence[Workload],
    steps: Sequence[int],
    keys: Sequence[str],
    setup: Setup,
    effort: Effort,
    note: Callable[[str], None],
) -> tuple[list[Any], Shown]:
    """Return values and tables of one section."""
    found: list[Any] = []
    tables: Shown = []
    if section == "lines":
        for workload in chosen[:1]:
            found += lines_of(workload, keys, setup, effort, note)
        return found, [line_table(found)]
    for workload in (network.at(steps=number) for network in chosen for number in steps):
        note(str(workload))
        if section == "steps":
            rows = step_rows(workload, keys, setup, effort, note)
            tables.append(step_table(rows, workload))
        else:
            rows = profile_rows(workload, [key for key in keys if key.removesuffix("-bf16") in (OURS, RELU)], setup)
            tables.append(profile_table(rows, workload))
        found += rows
    return found, tables


def whole_numbers(option: str, given: str) -> list[int]:
    """Return a comma-separated list of positive whole numbers.

    Raises
    ------
    ValueError
        If it is none.
    """
    words = [word.strip() for word in given.split(",")]
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise ValueError(f"{option}: found {given!r}, expected positive whole numbers such as 4,16")
    return [int(word) for word in words]


def about(setup: Setup, quick: bool) -> dict[str, Any]:
    """Return what a result must not travel without."""
    values: dict[str, Any] = {"ok": True, "machine": machine().values(), "device": device_name(setup.device)}
    values |= {"setup": asdict(setup), "quick": quick, "commit": commit(), "load_average": os.getloadavg()}
    return values | {"date": datetime.now(timezone.utc).isoformat(timespec="seconds"), "libraries": libraries()}


def device_name(device: str) -> str:
    """Return what is trained on."""
    if device == "cuda":
        import torch

        return str(torch.cuda.get_device_name())
    return str(machine())


def libraries() -> dict[str, str | None]:
    """Return the version of every library that may take part, None where it is absent."""
    found: dict[str, str | None] = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def loads(values: dict[str, Any]) -> str:
    """Return both load averages in one line."""
    both = (values["load_average"], values["load_average_after"])
    return "; ".join(", ".join(f"{value:.1f}" for value in one) for one in both)


if __name__ == "__main__":
    typer.run(main)

"""How fast the engine is: against Lava, against torch, against the machine, and how its cost grows.

python benchmarks/engine.py
python benchmarks/engine.py --only lava,torch --quick
python benchmarks/engine.py --results benchmarks/results/engine.json --figure benchmarks/results/engine.png

Networks: lava-dl's published PilotNet and MNIST, where they are at hand, against lava-dl's own `netx.hdf5.Network`,
and `netx_models/mnist.net` against our Process-per-layer network, for lava-dl cannot load it. What is compared takes
turns in one process, and ratios are of medians. Before anything is timed, Lava's states are compared with the
engine's, and torch's sums with the integers; a difference ends the benchmark with exit code 3. The engine's time is
that of `Engine.run`: checking and laying out the input and returning the output are in it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from common import Quick, choice, commit, write_json
from engine_parts.timing import FULL, QUICK, Effort
from engine_parts.workloads import NAMES, Workload, digests, workloads
from rich.console import RenderableType

from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import Debug, Json, Quiet
from lava_spquant.cli.session import Session, session
from lava_spquant.engine._cpu import has_wide_vectors
from lava_spquant.report.machine import machine
from lava_spquant.report.style import save_figure

SECTIONS = ("lava", "torch", "roofline", "scaling", "startup")
LIBRARIES = ("numba", "numpy", "torch", "lava-nc", "lava-dl")

Only = Annotated[
    Optional[str],  # noqa: UP045 (typer reads this on Python 3.10)
    typer.Option("--only", metavar="A,B", help=f"Sections among {', '.join(SECTIONS)}; all by default."),
]
Networks = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--networks", metavar="A,B", help=f"Networks among {', '.join(NAMES)}; all by default."),
]
Results = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--results", metavar="PATH", help="Write the figures there as JSON, with commit, data and machine."),
]
FigurePath = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--figure", metavar="PATH", help="Draw the section 'scaling' there (.png, .svg or .pdf)."),
]


def main(
    only: Only = None,
    networks: Networks = None,
    results: Results = None,
    figure: FigurePath = None,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Time the engine."""
    with session(json_output, quiet, debug) as now:
        chosen, names = choice("--only", only, SECTIONS), choice("--networks", networks, NAMES)
        if figure is not None and "scaling" not in chosen:
            raise ValueError("--figure: found no section 'scaling' to draw, expected it in --only")
        effort = QUICK if quick else FULL
        load = os.getloadavg()
        values: dict[str, Any] = {}
        shown: list[RenderableType] = []
        load_training(debug)
        for name, found, tables in measure(chosen, names, effort, quick, figure, now):
            values[name] = found
            shown += tables
        about = {"ok": True, "machine": machine().values(), "avx512": has_wide_vectors(), "load_average": load}
        about |= {"quick": quick, "commit": commit(), "date": datetime.now(timezone.utc).isoformat(timespec="seconds")}
        about |= {"libraries": {name: version(name) for name in LIBRARIES}}
        about |= {"data": {str(path.name): digest for path, digest in digests().items()}}
        if results is not None:
            write_json(results, about | values)
        busy = ", ".join(f"{value:.1f}" for value in load)
        now.finish(about | values, *shown, f"Load average before, over 1, 5 and 15 minutes: {busy}")


def measure(
    chosen: Sequence[str], names: Sequence[str], effort: Effort, quick: bool, figure: Path | None, now: Session
) -> Iterator[tuple[str, Any, list[RenderableType]]]:
    """Yield name, values and tables of one section after the other."""
    over_networks = per_network()
    for name in chosen:
        now.note(f"Timing: {name}")
        if name in over_networks:
            of_workload, tabulate, text = over_networks[name]
            rows: list[Any] = []
            for workload in workloads(names, effort.densities, effort.stream_steps, effort.batch):
                now.note(f"  {workload.name}, {workload.density}")
                found = of_workload(workload, effort)
                rows += found if isinstance(found, list) else [found]
            yield name, rows, [tabulate(rows), *([text] if text else [])]
        elif name == "scaling":
            from engine_parts.figure import scaling_figure
            from engine_parts.scaling import scaling, scaling_table

            lines = scaling(effort)
            if figure is not None:
                save_figure(scaling_figure(lines), figure)
            yield name, [line.values() for line in lines], [scaling_table(lines)]
        else:
            from engine_parts.startup import startup, startup_table

            rows = startup(quick)
            yield name, rows, [startup_table(rows)]


def per_network() -> dict[str, tuple[Callable[[Workload, Effort], Any], Callable[[Any], RenderableType], str]]:
    """Return the sections that go over all networks: what measures one, what makes the table, and a text below it."""
    from engine_parts.against_lava import against_lava, lava_table
    from engine_parts.against_torch import against_torch, torch_table
    from engine_parts.roofline import ROOF_TEXT, roofline, roofline_table

    return {
        "lava": (against_lava, lava_table, ""),
        "torch": (against_torch, torch_table, ""),
        "roofline": (roofline, roofline_table, ROOF_TEXT),
    }


if __name__ == "__main__":
    typer.run(main)

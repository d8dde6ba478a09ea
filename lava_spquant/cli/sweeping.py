"""`lava-spquant sweep`: accuracy against operations, by thresholds raised without training."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from lava_spquant import ir, netx
from lava_spquant.cli.opening import open_source
from lava_spquant.cli.options import DataPath, Dataset, Debug, Json, Limit, Quiet, Source, Steps
from lava_spquant.cli.session import session
from lava_spquant.report.energy import ENERGY_SOURCE, synaptic_energy
from lava_spquant.report.style import save_figure
from lava_spquant.report.sweep import sweep_figure
from lava_spquant.workflow import Loaded
from lava_spquant.workflow.chunks import head
from lava_spquant.workflow.sweep import RAISES, OperatingPoint, Raise, choose, halves, raise_thresholds
from lava_spquant.workflow.sweep import sweep as run_sweep

__all__ = ["sweep"]

TABLE_FILE, FIGURE_FILE, NETWORK_FILE = "sweep.csv", "sweep.png", "chosen.net"


def sweep(
    source: Source,
    raises: Annotated[
        str, typer.Option("--raise", metavar="X,X", help="By how much, in thresholds or units of current.")
    ] = ",".join(map(str, RAISES)),
    lost: Annotated[float, typer.Option("--lost", min=0, help="Percentage points that the chosen one may lose.")] = 1.0,
    renormalise: Annotated[
        int,
        typer.Option(
            "--renormalise",
            min=0,
            metavar="N",
            help="Measure batch-norm's statistics anew at every raise, on N training samples (checkpoints only).",
        ),
    ] = 0,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Receives sweep.csv, sweep.png and chosen.net.")
    ] = Path("sweep"),
    limit: Limit = None,
    dataset: Dataset = None,
    steps: Steps = None,
    data: DataPath = None,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Raise the thresholds of a trained network, and export the operating point that saves most operations.

    One half of the test samples chooses it; what it loses and saves is measured on the other.

    Example: lava-spquant sweep digits.net --lost 0.5 --out sweep
    """
    with session(json_output, quiet, debug) as now:
        steps_up = _numbers(raises)
        if not math.isfinite(lost):
            raise ValueError(f"--lost: found {lost}, expected a finite number of at least 0")
        found = open_source(source, dataset=dataset, steps=steps, input_shape=None, input_bits=None, debug=debug)
        choosing, judging = halves(head(found.test_data(data), limit))
        raised = _raised(found, renormalise, data)
        measured = partial(run_sweep, found.network, steps=found.known_steps(), raised=raised)
        with now.progress() as progress:
            points = list(measured(choosing, raises=steps_up, progress=progress))
            best = choose(points, lost)
            ends = dict.fromkeys((0.0, best.raised))
            before, *others = measured(judging, raises=tuple(ends), progress=progress)
        after = others[0] if others else before
        rows = [_row(point, points[0]) for point in points]
        judged = {"before": _row(before, before), "after": _row(after, before)}
        path = _write(found, raised(found.network, best.raised), rows, points.index(best), out)
        values: dict[str, Any] = {"ok": True, "network": found.network.name, "energy": ENERGY_SOURCE, "points": rows}
        saved = 1 - judged["after"]["share_of_synops"] if before.synops else 0.0
        points_lost = 100 * (before.accuracy.accuracy - after.accuracy.accuracy)
        values |= {"judged": judged, "chosen": best.raised, "saved": saved, "points_lost": points_lost}
        text = Text(
            f"{path}: thresholds raised by {best.raised:g}. On {after.accuracy.samples} other samples: "
            f"{saved:.1%} fewer synaptic operations, {points_lost:.2f} points lost ({after.accuracy.accuracy:.2%})"
        )
        now.finish({**values, "path": str(path)}, _table(rows), text)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(word) for word in text.split(","))
    except ValueError:
        values = ()
    rising = all(low < high for low, high in itertools.pairwise(values))
    if not values or values[0] != 0 or not rising or not math.isfinite(values[-1]):
        raise ValueError(f"--raise: found {text!r}, expected rising finite numbers from 0 on, such as 0,0.1,0.2")
    return values


def _row(point: OperatingPoint, first: OperatingPoint) -> dict[str, float]:
    return {
        "raised": point.raised,
        "accuracy": point.accuracy.accuracy,
        "correct": point.accuracy.correct,
        "samples": point.accuracy.samples,
        "spike_rate": point.spike_rate,
        "synops": point.synops,
        "share_of_synops": point.synops / first.synops if first.synops else 0.0,
        "energy_nj": synaptic_energy(point.synops_spikes, point.synops_graded),
    }


def _raised(found: Loaded, samples: int, data: Path | None) -> Raise:
    if not samples:
        return raise_thresholds
    if found.model is None:
        raise ValueError("--renormalise: found a network of integers, expected a checkpoint: it has batch-norm")
    from lava_spquant.workflow.renormalised import Renormalised, calibration_batches

    return Renormalised(found.model, calibration_batches(found.train_data(data), samples, found.known_steps()))


def _write(found: Loaded, network: ir.Network, rows: Sequence[dict[str, float]], chosen: int, out: Path) -> Path:
    """Write table, figure and network; each is whole or absent."""
    out.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    temporary = out / f".{TABLE_FILE}.tmp"
    temporary.write_text(text.getvalue(), encoding="utf-8")
    temporary.replace(out / TABLE_FILE)
    columns = {name: [row[name] for row in rows] for name in ("accuracy", "synops", "raised")}
    energy = [row["energy_nj"] for row in rows]
    title = f"{found.network.name}: raised thresholds"
    figure = sweep_figure(title, energy=energy, chosen=chosen, **columns)
    save_figure(figure, out / FIGURE_FILE)
    raised = rows[chosen]["raised"]
    about = {"recipe": found.recipe, "dataset": found.dataset, "steps": found.steps, "raised": f"{raised:g}"}
    netx.save(network, out / NETWORK_FILE, metadata={k: str(v) for k, v in about.items() if v is not None})
    return out / NETWORK_FILE


def _table(rows: Sequence[dict[str, float]]) -> Table:
    table = Table(title="Raised thresholds", caption=ENERGY_SOURCE, box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("raised by", "accuracy", "spike rate", "synaptic operations", "share", "energy, nJ"):
        table.add_column(name, justify="right")
    for row in rows:
        share = f"{row['synops']:,.0f}", f"{row['share_of_synops']:.1%}"
        cells = f"{row['raised']:g}", f"{row['accuracy']:.2%}", f"{row['spike_rate']:.3f}"
        table.add_row(*cells, *share, f"{row['energy_nj']:,.1f}")
    return table

"""`lava-spquant calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import DataPath, Debug, Json, Overrides, Quiet
from lava_spquant.cli.session import session

__all__ = ["calibrate"]


def calibrate(
    checkpoint: Annotated[Path, typer.Argument(metavar="CKPT", help="A checkpoint of training, of any quantisation.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The checkpoint that is written.")],
    overrides: Overrides = None,
    samples: Annotated[int, typer.Option(min=1, help="Training samples to look at.")] = 256,
    data: DataPath = None,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Quantise a trained network without training it.

    The result is a checkpoint: export it, or go on training it with train --initial and the same --set.

    Example: lava-spquant calibrate runs/float/last.ckpt --set model.weight=int4-channel -o four.ckpt
    """
    with session(json_output, quiet, debug) as now:
        load_training(debug)
        from lava_spquant.workflow.calibrate import calibrate_checkpoint

        done = calibrate_checkpoint(checkpoint, out, overrides or (), samples=samples, data_path=data)
        rows = [_values(row) for row in done.rows]
        values = {
            "ok": True,
            "checkpoint": str(done.checkpoint),
            "accuracy_before": done.before,
            "accuracy": done.after,
            "blocks": rows,
        }
        table = Table(title="Calibration", title_justify="left")
        for column in ("block", "weight bits", "weight error", "levels", "current x", "rate before", "rate after"):
            table.add_column(column, justify="left" if column == "block" else "right")
        for row in rows:
            table.add_row(*("" if value is None else str(value) for value in row.values()))
        line = f"{done.checkpoint}: test accuracy {done.before:.2%} before, {done.after:.2%} after (integer networks)"
        now.finish(values, table, Text(line))


def _values(row: Any) -> dict[str, Any]:
    levels = row.membrane
    shown = None if levels is None else f"{levels.q_min}..{levels.q_max} / {2**levels.fine}"
    rates = [None if rate is None else round(rate, 4) for rate in (row.rate_before, row.rate_after)]
    return {
        "block": row.block,
        "weight_bits": ", ".join(f"{bits:g}" for bits in row.weight_bits),
        "weight_error": round(row.weight_error, 4),
        "levels": shown,
        "factor": round(row.factor, 4),
        "rate_before": rates[0],
        "rate_after": rates[1],
    }

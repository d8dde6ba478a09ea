"""What the emulated event camera makes of images, and how long that takes.

python benchmarks/emulator.py            # MNIST, CIFAR-10 and the digits, 2,000 images each
python benchmarks/emulator.py --images 60000 --datasets mnist

The rate counts emulating, binning and packing, on all processors, without the cache. N-MNIST, recorded with a camera of
34 x 34 pixels and three saccades of about 100 ms, has some 4,000 events per digit and as many ON as OFF events.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, Optional

import numpy as np
import typer
from common import Quick, choice, table
from rich.table import Table

from lava_spquant.cli.options import DataPath, Debug, Json, Quiet
from lava_spquant.cli.session import session
from lava_spquant.data import DataError, FrameConfig, ImageSplit, load
from lava_spquant.data.emulated import CAMERAS, emulated_split
from lava_spquant.data.emulator import crossings
from lava_spquant.report.machine import machine

IMAGES, QUICK_IMAGES = 2000, 100
COUNTED = 500
"""Images whose events are counted."""

STEPS = 8

Row = dict[str, Any]


def main(
    datasets: Annotated[
        Optional[str],  # noqa: UP045 (typer reads this on Python 3.10)
        typer.Option("--datasets", metavar="NAMES", help=f"Some of {','.join(CAMERAS)}; all by default."),
    ] = None,
    images: Annotated[int, typer.Option("--images", min=1, help="Training images of each.")] = IMAGES,
    data_path: DataPath = None,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Print events per image, their polarity, and images per second."""
    if quick:
        images = min(images, QUICK_IMAGES)
    rows: list[Row] = []
    skipped: list[dict[str, str]] = []
    with session(json_output, quiet, debug) as now:
        for name in choice("--datasets", datasets, tuple(CAMERAS)):
            try:
                # The digits ship with scikit-learn: a path is for the other data sets.
                found = load(name, data_path if name != "digits" else None)
            except DataError as error:
                skipped.append({"dataset": name, "reason": str(error)})
                now.note(f"{name} is left out: {error}")
                continue
            rows.append(measure(name, found.train.take(slice(0, images))))
        now.finish({"ok": True, "machine": machine().values(), "rows": rows, "skipped": skipped}, shown(rows))


def measure(name: str, split: ImageSplit) -> Row:
    """Count the events of some images, and time all of them."""
    camera = CAMERAS[name]
    head = split.images[:COUNTED]
    events = crossings(head, np.arange(len(head)), camera)
    start = time.perf_counter()
    frames = emulated_split(split, camera, FrameConfig(STEPS))
    seconds = time.perf_counter() - start
    return {
        "dataset": f"emulated-{name}",
        "sensor": "x".join(map(str, camera.sensor)),
        "steps": STEPS,
        "images": len(split),
        "events_per_image": len(events.time) / len(head),
        "on_share": float(events.on.mean()),
        "active_share": float(frames.take(slice(0, COUNTED)).frames().mean()),
        "images_per_s": len(split) / seconds,
        "seconds": seconds,
    }


def shown(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    columns = (
        "data set",
        "sensor",
        "images",
        "events per image",
        "ON",
        f"spikes in {STEPS} frames",
        "images per second",
    )
    cells = (
        (
            row["dataset"],
            row["sensor"],
            f"{row['images']:,}",
            f"{row['events_per_image']:,.0f}",
            f"{row['on_share']:.1%}",
            f"{row['active_share']:.1%}",
            f"{row['images_per_s']:,.0f}",
        )
        for row in rows
    )
    return table("Emulated event camera", columns, cells, text_columns=2)


if __name__ == "__main__":
    typer.run(main)

"""What a new process pays: start-up with and without compiled code on disk, and a whole data set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from common import table
from rich.table import Table

from engine_parts.timing import Row
from engine_parts.workloads import MNIST, OWN, OWN_STEPS, mnist_images

__all__ = ["startup", "startup_table"]

CHILD = Path(__file__).with_name("child.py")
WARM_STARTS = 5


def startup(quick: bool) -> list[Row]:
    """Return one row for a warm start, a cold start (not with `quick`) and MNIST's test images if at hand."""
    _child("first-run")  # fills the cache
    starts = [_child("first-run") for _ in range(3 if quick else WARM_STARTS)]
    seconds = [start["process_seconds"] for start in starts]
    middle = starts[int(np.argsort(seconds)[len(seconds) // 2])]
    rows = [{"what": "warm start: import and first run", **middle}]
    if not quick:
        with tempfile.TemporaryDirectory() as folder:
            rows.append({"what": "cold start: all code compiled", **_child("first-run", cache=folder)})
    split = mnist_images()
    if split is not None:
        found = _child("classify", *([str(MNIST)] if MNIST.is_file() else []))
        rows.append({"what": f"all {found['images']:,} MNIST test images, T = {OWN_STEPS}", **found})
    return rows


def _child(task: str, *arguments: str, cache: str | None = None) -> Row:
    """Run `child.py` and return what it wrote, with the seconds from start to end of its process."""
    command = [sys.executable, str(CHILD), task, str(OWN), str(OWN_STEPS), *arguments]
    environment = os.environ | ({"XDG_CACHE_HOME": cache} if cache else {})
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise RuntimeError(f"{CHILD.name} {task}: found exit code {done.returncode}: {done.stderr[-500:]}")
    found: Row = json.loads(done.stdout)
    return found | {"process_seconds": seconds}


def startup_table(rows: Sequence[Row]) -> Table:
    """Return the rows as a table."""
    columns = (
        "our-mnist",
        "process, s",
        "import, s",
        "first run, s",
        "images, s",
        "correct",
        "peak, MiB",
    )
    cells = (
        (
            row["what"],
            f"{row['process_seconds']:.2f}",
            f"{row['import_seconds']:.2f}" if "import_seconds" in row else "",
            f"{row['first_run_seconds']:.2f}" if "first_run_seconds" in row else "",
            f"{row['seconds']:.2f} on {row['threads']} threads" if "seconds" in row else "",
            f"{row['correct']:,}" if "correct" in row else "",
            f"{row['peak_mib']:,.0f}" if row["peak_mib"] is not None else "",
        )
        for row in rows
    )
    return table("New processes", columns, cells)

"""What `startup` times from outside: a process that does one thing and ends. Imports no more than that needs."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

BEFORE = time.perf_counter()

import numpy as np  # noqa: E402

from lava_spquant import netx  # noqa: E402
from lava_spquant.engine import Engine  # noqa: E402

IMPORTED = time.perf_counter()

CHUNK = 500
"""Images per call: more would only hold more of them as int32."""


def first_run(path: Path, steps: int) -> dict[str, object]:
    """Load a network and run it once."""
    network = netx.load(path)
    Engine(network).run(np.zeros((steps, 1, *network.input.shape), np.int32))
    return {"import_seconds": IMPORTED - BEFORE, "first_run_seconds": time.perf_counter() - IMPORTED}


def classify(path: Path, steps: int, images_at: Path | None) -> dict[str, object]:
    """Classify all test images of MNIST; the largest value of the read-out wins."""
    from lava_spquant.data import mnist, repeat

    split = mnist(images_at).test
    network = netx.load(path)
    engine = Engine(network)
    engine.run(np.zeros((steps, 1, *network.input.shape), np.int32))
    start, correct = time.perf_counter(), 0
    for first in range(0, len(split), CHUNK):
        part = slice(first, first + CHUNK)
        output = engine.run(repeat(split.images[part], steps)).output
        correct += int((output[-1].argmax(axis=-1) == split.labels[part]).sum())
    seconds = time.perf_counter() - start
    return {"images": len(split), "correct": correct, "seconds": seconds, "threads": engine.threads}


def peak_mib() -> float | None:
    """Return the most memory that this process held, where Linux tells it.

    Not `getrusage`: its figure starts at that of the parent, which is larger.
    """
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


def main() -> None:
    """Do what the command line asks for and write one JSON object."""
    task, path, steps = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    images = Path(sys.argv[4]) if len(sys.argv) > 4 else None
    found = first_run(path, steps) if task == "first-run" else classify(path, steps, images)
    found |= {"peak_mib": peak_mib()}
    found |= {"modules": sorted({"torch", "lava"} & set(sys.modules))}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()

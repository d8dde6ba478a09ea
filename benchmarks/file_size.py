"""How large a `.net` file is, against the bits of the weights in it.

python benchmarks/file_size.py

Weights are drawn at random from all values of their width, the worst case for any compression. Exit code 1 tells that
a file is larger than 1.15 times its weights' bits plus 64 KiB, or that plain h5py does not read the weights back as
the integers that they are.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import typer
from common import Quick, table
from rich.table import Table

from lava_spquant import ir, netx
from lava_spquant.cli.options import Debug, Json, Quiet
from lava_spquant.cli.session import session
from lava_spquant.report.machine import machine

WIDTHS = (1, ir.TERNARY_BITS, 2, 4, 8)
COUNTS = (10_000, 100_000, 1_000_000)
QUICK_COUNTS = (10_000, 100_000)

FACTOR, FIXED_BYTES = 1.15, 64 * 1024
"""A file may be so many times its weights' bits, and so many bytes on top."""

Row = dict[str, Any]


def main(quick: Quick = False, json_output: Json = False, quiet: Quiet = False, debug: Debug = False) -> None:
    """Print the size of files by width and number of weights."""
    with session(json_output, quiet, debug) as now, tempfile.TemporaryDirectory() as folder:
        counts = QUICK_COUNTS if quick else COUNTS
        rows = [measure(bits, count, Path(folder)) for bits in WIDTHS for count in counts]
        ok = all(row["within_limit"] and row["plain_integers"] for row in rows)
        now.finish({"ok": ok, "machine": machine().values(), "rows": rows}, shown(rows), ok=ok)


def measure(bits: float, count: int, folder: Path) -> Row:
    """Write one dense block with `count` weights of `bits` and look at the file."""
    network = dense_network(bits, count)
    path = folder / f"{bits}-{count}.net"
    netx.save(network, path)
    synapse = network.blocks[0].branches[0].synapse
    assert isinstance(synapse, ir.Dense)
    # log2(3) for ternary weights: what three equally likely values need.
    weight_bytes = count * (math.log2(3) if bits == ir.TERNARY_BITS else bits) / 8
    size = path.stat().st_size
    return {
        "weight_bits": bits,
        "weights": count,
        "file_bytes": size,
        "weight_bytes": weight_bytes,
        "bits_per_weight": 8 * size / count,
        "ratio": size / weight_bytes,
        "within_limit": size <= FACTOR * weight_bytes + FIXED_BYTES,
        "plain_integers": reads_back(path, synapse.weight),
    }


def dense_network(bits: float, count: int) -> ir.Network:
    """Return a network of one dense block whose weights take all values of their width."""
    outputs = math.isqrt(count)
    inputs = count // outputs
    if outputs * inputs != count:
        outputs, inputs = 100, count // 100
    top = 1 if bits < 2 else 2 ** (int(bits) - 1) - 1
    levels = np.array([-1, 1]) if bits == 1 else np.arange(-top, top + 1)
    weight = np.random.default_rng(0).choice(levels, (outputs, inputs))
    branch = ir.Branch(ir.Dense(weight, bits), ir.constant_gain(1, outputs))
    neuron = ir.QLif(decay=2048, vth=4096, membrane=ir.Membrane(12, -1, 1))
    block = ir.Block("dense", (branch,), neuron, bias=np.zeros(outputs, int), frac_bits=12)
    return ir.Network(ir.InputSpec((inputs,)), (block,))


def reads_back(path: Path, weight: ir.IntArray) -> bool:
    """Tell whether h5py, knowing nothing of this library, sees the weights as integers."""
    with h5py.File(path, "r") as file:
        found: list[h5py.Dataset] = []
        file.visititems(lambda name, item: found.append(item) if name.endswith("/weight") else None)
        (stored,) = found
        values = stored[...]
    return values.dtype.kind == "i" and bool(np.array_equal(values, weight))


def shown(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    columns = (
        "weight bits",
        "weights",
        "file, bytes",
        "weights' bits / 8",
        "ratio",
        "bits per weight",
        "h5py integers",
    )
    cells = (
        (
            f"{row['weight_bits']:g}",
            f"{row['weights']:,}",
            f"{row['file_bytes']:,}" + ("" if row["within_limit"] else " (too large)"),
            f"{row['weight_bytes']:,.0f}",
            f"{row['ratio']:.2f}",
            f"{row['bits_per_weight']:.2f}",
            "yes" if row["plain_integers"] else "no",
        )
        for row in rows
    )
    return table("Size of .net files with random weights", columns, cells, text_columns=0)


if __name__ == "__main__":
    typer.run(main)

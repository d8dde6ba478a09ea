"""What the benchmarks share: options, where networks lie, how a table looks, and the file of results."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from rich import box
from rich.table import Table

from lava_spquant.report.machine import machine

__all__ = [
    "FULL_PRECISION",
    "GRADED",
    "NO_HARDTANH",
    "NO_MEMBRANE",
    "NO_WEIGHT",
    "QUICK_LIMIT",
    "RELU",
    "ROOT",
    "FigurePath",
    "Quick",
    "Results",
    "choice",
    "commit",
    "networks",
    "seed_list",
    "table",
    "write_json",
]

ROOT = Path(__file__).resolve().parents[1]

NO_WEIGHT = ("model.weight=none", "model.first_weight=none", "model.last_weight=none", "model.weights=[]")
NO_MEMBRANE = ("model.membrane=none", "model.membranes=[]")
FULL_PRECISION = (*NO_WEIGHT, *NO_MEMBRANE)
"""What turns a recipe into its 32-bit twin."""

GRADED = (*FULL_PRECISION, "training.graded_epochs=0", "model.activation=graded", "model.stream_bits=12")
"""What turns a recipe of a binary network into the same at full precision, with values in 0..1 in place of spikes."""

RELU = (*GRADED, "model.stream_bits=10", "model.stream_bound=8")
"""What turns it into the ReLU network of its shape: no spikes, and no hardtanh, as next to nothing is clipped."""

NO_HARDTANH = ("model.stream_bits=11", "model.stream_bound=8")
"""The same resolution of the stream as 8 bits in -1..1, and next to nothing is clipped."""

Results = Annotated[
    Optional[Path],  # noqa: UP045 (typer reads this on Python 3.10)
    typer.Option("--results", metavar="PATH", help="Write the figures there as JSON, with commit and machine."),
]

FigurePath = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--figure", metavar="PATH", help="Draw them there (.png, .svg or .pdf)."),
]

Quick = Annotated[bool, typer.Option("--quick", help="Smaller, and done within a minute.")]

QUICK_LIMIT = 100
"""So many test samples at most, where `--quick` measures on some."""


def networks() -> list[Path]:
    """Return the trained networks of the repository."""
    return sorted((ROOT / "netx_models").glob("*.net"))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> Table:
    """Return a table whose caption names this machine; columns from `text_columns` on hold numbers."""
    made = Table(title=title, caption=str(machine()), box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
    for position, name in enumerate(columns):
        made.add_column(name, justify="left" if position < text_columns else "right", no_wrap=True)
    for row in rows:
        made.add_row(*row)
    return made


def choice(option: str, given: str | None, known: Sequence[str]) -> tuple[str, ...]:
    """Return the names in a comma-separated list, in the order of `known`; all of them without a list.

    Raises
    ------
    ValueError
        If a name is unknown.
    """
    wanted = set(known) if given is None else {name.strip() for name in given.split(",")}
    unknown = sorted(wanted - set(known))
    if unknown:
        raise ValueError(f"{option}: found {', '.join(unknown)}, expected names among {', '.join(known)}")
    return tuple(name for name in known if name in wanted)


def seed_list(text: str) -> tuple[int, ...]:
    """Return the numbers in the list that `--seeds` was given.

    Raises
    ------
    ValueError
        If they are not different whole numbers.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() for word in words) or len(set(words)) != len(words):
        raise ValueError(f"--seeds: found {text!r}, expected different whole numbers such as 0,1,2")
    return tuple(int(word) for word in words)


def commit() -> str | None:
    """Return the commit of the checkout, marked where files differ from it; None where there is no git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write `values`; an interrupted call leaves either the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    temporary.replace(path)

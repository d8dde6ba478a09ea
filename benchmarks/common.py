"""What the benchmarks share: the option --quick, where networks lie, and how a table looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from lava_spquant.report.machine import machine

__all__ = ["ROOT", "Quick", "networks", "table"]

ROOT = Path(__file__).resolve().parents[1]

Quick = Annotated[bool, typer.Option("--quick", help="Smaller, and done within a minute.")]


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

"""The command's parts put together."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer
from typer.main import get_command

from lava_spquant.cli import calibrating, exchange, pruning, reporting, running, searching, sweeping, training

__all__ = ["app", "main"]

PROGRAM = "lava-spquant"

app = typer.Typer(
    name=PROGRAM,
    no_args_is_help=True,
    add_completion=False,
    epilog="Exit codes: 0 done, 1 a check failed, 2 bad input, 3 a run broke down, 130 interrupted.",
)
for command in (
    training.train,
    searching.search,
    calibrating.calibrate,
    pruning.prune,
    exchange.export,
    exchange.import_nir,
    running.run,
    running.verify,
    sweeping.sweep,
    reporting.report,
    reporting.demo,
):
    app.command()(command)


def _show_version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        number = version("lava_spquant")
    except PackageNotFoundError:
        number = "(not installed)"
    typer.echo(f"{PROGRAM} {number}")
    raise typer.Exit


@app.callback()
def root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Ultra-low-precision spiking networks for Lava: train in SLAYER, deploy the same integers."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; those of this process by default.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        get_command(app)(args=arguments, prog_name=PROGRAM)
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    _leave_other_processes(code)
    return code


def _leave_other_processes(code: int) -> None:
    """End this process at once where it trained with others, its work done and written.

    The threads of its connections may still run when a program winds down, which then aborts now and again.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.distributed.is_available() and torch.distributed.is_initialized():
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

"""What surrounds every command: where output goes, what an error says, which code the shell gets."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import typer
from rich.console import Console, RenderableType

from lava_spquant.workflow.progress import Progress, bars, silent

__all__ = ["BAD_INPUT", "CRASH", "FAILED", "INTERRUPTED", "Session", "session"]

FAILED = 1
"""The command ran, and what it checks is not so."""

BAD_INPUT = 2
"""A file, an option or a missing library; also what typer returns for a wrong command line."""

CRASH = 3
"""A run that broke down: a ProcessModel that failed, a deadline that passed, a bug of ours."""

INTERRUPTED = 130
"""Ctrl-C: 128 + SIGINT, as shells have it."""

BAD_INPUT_ERRORS = (ValueError, OSError, ModuleNotFoundError)
"""What this library raises on bad input; NetworkError, NetXError and DataError are ValueErrors."""


class Session:
    """Output of one command.

    Parameters
    ----------
    json_output, quiet, debug : bool
        The options of these names.
    resume_hint : str, optional
        Said after Ctrl-C.
    """

    def __init__(self, json_output: bool, quiet: bool, debug: bool, resume_hint: str | None = None) -> None:
        self.json_output, self.quiet, self.debug = json_output, quiet, debug
        self.resume_hint = resume_hint
        self.shows_bars = not quiet
        self.stdout = sys.stdout
        self.errors = Console(stderr=True)
        self.code = 0

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show bars on standard error, or nothing where nobody wants them."""
        if not self.shows_bars:
            yield silent
            return
        with bars(self.errors) as shown:
            yield shown

    def note(self, text: str) -> None:
        """Say on standard error what happens now."""
        if not self.quiet:
            self.errors.print(text, markup=False, highlight=False)

    def finish(self, values: dict[str, Any], *shown: RenderableType, ok: bool = True) -> None:
        """Give the result: `values` as JSON where asked for, else `shown`; not `ok` is exit code 1."""
        self.code = 0 if ok else FAILED
        if self.json_output:
            self._write_json(values)
        elif not self.quiet:
            console = Console(file=self.stdout)
            # Off a terminal rich assumes 80 columns, which would fold numbers in the middle.
            console = console if console.is_terminal else Console(file=self.stdout, width=140)
            for renderable in shown:
                console.print(renderable, highlight=False)

    def fail(self, error: BaseException, code: int) -> None:
        """Say what was wrong in one line, with the traceback where asked for."""
        self.code = code
        if self.debug:
            traceback.print_exception(error, file=sys.stderr)
        text = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, ModuleNotFoundError):
            text += "; it comes with lava_spquant's extra 'all'"
        if code == CRASH:
            text = f"{type(error).__name__}: {text}" + ("" if self.debug else " (--debug shows where)")
        sys.stderr.write(f"error: {text}\n")
        if self.json_output:
            self._write_json({"ok": False, "error": text})

    def interrupt(self) -> None:
        """Say that the command was stopped, and how it goes on."""
        self.code = INTERRUPTED
        sys.stderr.write("interrupted" + (f": {self.resume_hint}" if self.resume_hint else "") + "\n")
        if self.json_output:
            self._write_json({"ok": False, "error": "interrupted"})

    def _write_json(self, values: dict[str, Any]) -> None:
        self.stdout.write(json.dumps(values, allow_nan=False) + "\n")
        self.stdout.flush()


@contextmanager
def session(json_output: bool, quiet: bool, debug: bool, *, resume_hint: str | None = None) -> Iterator[Session]:
    """Run a command's body; leaving it ends the command with the right exit code.

    Libraries that write to standard output write to standard error in here, so that only the
    result reaches a pipe.

    Raises
    ------
    typer.Exit
        Always, with the exit code.
    """
    current = Session(json_output, quiet, debug, resume_hint)
    if debug:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    try:
        with redirect_stdout(sys.stderr):
            yield current
    except BAD_INPUT_ERRORS as error:
        current.fail(error, CRASH if isinstance(error, TimeoutError) else BAD_INPUT)
    except KeyboardInterrupt:
        current.interrupt()
    except Exception as error:  # noqa: BLE001 (the shell gets a code and a line for whatever it was)
        current.fail(error, CRASH)
    raise typer.Exit(current.code)

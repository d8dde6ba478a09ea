"""The guarded run: a deadline, the model's own exception, and nothing left behind."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any

from lava.magma.compiler.compiler import Compiler
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import RunConfig

from lava_spquant.proc.config import run_config
from lava_spquant.proc.guard.deadline import Deadline
from lava_spquant.proc.guard.errors import DeadlineError
from lava_spquant.proc.guard.runtime import GuardedRuntime

__all__ = ["guarded"]


class guarded:  # noqa: N801 (used like a function in a with statement)
    """Run a graph of Lava Processes so that it ends, whatever its models do.

    Entering builds the graph that `process` belongs to. Inside the block, `run(n)` advances it by
    n time steps, Vars can be read and set as always, and `process.run(...)` is guarded too.
    Leaving ends the children of this run, each by its own id, and releases their shared memory.
    A graph is built once: to run it again from the start, make it anew.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph.
    run_cfg : RunConfig, optional
        The fixed-point models on the CPU by default.
    deadline : float, optional
        Seconds from entering the block to the end of the last run, or of the last reading, setting
        or pausing after it; None sets no limit.
    compile_config : dict, optional
        Handed to Lava's compiler.

    Raises
    ------
    DeadlineError
        From entering, `run`, or reading, setting or pausing, when the time is over.
    ProcessDiedError
        If a child ended without an exception, with whatever exit code.
    Exception
        Whatever a ProcessModel raised: type and message as it was, with the traceback of the model
        as its cause. A `ModelError` that names it, where the exception cannot be pickled.

    Examples
    --------
    >>> import numpy as np
    >>> from lava.proc.lif.process import LIF
    >>> lif = LIF(shape=(1,), vth=2, bias_mant=1, bias_exp=6)
    >>> with guarded(lif, deadline=60) as run:
    ...     run(2)
    ...     print(lif.v.get())
    [128.]
    """

    def __init__(
        self,
        process: AbstractProcess,
        run_cfg: RunConfig | None = None,
        *,
        deadline: float | None = None,
        compile_config: dict[str, Any] | None = None,
    ) -> None:
        self._process = process
        self._run_cfg = run_cfg if run_cfg is not None else run_config("cpu")
        self._seconds = deadline
        self._compile_config = compile_config
        self._runtime: GuardedRuntime | None = None

    def __enter__(self) -> guarded:
        deadline = Deadline(self._seconds)
        executable = _compile(self._process, self._run_cfg, self._compile_config)
        if deadline.passed:
            raise DeadlineError(f"Lava run: compiling: not finished within the deadline of {deadline.seconds:g} s")
        self._runtime = GuardedRuntime(executable, deadline, self._process._log_config.level)
        executable.assign_runtime_to_all_processes(self._runtime)
        self._process.runtime = self._runtime
        try:
            self._runtime.initialize()
        except BaseException:
            self._close()
            raise
        return self

    def __call__(self, num_steps: int) -> None:
        """Advance the graph by `num_steps` time steps and wait for the end of the last one.

        Raises
        ------
        ValueError
            If `num_steps` is not positive.
        """
        if num_steps < 1:
            raise ValueError(f"num_steps: found {num_steps}, expected at least 1")
        if self._runtime is None:
            raise RuntimeError("guarded run: found it outside its with block, expected it inside")
        self._runtime.start(RunSteps(num_steps=num_steps))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._runtime is not None and error is not None:
            self._runtime.give_up()
        self._close()

    def _close(self) -> None:
        if self._runtime is None:
            return
        runtime, self._runtime = self._runtime, None
        try:
            runtime.stop()
        except BaseException:
            # For one, an interrupt in the moment before they are held back; it does nothing where all was done.
            runtime.stop()
            raise
        finally:
            # Else a later stop() or the destructor of a Process would wait for children that are gone.
            for process in [*runtime.processes, self._process]:
                process.runtime = None


def _compile(process: AbstractProcess, run_cfg: RunConfig, compile_config: dict[str, Any] | None) -> Any:
    """Compile, and take away the log handler that every Compiler leaves behind."""
    log = logging.getLogger(Compiler.__module__)
    handlers = list(log.handlers)
    try:
        return process.compile(run_cfg, compile_config)
    finally:
        log.handlers[:] = handlers

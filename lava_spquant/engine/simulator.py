"""The compiled simulator: the same integers as `ir.reference`, in batches, fast."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from lava_spquant import ir
from lava_spquant.engine._barrier import release_all
from lava_spquant.engine._compiled import prepare_samples, prepare_shared, run_samples, run_shared
from lava_spquant.engine._cpu import has_wide_vectors
from lava_spquant.engine._threads import THREADS_MAX, available_threads, run_together, run_workers
from lava_spquant.engine.inputs import Laid, lay_out
from lava_spquant.engine.program import compile_program
from lava_spquant.engine.recording import Recording
from lava_spquant.engine.workspace import Workspace, worker_bytes
from lava_spquant.ir.reference import Trace

__all__ = ["MEMORY_LIMIT", "SHARED_NEURONS", "Engine"]

SHARED_NEURONS = 50_000
"""Neurons from which a sample is worth more than one thread, where there are fewer samples than threads.

Threads meet behind every block; a smaller network's blocks are done before a second thread has begun.
"""

MEMORY_LIMIT = 256 * 2**20
"""Bytes of records that a run keeps beside its result; larger batches run in parts."""


class Engine:
    """Runs one network on many inputs.

    Parameters
    ----------
    network : ir.Network
    timing : ir.Timing
        Training's aligned time by default.
    threads : int or None
        Samples run in parallel on so many threads, and one large sample on several; None takes one per core. The
        results do not depend on it.
    vector : bool or None
        Use vector code; None decides by the processor. The results do not depend on it.

    Raises
    ------
    NetworkError
        If the network holds something that has no compiled form.
    ValueError
        If `threads` is not a whole number in 1..256.

    Examples
    --------
    >>> from lava_spquant.ir import Block, Branch, Dense, InputSpec, Network, QLif
    >>> block = Block("only", (Branch(Dense([[1]], 1), gain=[40]),), QLif(decay=0, vth=64), bias=[0])
    >>> engine = Engine(Network(InputSpec((1,)), (block,)))
    >>> engine.run(np.ones((4, 1, 1), int)).output.ravel().tolist()
    [0, 1, 0, 1]
    """

    def __init__(
        self,
        network: ir.Network,
        timing: ir.Timing = ir.ALIGNED,
        *,
        threads: int | None = None,
        vector: bool | None = None,
    ) -> None:
        self.network, self.timing = network, timing
        self.threads = available_threads() if threads is None else threads
        if not (isinstance(self.threads, (int, np.integer)) and 1 <= self.threads <= THREADS_MAX):
            raise ValueError(f"Engine: threads: found {threads}, expected a whole number in 1..{THREADS_MAX}")
        self.threads = int(self.threads)
        self.vector = has_wide_vectors() if vector is None else vector
        self.program = compile_program(network, timing, self.vector)
        self._idle: list[Workspace] = []

    def run(self, x: ir.IntArray, *, record: Sequence[str] = ()) -> Trace:
        """Run from zero state and return the output, and what `record` names of every block.

        Parameters
        ----------
        x : numpy.ndarray of int, shape (T, N, *network.input.shape)
            Spikes are read fastest as int8, uint8 or bool, and also as int32 without a copy. A view that repeats
            one step (`numpy.broadcast_to`) is recognised as a static image: in aligned time, what depends on it
            alone is computed once.
        record : sequence of str
            Any of "outputs", "v", "u": record them for every block that has them.

        Returns
        -------
        Trace
            As `ir.reference.run` returns it, with the recorded entries only.

        Raises
        ------
        NetworkError
            If `x` does not fit the network's input.
        ValueError
            If `record` names something else.
        """
        laid = lay_out(self.program, x, self.threads, self.vector)
        steps, batch = laid.x.shape[:2]
        recording = Recording.choose(self.program, record, steps)
        blocks = recording.empty(steps, batch)
        part = self._part(recording, batch)
        shared = batch < self.threads and self.network.num_neurons >= SHARED_NEURONS
        with self._borrowed(self.threads if shared else min(self.threads, max(part, 1))) as workspace:
            for first in range(0, batch, part):
                piece = laid.part(first, part)
                buffer = np.zeros((piece.batch, recording.length), np.int32)
                self._execute(piece, 0, recording, buffer, workspace, shared=shared)
                recording.unpack(buffer, blocks, first)
        return recording.trace(blocks)

    @contextmanager
    def _borrowed(self, workers: int) -> Iterator[Workspace]:
        """Lend a workspace of an earlier run, or a new one: fresh memory costs more than a short run."""
        try:
            workspace = self._idle.pop()
        except IndexError:
            workspace = Workspace.allocate(self.program, workers)
        if len(workspace.states) != workers:
            workspace = Workspace.allocate(self.program, workers)
        try:
            yield workspace
        finally:
            self._idle[:] = [workspace]

    def _part(self, recording: Recording, batch: int) -> int:
        """Return how many samples run at once within the memory limit, whole turns of the threads if possible."""
        fitting = max(1, MEMORY_LIMIT // max(4 * recording.length, 1))
        turns = max(1, fitting // self.threads) * self.threads
        return max(1, min(batch, turns if fitting >= self.threads else fitting))

    def _execute(
        self,
        laid: Laid,
        first: int,
        recording: Recording,
        buffer: ir.IntArray,
        workspace: Workspace,
        *,
        keep_u: bool = False,
        shared: bool = False,
    ) -> None:
        program = self.program
        tables = recording.streams(), recording.blocks(keep_u), program.branches
        pools = program.weight, program.gain, program.bias, program.params
        buffers = workspace.states, *workspace.buffers, recording.table, buffer
        interval, workers = int(self.timing.reset_interval or 0), min(self.threads, len(workspace.states))

        given = laid.x, laid.words, laid.static, first, interval, *tables, *pools, *buffers, self.vector
        # On the calling thread, which Ctrl-C interrupts: the others would go on compiling.
        if not shared:
            prepare_samples(*given, 0, workers)
            run_workers(workers, lambda worker: run_samples(*given, worker, workers))
            return
        counter = np.zeros(1, np.int64)
        prepare_shared(*given, counter, 0, workers)
        run_together(workers, lambda worker: run_shared(*given, counter, worker, workers), lambda: release_all(counter))

    def worker_bytes(self) -> int:
        """Return the bytes that one thread needs beside input, record and result."""
        return worker_bytes(self.program)

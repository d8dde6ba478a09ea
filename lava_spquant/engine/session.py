"""Runs that go on: state kept from call to call, saved and restored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine.inputs import lay_out
from lava_spquant.engine.program import image_shape
from lava_spquant.engine.recording import Recording
from lava_spquant.engine.simulator import Engine
from lava_spquant.engine.workspace import Workspace
from lava_spquant.ir.reference import Trace

__all__ = ["Session", "Snapshot"]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Everything that later steps of a session depend on.

    Attributes
    ----------
    steps : int
        Steps run so far.
    arrays : tuple of numpy.ndarray
        Copies of states and delayed streams.
    """

    steps: int
    arrays: tuple[NDArray[Any], ...]


class Session:
    """One network on `batch` inputs, step after step, going on where the last call ended.

    Parameters
    ----------
    engine : Engine
    batch : int
        N; every sample keeps a workspace of `engine.worker_bytes()`.

    Raises
    ------
    ValueError
        If `batch` is less than 1.

    Examples
    --------
    >>> from lava_spquant.ir import Block, Branch, Dense, InputSpec, Network, QLif
    >>> block = Block("only", (Branch(Dense([[1]], 1), gain=[40]),), QLif(decay=0, vth=64), bias=[0])
    >>> session = Session(Engine(Network(InputSpec((1,)), (block,))))
    >>> [session.run(np.ones((1, 1, 1), int)).output.item() for _ in range(4)]
    [0, 1, 0, 1]
    """

    def __init__(self, engine: Engine, batch: int = 1) -> None:
        if batch < 1:
            raise ValueError(f"Session: batch: found {batch}, expected at least 1")
        self.engine, self.batch = engine, batch
        self._workspace = Workspace.allocate(engine.program, batch)
        self._recordings: dict[tuple[int, tuple[str, ...]], Recording] = {}
        self.steps = 0

    def run(self, x: ir.IntArray, *, record: Sequence[str] = ()) -> Trace:
        """Run the steps of `x` (T, N, *input shape) and return them as `Engine.run` does.

        Raises
        ------
        NetworkError
            If `x` does not fit the network's input or the session's batch.
        """
        laid = lay_out(self.engine.program, x, self.engine.threads, self.engine.vector)
        if laid.batch != self.batch:
            raise ir.NetworkError(f"session: batch: found {laid.batch}, expected {self.batch}")
        key = len(x), tuple(record)
        if key not in self._recordings:
            self._recordings[key] = Recording.choose(self.engine.program, record, len(x))
        recording = self._recordings[key]
        buffer = np.zeros((self.batch, recording.length), np.int32)
        self.engine._execute(laid, self.steps, recording, buffer, self._workspace, keep_u=True)
        self.steps += len(x)
        blocks = recording.empty(len(x), self.batch)
        recording.unpack(buffer, blocks, 0)
        return recording.trace(blocks)

    def state(self, block: int, name: str) -> ir.IntArray:
        """Return a state variable ("v" or "u") of a block, int32 (N, *block shape).

        Raises
        ------
        NetworkError
            If the block has no such variable.
        """
        neuron = self.engine.network.blocks[block].neuron
        if name not in neuron.state_names:
            found = f"session: state of block {block}: found {name!r}"
            raise ir.NetworkError(f"{found}, expected one of {neuron.state_names}")
        program, shape = self.engine.program, self.engine.network.shapes[block]
        channels, height, width = image_shape(shape)
        at = int(program.blocks[block, t.B_V if name == "v" else t.B_U])
        row = int(program.streams[block + 1, t.S_ROW])
        rows = self._workspace.states[:, at : at + height * row].reshape(self.batch, height, row)
        values = rows[..., : width * channels].reshape(self.batch, height, width, channels)
        return np.ascontiguousarray(values.transpose(0, 3, 1, 2).reshape(self.batch, *shape))

    def reset(self) -> None:
        """Go back to step 0 and zero state."""
        self.steps = 0
        self._workspace.states[...] = 0

    def save(self) -> Snapshot:
        """Return a copy of everything that later steps depend on."""
        return Snapshot(self.steps, tuple(a.copy() for a in self._workspace.arrays()))

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of this session or of one with the same network, timing and batch.

        Raises
        ------
        ValueError
            If the snapshot is of another size.
        """
        arrays = self._workspace.arrays()
        if [a.shape for a in arrays] != [a.shape for a in snapshot.arrays]:
            raise ValueError("session: snapshot: found one of another network or batch, expected this session's sizes")
        for mine, saved in zip(arrays, snapshot.arrays, strict=True):
            mine[...] = saved
        self.steps = snapshot.steps

"""What a run records, and turning recorded rows back into (T, N, C, H, W)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine.program import Program, image_shape
from lava_spquant.ir.reference import Trace

__all__ = ["OUTPUTS", "Recording"]

OUTPUTS = "outputs"
"""Asks for the output of every block."""

_WHAT = {"v": 1, "u": 2}


@dataclass(frozen=True, eq=False)
class Recording:
    """A choice of blocks and variables, and where they lie in a sample's record.

    Attributes
    ----------
    names : tuple of (int, str)
        Block and variable, in the order of `table`.
    table : numpy.ndarray, int64, shape (K, 4)
        Block, what (0 output, 1 v, 2 u), offset, length of one step.
    length : int
        int32 values per sample.
    """

    program: Program
    names: tuple[tuple[int, str], ...]
    table: NDArray[np.int64]
    length: int

    @classmethod
    def choose(cls, program: Program, record: Sequence[str], steps: int) -> Recording:
        """Record the last block's output and, of every block, what `record` names.

        Raises
        ------
        ValueError
            If a name is neither "outputs" nor a state variable of some block.
        """
        blocks = program.network.blocks
        known = {OUTPUTS, *_WHAT}
        unknown = sorted(set(record) - known)
        if unknown:
            raise ValueError(f"record: found {', '.join(unknown)}, expected names among {', '.join(sorted(known))}")
        names: list[tuple[int, str]] = []
        for b, block in enumerate(blocks):
            if OUTPUTS in record or b == len(blocks) - 1:
                names.append((b, block.output_name()))
            names.extend((b, name) for name in block.neuron.state_names if name in record)
        table, at = [], 0
        for b, name in names:
            size = int(program.streams[b + 1, t.S_HEIGHT] * program.streams[b + 1, t.S_ROW])
            table.append([b, _WHAT.get(name, 0), at, size])
            at += size * steps
        return cls(program, tuple(names), np.array(table, np.int64), at)

    def streams(self) -> NDArray[np.int64]:
        """Return the stream table with values by place wanted wherever outputs are recorded."""
        streams = self.program.streams.copy()
        outputs = self.table[self.table[:, 1] == 0, 0]
        streams[outputs + 1, t.S_WANT_DENSE] = 1
        return streams

    def blocks(self, keep_u: bool) -> NDArray[np.int64]:
        """Return the block table; a `u` without memory is kept where it is recorded, or everywhere."""
        blocks = self.program.blocks.copy()
        if not keep_u:
            blocks[:, t.B_KEEP_U] = 0
            blocks[self.table[self.table[:, 1] == _WHAT["u"], 0], t.B_KEEP_U] = 1
        return blocks

    def empty(self, steps: int, batch: int) -> list[dict[str, ir.IntArray]]:
        """Return arrays (T, N, *shape) for everything recorded."""
        shapes = self.program.network.shapes
        blocks: list[dict[str, ir.IntArray]] = [{} for _ in shapes]
        for b, name in self.names:
            blocks[b][name] = np.empty((steps, batch, *shapes[b]), np.int32)
        return blocks

    def unpack(self, record: NDArray[Any], blocks: list[dict[str, ir.IntArray]], first: int) -> None:
        """Write the records of samples `first`, `first + 1`, ... into `blocks`."""
        batch = len(record)
        for (b, name), (_, _, at, size) in zip(self.names, self.table, strict=True):
            target = blocks[b][name]
            steps = len(target)
            channels, height, width = image_shape(self.program.network.shapes[b])
            rows = record[:, at : at + size * steps].reshape(batch, steps, height, -1)
            values = rows[..., : width * channels].reshape(batch, steps, height, width, channels)
            shape = (steps, batch, *self.program.network.shapes[b])
            target[:, first : first + batch] = values.transpose(1, 0, 4, 2, 3).reshape(shape)

    def trace(self, blocks: list[dict[str, ir.IntArray]]) -> Trace:
        """Return `blocks` as a trace."""
        return Trace(tuple(blocks), blocks[-1][self.program.network.blocks[-1].output_name()])

"""One sample, one step at a time, for graphs that exchange messages at every step."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import _tables as t
from lava_spquant.engine._compiled import advance_step, load_step
from lava_spquant.engine.inputs import words_per_row
from lava_spquant.engine.program import image_shape
from lava_spquant.engine.simulator import Engine
from lava_spquant.engine.workspace import Workspace

__all__ = ["Stepper", "load_compiled_steps"]


class Stepper:
    """A network in single steps, whose states and outputs are views of the memory that it computes in.

    After `load_compiled_steps()` a forked child can use it at once. Call `load` and `advance` once
    per step, in this order or, where `reads_late`, in any order.

    Parameters
    ----------
    engine : Engine

    Attributes
    ----------
    steps : int
        Steps advanced so far.
    reads_late : bool
        No block reads the input of the step itself: a step can be advanced before its input is there.

    Examples
    --------
    >>> from lava_spquant.ir import Block, Branch, Dense, InputSpec, Network, QLif
    >>> block = Block("only", (Branch(Dense([[1]], 1), gain=[40]),), QLif(decay=0, vth=64), bias=[0])
    >>> stepper = Stepper(Engine(Network(InputSpec((1,)), (block,))))
    >>> for _ in range(2):
    ...     stepper.load(np.array([1], np.int32))
    ...     stepper.advance()
    ...     print(stepper.output(0), stepper.state(0, "v"))
    [0] [40]
    [1] [0]
    """

    def __init__(self, engine: Engine) -> None:
        self.network, self.program = engine.network, engine.program
        program, workspace = engine.program, Workspace.allocate(engine.program, 1)
        self._streams = program.streams.copy()
        self._streams[1:, t.S_WANT_DENSE] = 1
        self._state: NDArray[np.int32] = workspace.states[0]
        self._work: tuple[NDArray[Any], ...] = tuple(buffer[0] for buffer in workspace.buffers)
        self._tables = (program.blocks, program.branches, program.weight, program.gain, program.bias, program.params)
        self._interval, self._vector = engine.timing.reset_interval or 0, engine.vector
        self._graded = bool(program.streams[0, t.S_GRADED])
        self._words = np.zeros((image_shape(self.network.input.shape)[1], words_per_row(program)), np.uint16)
        self._loaded = self.steps = 0
        of_input = program.branches[:, t.R_STREAM] == 0
        self.reads_late = bool(np.all(program.branches[of_input, t.R_DELAY] > 0))
        self._outputs = [self._output_views(b) for b in range(len(self.network.blocks))]

    def load(self, x: ir.IntArray) -> None:
        """Hand over the next step's input, (C, H, W) or (C,).

        Raises
        ------
        NetworkError
            If `x` does not fit the network's input.
        """
        spec = self.network.input
        if x.shape != spec.shape:
            raise ir.NetworkError(f"step {self._loaded + 1}: input: shape: found {x.shape}, expected {spec.shape}")
        image = np.require(x, np.int32, "A").reshape(image_shape(spec.shape))
        if self._graded:
            self._check(image)
        pools = self.program.gain, self.program.bias
        seen = load_step(image, self._words, self._loaded, self._streams, *pools, self._work, self._vector)
        if seen not in (0, 1):
            self._check(image)
        self._loaded += 1

    def _check(self, image: ir.IntArray) -> None:
        (low, high), least, most = self.network.input.bounds, image.min(), image.max()
        if least < low or most > high:
            found = f"step {self._loaded + 1}: input: values: found {least}..{most}"
            raise ir.NetworkError(f"{found}, expected {low}..{high}")

    def advance(self) -> None:
        """Advance all blocks by one step."""
        state = self._state, self._work, self._vector
        advance_step(self.steps, self._interval, self._streams, *self._tables, *state)
        self.steps += 1

    def state(self, block: int, name: str) -> ir.IntArray:
        """Return a view of a block's state variable, "v" or "u", (C, H, W) or (C,); it can be written to."""
        at = int(self.program.blocks[block, t.B_V if name == "v" else t.B_U])
        return self._view(self._state, at, block)

    def output(self, block: int) -> ir.IntArray:
        """Return a view of what a block sent at the last step, (C, H, W) or (C,)."""
        slots = self._outputs[block]
        return slots[(self.steps - 1) % len(slots)]

    def _output_views(self, block: int) -> list[ir.IntArray]:
        own = self.program.streams[block + 1]
        size = int(own[t.S_HEIGHT] * own[t.S_ROW])
        dense = self._work[0]
        return [self._view(dense, int(own[t.S_DENSE]) + slot * size, block) for slot in range(int(own[t.S_RING]))]

    def _view(self, pool: NDArray[Any], at: int, block: int) -> ir.IntArray:
        shape = self.network.shapes[block]
        channels, height, width = image_shape(shape)
        row = int(self.program.streams[block + 1, t.S_ROW])
        rows = pool[at : at + height * row].reshape(height, row)[:, : width * channels]
        image = rows.reshape(height, width, channels).transpose(2, 0, 1)
        return image if len(shape) == 3 else image[:, 0, 0]


@functools.cache
def load_compiled_steps() -> None:
    """Load the compiled code of single steps, or compile it: children that are forked later have it too."""
    one = np.ones(1, np.int64)
    block = ir.Block("block", (ir.Branch(ir.Dense(one[None], 1), one),), ir.QLif(0, 64), one)
    stepper = Stepper(Engine(ir.Network(ir.InputSpec((1,)), (block,)), threads=1))
    stepper.load(np.ones(1, np.int32))
    stepper.advance()

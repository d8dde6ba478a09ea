"""Sums of bytes on processors without an instruction for them: the compiler must know every one that it meets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import numpy as np

from lava_spquant import ir
from lava_spquant.engine import _cpu, _dot, _tables as t, weights
from lava_spquant.engine.program import compile_program
from lava_spquant.ir import reference

assert not (_cpu.has_dots() or _cpu.knows_tiles() or _cpu.has_wide_vectors())
weights.has_dots = lambda: True  # lays the weights out in groups of four
rng = np.random.default_rng(0)
conv = ir.Conv(rng.choice([-127, -1, 0, 1, 127], (20, 3, 2, 3)), 8, (1, 2), (1, 1))
block = ir.Block("b", (ir.Branch(conv, np.ones(20)),), ir.Relay(), np.zeros(20, int))
network = ir.Network(ir.InputSpec((3, 4, 5), 8), (block,))
x = rng.choice([0, 1, 128, 255], (1, 1, 3, 4, 5))
program = compile_program(network, ir.ALIGNED)
branch, stream = program.branches[0], program.streams[0]
assert branch[t.R_DOT]
dense = np.zeros((4, stream[t.S_ROW]), np.int32)
dense[:, :15] = x[0, 0].transpose(1, 2, 0).reshape(4, 15)
height, width, stride = 5, 3, int(branch[t.R_STRIDE])
rows, acc = np.zeros(256, np.int32), np.zeros(width * stride, np.int32)
expected = reference.run(network, x).output[0, 0]
for y in range(height):
    _dot.dot_row(branch, stream, 0, y, width, stride, program.weight, dense.ravel(), rows, acc)
    found = acc.reshape(width, stride)[:, :20].T
    assert np.array_equal(found, expected[:, y]), (y, found, expected[:, y])
"""


def test_without_the_instruction_sums_are_the_same(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CPU_NAME": "generic", "XDG_CACHE_HOME": str(tmp_path)}
    environment.pop("NUMBA_CPU_FEATURES", None)
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]

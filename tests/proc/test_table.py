from __future__ import annotations

import numpy as np

from lava_spquant import ir
from lava_spquant.proc.table import layer_table


def test_every_kind_of_row():
    ternary = ir.Membrane(6, -1, 1)
    blocks = (
        ir.Block("in", (ir.Branch(ir.Identity(), [64, 64]),), ir.Cuba(4096, 0, 64), [0, 0]),
        ir.Block(
            "conv",
            (ir.Branch(ir.Conv(np.ones((4, 1, 1, 3), int), 1, (1, 2), (0, 1), (2, 1), groups=2), [1] * 4, 0, 0),),
            ir.QLif(0, 64, membrane=ternary),
            [0] * 4,
        ),
        ir.Block("pool", (ir.Branch(ir.SumPool((1, 2)), [1] * 4, 0, 1),), ir.Relay(), [0] * 4),
        ir.Block(
            "sum",
            (
                ir.Branch(ir.Conv(np.ones((4, 4, 1, 1), int), 1.58), [1] * 4, 0, 2),
                ir.Branch(ir.SumPool((1, 2)), [1] * 4, 0, 1),
                ir.Branch(ir.Identity(), [1] * 4, 0, 2),
            ),
            ir.Relay(),
            [0] * 4,
        ),
        ir.Block("out", (ir.Branch(ir.Dense(np.ones((3, 20), int), 8), [1] * 3, 0, 3),), ir.Readout(), [0] * 3),
    )
    table = layer_table(ir.Network(ir.InputSpec((2, 5, 4)), blocks))
    assert table.splitlines() == [
        "|   Type   |  W  |  H  |  C  | ker | str | pad | dil | grp |delay|weight|neuron |membrane|",
        "|Input     |    4|    5|    2|     |     |     |     |     |    0|      |   cuba|      48|",
        "|Conv      |    2|    5|    4| 3, 1| 2, 1| 1, 0| 1, 2|    2|    0|     1|   qlif|       2|",
        "|Pool      |    1|    5|    4| 2, 1| 2, 1| 0, 0|     |     |    0|      |  relay|       0|",
        "|Conv      |    1|    5|    4| 1, 1| 1, 1| 0, 0| 1, 1|    1|    0|  1.58|  relay|       0|",
        "|+ Pool    |    1|    5|    4| 2, 1| 2, 1| 0, 0|     |     |    1|      |       |        |",
        "|+ Skip    |    1|    5|    4|     |     |     |     |     |    1|      |       |        |",
        "|Dense     |    1|    1|    3|     |     |     |     |     |    0|     8|readout|      24|",
    ]


def test_gates_follow_the_branches_of_their_block():
    """They show the shape and the name of what they read, and every step of their delay."""
    long = "a mask with such a long name, indeed"
    spikes = ir.Threshold(1)
    blocks = (
        ir.Block(long, (ir.Branch(ir.SumPool(2), [1], 0),), spikes, [0]),
        ir.Block("hidden", (ir.Branch(ir.Dense(np.ones((3, 20), int), 2), [1] * 3, 0),), spikes, [0] * 3),
        ir.Block("channels", (ir.Branch(ir.Dense(np.ones((4, 3), int), 2), [1] * 4, 0, 1),), spikes, [0] * 4),
        ir.Block(
            "gated",
            (ir.Branch(ir.Conv(np.ones((4, 1, 1, 1), int), 1), [1] * 4),),
            ir.QLif(0, 64),
            [0] * 4,
            gates=(ir.Gate(0), ir.Gate(2)),
        ),
    )
    table = layer_table(ir.Network(ir.InputSpec((1, 4, 5)), blocks))
    assert table.splitlines()[4:] == [
        "|Conv      |    5|    4|    4| 1, 1| 1, 1| 0, 0| 1, 1|    1|    1|     1|   qlif|      24|",
        "|x Gate    |    2|    2|    1|by a mask with such a long...|    1|      |       |        |",
        "|x Gate    |    1|    1|    4|by channels                  |    0|      |       |        |",
    ]

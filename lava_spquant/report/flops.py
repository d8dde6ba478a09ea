"""What gates save by the paper's count of FLOPs, beside the synaptic operations that really happen."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from lava_spquant.ir import Conv, Dense, Network, SumPool, Synapse
from lava_spquant.report.activity import Activity

__all__ = ["FlopRow", "Flops", "flops"]


@dataclass(frozen=True)
class FlopRow:
    """What one block costs per sample, over all its time steps.

    Attributes
    ----------
    name : str
    predictor : bool
        It exists only for gates.
    multiply_adds : int
        Of convolutions and dense layers as if every input were active, padding included: one per weight and place. In
        a predictor its sums over places count too, one per value.
    updates : int
        Of membrane potentials: one per neuron and step, where neurons keep a state.
    open_share : float or None
        Share of neurons and steps that the gates left open, 0..1; None without gates.
    synops : float
        Synaptic operations as they happened.
    """

    name: str
    predictor: bool
    multiply_adds: int
    updates: int
    open_share: float | None
    synops: float

    @property
    def dense(self) -> int:
        """FLOPs with every gate open."""
        return self.multiply_adds + self.updates

    @property
    def gated(self) -> float:
        """FLOPs behind the gates, by the paper's count: closed neurons cost nothing, not even an update."""
        return float(self.dense) if self.open_share is None else self.dense * self.open_share


@dataclass(frozen=True)
class Flops:
    """FLOPs per sample by the paper's count, and synaptic operations as they happened.

    SpQuant-SNN counts a dense network, multiplies each layer by the share that its masks leave, and subtracts the
    predictors' own cost from what was saved. Two things differ in what really happens: silent inputs cost nothing with
    or without gates, and the membranes of closed neurons leak as ever, which `updates` tells and `synops` does not.

    Attributes
    ----------
    rows : tuple of FlopRow
        One per block, in order.
    """

    rows: tuple[FlopRow, ...]

    @property
    def dense(self) -> int:
        """Before: every gate open, and no predictors."""
        return sum(row.dense for row in self.rows if not row.predictor)

    @property
    def gated(self) -> float:
        """The same blocks behind their gates."""
        return math.fsum(row.gated for row in self.rows if not row.predictor)

    @property
    def predictors(self) -> float:
        """What the predictors themselves cost."""
        return math.fsum(row.gated for row in self.rows if row.predictor)

    @property
    def total(self) -> float:
        """After: what is left behind the gates, and the predictors."""
        return self.gated + self.predictors

    @property
    def cut(self) -> float:
        """How many times fewer FLOPs there are after than before; infinity where nothing is left."""
        return self.dense / self.total if self.total else math.inf

    @property
    def synops(self) -> float:
        """Synaptic operations as they happened, the predictors' included."""
        return math.fsum(row.synops for row in self.rows)

    @property
    def synops_predictors(self) -> float:
        """Those of the predictors."""
        return math.fsum(row.synops for row in self.rows if row.predictor)


def flops(network: Network, measured: Activity, predictors: Collection[int] = ()) -> Flops:
    """Count FLOPs as the paper does; both counts are means per sample and know nothing of batches.

    Parameters
    ----------
    network : Network
    measured : Activity
        Of this network.
    predictors : collection of int
        Indices of blocks that exist only for gates: `lava_spquant.prune.gate_blocks(network)`.

    Raises
    ------
    ValueError
        If the activity has another number of blocks.

    Examples
    --------
    >>> import numpy as np
    >>> from lava_spquant.ir import Block, Branch, Gate, InputSpec, Relay, Threshold
    >>> from lava_spquant.ir.reference import run
    >>> from lava_spquant.report import activity
    >>> gate = Block("gate", (Branch(Dense([[1], [-1]], 1), [1, 1]),), Threshold(), [0, 0])
    >>> gated = Block("two", (Branch(Dense([[1], [1]], 1), [1, 1]),), Relay(), [0, 0], 0, (Gate(0),))
    >>> network, x = Network(InputSpec((1,)), (gate, gated)), np.ones((1, 1, 1), int)
    >>> found = flops(network, activity(network, [(x, run(network, x))]), predictors=(0,))
    >>> found.dense, found.gated, found.predictors
    (2, 1.0, 2.0)
    """
    if len(measured.rows) != len(network.blocks):
        raise ValueError(f"flops: activity: found {len(measured.rows)} blocks, expected {len(network.blocks)}")
    rows = []
    for index, (block, row) in enumerate(zip(network.blocks, measured.rows, strict=True)):
        predictor = index in predictors
        per_channel = sum(_inputs(branch.synapse, sums=predictor) for branch in block.branches)
        rows.append(
            FlopRow(
                name=row.name,
                predictor=predictor,
                multiply_adds=measured.steps * row.neurons * per_channel,
                updates=measured.steps * row.neurons if block.neuron.state_names else 0,
                open_share=row.open_share,
                synops=row.synops,
            )
        )
    return Flops(tuple(rows))


def _inputs(synapse: Synapse, *, sums: bool) -> int:
    """Return how many inputs one neuron adds up: all weights' of one output channel."""
    if isinstance(synapse, (Conv, Dense)):
        return synapse.weight[0].size
    if not sums:
        return 0
    return math.prod(synapse.kernel) if isinstance(synapse, SumPool) else 1

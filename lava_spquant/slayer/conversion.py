"""What was lost on the way from floats to integers, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.slayer.block.base import Deployable
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.export import deployed_blocks, to_ir
from lava_spquant.slayer.fold import GAIN_LIMITS
from lava_spquant.slayer.neuron import QLif
from lava_spquant.slayer.quant.base import spread
from lava_spquant.slayer.synapse import WeightedSynapse

__all__ = ["ConversionRow", "conversion_report"]


@dataclass(frozen=True)
class ConversionRow:
    """One branch of one deployed block.

    Attributes
    ----------
    block : str
    branch : int
    weight_bits : float
        Declared width; 0 without weights.
    scale : float
        Mean real value of one weight step; 1 without weights.
    zero_share : float
        Weights that became 0, in 0..1.
    clipped_share : float
        Float weights more than half a step beyond the largest level, in 0..1.
    gain_bits : int
        Significant bits of the smallest gain that is not 0.
    steep : int
        Channels whose gain was limited because batch-norm divided by next to nothing.
    largest_current : int
        Bound of the branch's current in membrane units.
    """

    block: str
    branch: int
    weight_bits: float
    scale: float
    zero_share: float
    clipped_share: float
    gain_bits: int
    steep: int
    largest_current: int


def conversion_report(blocks: Sequence[Deployable], spec: ir.InputSpec) -> list[ConversionRow]:
    """Return one row per branch of the network that `to_ir` makes of `blocks`.

    Parameters
    ----------
    blocks : sequence of Deployable
    spec : ir.InputSpec

    Raises
    ------
    NetworkError
        If a block cannot be represented in integers.
    """
    network = to_ir(blocks, spec)
    rows = []
    for deployed, streams, (trained, *_) in zip(
        network.blocks, network.stream_bounds(), deployed_blocks(blocks), strict=True
    ):
        threshold = trained.neuron.thresholds if isinstance(trained.neuron, QLif) else None
        for index, (made, stream, branch) in enumerate(zip(deployed.branches, streams, trained.branches, strict=True)):
            rows.append(_row(deployed.name, index, made, stream, branch, threshold))
    return rows


def _row(
    name: str,
    index: int,
    made: ir.Branch,
    stream: tuple[int, int],
    branch: Branch,
    threshold: NDArray[np.float64] | None,
) -> ConversionRow:
    low, high = ir.branch_bounds(made, stream, f"block {name!r}")
    gains = np.abs(made.gain[made.gain != 0].astype(np.int64))
    scale, zero, clipped = 1.0, 0.0, 0.0
    if isinstance(branch.synapse, WeightedSynapse):
        scale, zero, clipped = _weight_loss(branch.synapse)
    factor, _ = branch.affine()
    steep = 0 if threshold is None else int((np.abs(factor) / threshold > GAIN_LIMITS[0]).sum())
    return ConversionRow(
        name,
        index,
        made.synapse.weight_bits,
        scale,
        zero,
        clipped,
        int(gains.min()).bit_length() if gains.size else 0,
        steep,
        int(max(-low.min(), high.max())),
    )


def _weight_loss(synapse: WeightedSynapse) -> tuple[float, float, float]:
    """Return mean scale, share of zeros and share of weights beyond the largest level."""
    quantised = synapse.integer_weight()
    top = quantised.values.abs().max() + 0.5
    beyond = synapse.weight.detach().abs() > top * spread(quantised.scale, quantised.values.ndim)
    zeros = (quantised.values == 0).double().mean()
    return float(quantised.scale.mean()), float(zeros), float(beyond.double().mean())

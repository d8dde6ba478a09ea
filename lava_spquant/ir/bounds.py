"""The proof that nothing in a network can overflow, made from its weights before it runs."""

from __future__ import annotations

import numpy as np

from lava_spquant.ir.arith import round_shift
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.block import Block, Branch
from lava_spquant.ir.errors import expect
from lava_spquant.ir.limits import PRODUCT_MAX, STATE_MAX
from lava_spquant.ir.neuron import Bounds

__all__ = ["branch_bounds", "current_bounds"]


def branch_bounds(branch: Branch, source: Bounds, where: str) -> tuple[IntArray, IntArray]:
    """Bound a branch's rescaled current per channel.

    Parameters
    ----------
    branch : Branch
    source : (int, int)
        Range of the stream that it reads.
    where : str
        Named in the error.

    Returns
    -------
    low, high : numpy.ndarray, int64, shape (C,)

    Raises
    ------
    NetworkError
        If an accumulator can leave 24 bits or `gain * acc + round` 32 bits.
    """
    low, high = branch.synapse.acc_bounds(source)
    largest = max(-int(low.min()), int(high.max()), 0)
    expect(largest <= STATE_MAX, where, "largest accumulator", found=largest, expected=f"at most {STATE_MAX}")
    gain = branch.gain.astype(np.int64)
    ends = np.sort(np.stack([gain * low, gain * high]), axis=0)
    half = 1 << (branch.shift - 1) if branch.shift else 0
    product = int(np.abs(ends).max()) + half
    expect(
        product <= PRODUCT_MAX, where, "largest gain * accumulator", found=product, expected=f"at most {PRODUCT_MAX}"
    )
    return round_shift(ends[0], branch.shift), round_shift(ends[1], branch.shift)


def current_bounds(block: Block, sources: list[Bounds]) -> Bounds:
    """Bound a block's current plus bias over all channels.

    Raises
    ------
    NetworkError
        If the sum of the branches and the bias can be larger than the neuron's step allows.
    """
    where = f"block {block.name!r}"
    low = high = np.zeros(1, dtype=np.int64)
    for i, (branch, source) in enumerate(zip(block.branches, sources, strict=True)):
        branch_low, branch_high = branch_bounds(branch, source, f"{where}, branch {i}")
        low, high = low + branch_low, high + branch_high
    smallest, largest = int(low.min() + block.bias.min()), int(high.max() + block.bias.max())
    # Without the bias too: CUBA adds it behind the current, so that it cannot make up for too large a one.
    extreme = max(-smallest, largest, -int(low.min()), int(high.max()))
    limit = block.neuron.current_max
    expect(extreme <= limit, where, "largest current", found=extreme, expected=f"at most {limit}")
    # Behind a closed gate there is none, nor a bias.
    return (min(smallest, 0), max(largest, 0)) if block.gates else (smallest, largest)

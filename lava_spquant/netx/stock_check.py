"""Whether lava-dl's own NetX runs a network exactly, and if not, why."""

from __future__ import annotations

import numpy as np

from lava_spquant import ir
from lava_spquant.netx.errors import Place
from lava_spquant.netx.stock_weights import UnrunnableWeightsError, lava_dense_weight

__all__ = ["STOCK_GAIN", "check_stock", "needs_message_bits", "stock_weight"]

STOCK_GAIN = 64
"""Lava shifts activations left by 6 bits."""

_BIAS_MAX = 2**15
"""Lava keeps `bias_mant`, which also carries the input, in an int16."""

_CONV_FIELD_MAX = 127
"""Lava keeps stride, padding, dilation and groups of a convolution in an int8."""


def stock_weight(branch: ir.Branch) -> ir.IntArray:
    """Return the weights with the gain folded in: `W * gain / 64`, as lava-dl stores them (int64)."""
    assert isinstance(branch.synapse, (ir.Conv, ir.Dense))
    weight = branch.synapse.weight.astype(np.int64)
    return weight * (branch.gain.astype(np.int64) // STOCK_GAIN).reshape((-1,) + (1,) * (weight.ndim - 1))


def check_stock(network: ir.Network, place: Place, unchanged: bool = False) -> None:
    """Raise unless a stock file of `network` runs on lava-dl's NetX and gives the same integers.

    The file cannot say how wide the input is; see `needs_message_bits`.

    Parameters
    ----------
    network : Network
    place : Place
        The file, for the error.
    unchanged : bool
        Also refuse gains that would have to be folded into the weights.

    Raises
    ------
    NetXError
        Naming the first block that does not fit, and the reason.
    """
    for index, block in enumerate(network.blocks):
        where = Place(place.file, f"block {block.name!r}")
        where.expect(not block.gates, "gates", found=len(block.gates), expected="none in the stock profile")
        where.expect(
            isinstance(block.neuron, ir.Cuba), "neuron", found=block.neuron.kind, expected="'cuba' in the stock profile"
        )
        _check_values(block, where, unchanged)
        _check_branch(network, index, where)


def needs_message_bits(network: ir.Network) -> bool:
    """Tell whether lava-dl reads the input right only when it is told that it is graded.

    Its `hdf5.Network` takes `input_message_bits` for that: by default 0, with which synapses turn every value that is
    not 0 into a spike. An input that feeds neurons directly needs nothing: it is their bias.
    """
    return network.input.bits > 1 and not isinstance(network.blocks[0].branches[0].synapse, ir.Identity)


def _check_values(block: ir.Block, where: Place, unchanged: bool) -> None:
    assert isinstance(block.neuron, ir.Cuba)
    where.expect(len(block.branches) == 1, "branches", found=len(block.branches), expected="1 in the stock profile")
    branch = block.branches[0]
    where.expect(branch.shift == 0, "shift", found=branch.shift, expected="0 in the stock profile")
    good = np.all(branch.gain % STOCK_GAIN == 0) and np.all(branch.gain > 0)
    where.expect(bool(good), "gain", found=np.unique(branch.gain), expected=f"positive multiples of {STOCK_GAIN}")
    folded = unchanged and bool(np.any(branch.gain != STOCK_GAIN))
    where.expect(not folded, "gain", found=np.unique(branch.gain), expected=f"{STOCK_GAIN}")
    vth = block.neuron.vth
    where.expect(vth % STOCK_GAIN == 0, "vth", found=vth, expected=f"a multiple of {STOCK_GAIN}")
    mantissa = block.bias // STOCK_GAIN
    good = np.all(block.bias % STOCK_GAIN == 0) and mantissa.min() >= -_BIAS_MAX and mantissa.max() < _BIAS_MAX
    expected = f"multiples of {STOCK_GAIN} within {STOCK_GAIN} times an int16"
    where.expect(bool(good), "bias", found=f"{block.bias.min()}..{block.bias.max()}", expected=expected)


def _check_branch(network: ir.Network, index: int, where: Place) -> None:
    block = network.blocks[index]
    branch = block.branches[0]
    where.expect(branch.source == index - 1, "source", found=branch.source, expected="the block before it")
    if isinstance(branch.synapse, ir.Identity):
        _check_input(network, index, where)
    elif isinstance(branch.synapse, ir.Conv):
        _check_conv(branch, where)
    elif isinstance(branch.synapse, ir.Dense):
        _check_dense(branch, where)
    else:
        raise where.error("synapse", found=repr(branch.synapse.kind), expected="'dense' or 'conv'")


def _check_input(network: ir.Network, index: int, where: Place) -> None:
    """Check that the input can arrive as bias, as in Lava: behind the current's decay and beside no other bias."""
    block = network.blocks[index]
    assert isinstance(block.neuron, ir.Cuba)
    where.expect(index == 0, "synapse", found="'identity'", expected="'dense' or 'conv' behind the first block")
    decay = block.neuron.current_decay
    where.expect(decay == 4096, "current_decay", found=decay, expected="4096 where the input feeds neurons directly")
    silent = not block.bias.any()
    where.expect(silent, "bias", found="other values", expected="0 where the input feeds neurons directly")
    gain = block.branches[0].gain
    where.expect(bool(np.all(gain == STOCK_GAIN)), "gain", found=np.unique(gain), expected=f"{STOCK_GAIN}")
    low, high = network.input.bounds
    good = low >= -_BIAS_MAX and high < _BIAS_MAX
    where.expect(good, "input", found=f"{low}..{high}", expected="an int16: Lava passes the input on as bias")


def _check_conv(branch: ir.Branch, where: Place) -> None:
    synapse = branch.synapse
    assert isinstance(synapse, ir.Conv)
    fields = (*synapse.stride, *synapse.padding, *synapse.dilation, *synapse.kernel, synapse.groups)
    where.expect(max(fields) <= _CONV_FIELD_MAX, "conv", found=max(fields), expected=f"at most {_CONV_FIELD_MAX}")
    _check_width(stock_weight(branch), where)


def _check_dense(branch: ir.Branch, where: Place) -> None:
    weight = stock_weight(branch)
    _check_width(weight, where)
    try:
        effective = lava_dense_weight(weight)
    except UnrunnableWeightsError as error:
        raise where.error("weight", found=f"{error}", expected="weights that Lava's Dense runs") from error
    wrong = np.argwhere(effective != weight)
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        found = f"{weight[at]} at {at}, which Lava would turn into {effective[at]}"
        raise where.error("weight", found=found, expected="weights that Lava's Dense keeps as they are")


def _check_width(weight: ir.IntArray, where: Place) -> None:
    largest = int(np.abs(weight).max())
    where.expect(largest < 2**15, "weight", found=f"{largest} after folding the gain", expected="an int16")

"""Synapses as rows of the table of branches, and their weights by place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.engine import _tables as t

__all__ = ["SYNAPSE_CODES"]

Ints = NDArray[np.int64]


def _dense(synapse: ir.Dense, row: Ints, source: tuple[int, int, int]) -> NDArray[Any]:
    """Write a convolution whose kernel is the whole source; return weights by place and output."""
    outputs = synapse.weight.shape[0]
    row[[t.R_KH, t.R_KW]] = source[1:]
    row[[t.R_SH, t.R_SW, t.R_DH, t.R_DW, t.R_GROUPS]] = 1
    return synapse.weight.reshape(outputs, *source).transpose(2, 3, 1, 0).reshape(-1, outputs)


def _conv(synapse: ir.Conv, row: Ints, source: tuple[int, int, int]) -> NDArray[Any]:
    weight, groups = synapse.weight, synapse.groups
    outputs, per_in = weight.shape[0], weight.shape[1]
    row[[t.R_KH, t.R_KW]], row[[t.R_SH, t.R_SW]] = synapse.kernel, synapse.stride
    row[[t.R_PH, t.R_PW]], row[[t.R_DH, t.R_DW]] = synapse.padding, synapse.dilation
    row[t.R_GROUPS] = groups
    if groups == 1:
        return weight.transpose(2, 3, 1, 0).reshape(-1, outputs)
    # (kh, kw, C_in, outputs of the channel's group)
    split = weight.reshape(groups, outputs // groups, per_in, *synapse.kernel)
    return split.transpose(3, 4, 0, 2, 1)


def _pool(synapse: ir.SumPool, row: Ints, source: tuple[int, int, int]) -> None:
    row[[t.R_KH, t.R_KW]], row[[t.R_SH, t.R_SW]] = synapse.kernel, synapse.steps
    row[[t.R_PH, t.R_PW]] = synapse.padding


def _identity(synapse: ir.Identity, row: Ints, source: tuple[int, int, int]) -> None:
    """Nothing but the kind."""


SYNAPSE_CODES: dict[str, tuple[int, Callable[..., NDArray[Any] | None]]] = {
    ir.Dense.kind: (t.CONV, _dense),
    ir.Conv.kind: (t.CONV, _conv),
    ir.SumPool.kind: (t.POOL, _pool),
    ir.Identity.kind: (t.IDENTITY, _identity),
}
"""Code and table writer of every ir synapse."""

"""From synapses of the integer network to Processes: the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from lava.magma.core.process.process import AbstractProcess
from lava.proc.conv.process import Conv
from lava.proc.dense.process import Dense

from lava_spquant import ir
from lava_spquant.proc.stock_dense import stock_dense
from lava_spquant.proc.stream import Stream
from lava_spquant.proc.sum_pool.process import SumPool
from lava_spquant.proc.wide_conv.process import WideConv
from lava_spquant.proc.wide_dense.process import WideDense

__all__ = ["SYNAPSE_BUILDERS", "build_synapse"]

_FIELD_MAX = 127
"""Lava's Conv holds its geometry and its number of groups as int8."""


def _dense(synapse: Any, stream: Stream, name: str) -> AbstractProcess:
    settings = stock_dense(synapse.weight)
    if settings is None:
        return WideDense(synapse=synapse, input_shape=(synapse.weight.shape[1],), name=name)
    return Dense(
        weights=settings.weights,
        weight_exp=settings.weight_exp,
        num_weight_bits=settings.num_weight_bits,
        sign_mode=settings.sign_mode,
        num_message_bits=stream.message_bits,
        name=name,
    )


def _conv(synapse: Any, stream: Stream, name: str) -> AbstractProcess:
    geometry = (*synapse.kernel, *synapse.stride, *synapse.padding, *synapse.dilation, synapse.groups)
    if max(geometry) > _FIELD_MAX:
        return WideConv(synapse=synapse, input_shape=stream.port_shape, name=name)
    return Conv(
        # (C_out, C_in, kh, kw) to (C_out, kw, kh, C_in), flipped: Lava's Conv is a convolution, not a correlation.
        weight=np.ascontiguousarray(synapse.weight[:, :, ::-1, ::-1].transpose(0, 3, 2, 1).astype(np.int32)),
        input_shape=stream.port_shape,
        stride=synapse.stride[::-1],
        padding=synapse.padding[::-1],
        dilation=synapse.dilation[::-1],
        groups=int(synapse.groups),
        num_weight_bits=int(np.ceil(synapse.weight_bits)),
        num_message_bits=stream.message_bits,
        name=name,
    )


def _pool(synapse: Any, stream: Stream, name: str) -> AbstractProcess:
    return SumPool(synapse=synapse, input_shape=stream.port_shape, name=name)


def _identity(synapse: Any, stream: Stream, name: str) -> None:
    """Build nothing: a connection, delayed where the branch says so."""


SYNAPSE_BUILDERS: dict[str, Callable[[Any, Stream, str], AbstractProcess | None]] = {
    ir.Dense.kind: _dense,
    ir.Conv.kind: _conv,
    ir.SumPool.kind: _pool,
    ir.Identity.kind: _identity,
}
"""One function per kind in `ir.SYNAPSES`."""


def build_synapse(synapse: ir.Synapse, stream: Stream, name: str) -> AbstractProcess | None:
    """Return the Process with ports `s_in` and `a_out` that accumulates `synapse`, one step later.

    Parameters
    ----------
    synapse : ir.Synapse
    stream : Stream
        What it reads.
    name : str

    Returns
    -------
    AbstractProcess or None
        Lava's own Dense or Conv wherever they are exact; None for an identity, which needs none.
        A dense synapse's `s_in` is flat, in the order (C, H, W).
    """
    return SYNAPSE_BUILDERS[synapse.kind](synapse, stream, name)

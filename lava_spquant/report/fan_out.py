"""How many synapses each input position of a branch drives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir import Conv, Dense, Identity, SumPool, Synapse
from lava_spquant.ir.arrays import Shape

__all__ = ["fan_out"]


def fan_out(synapse: Synapse, input_shape: Shape, *, skip_zeros: bool = False) -> NDArray[np.int64]:
    """Count the synapses that leave every input position.

    A position near the border of a convolution, or between its strides, drives fewer than the
    rest; padding has no synapses.

    Parameters
    ----------
    synapse : Synapse
    input_shape : tuple of int
        Shape of the source, (C,) or (C, H, W).
    skip_zeros : bool
        Leave out synapses whose weight is 0: they add nothing.

    Returns
    -------
    numpy.ndarray, int64, shape `input_shape`

    Raises
    ------
    NetworkError
        If the source does not fit the synapse.
    TypeError
        If the kind of synapse is unknown here.
    """
    out = synapse.output_shape(input_shape)
    if isinstance(synapse, Identity):
        return np.ones(input_shape, dtype=np.int64)
    if isinstance(synapse, Dense):
        per_input = np.count_nonzero(synapse.weight, axis=0) if skip_zeros else np.full(synapse.weight.shape[1], out[0])
        return per_input.astype(np.int64).reshape(input_shape)
    if isinstance(synapse, SumPool):
        taps = np.ones((input_shape[0], *synapse.kernel), dtype=np.int64)
        return _windowed(taps, input_shape, out, synapse.steps, synapse.padding, (1, 1))
    if isinstance(synapse, Conv):
        taps = _taps(synapse, skip_zeros)
        return _windowed(taps, input_shape, out, synapse.stride, synapse.padding, synapse.dilation)
    raise TypeError(f"fan_out: synapse: found {type(synapse).__name__}, expected Dense, Conv, SumPool or Identity")


def _taps(conv: Conv, skip_zeros: bool) -> NDArray[np.int64]:
    """Count, per input channel and kernel position, the output channels that it reaches: (C_in, kh, kw)."""
    grouped = conv.weight.reshape(conv.groups, -1, *conv.weight.shape[1:])
    counted = grouped != 0 if skip_zeros else np.ones_like(grouped, dtype=bool)
    return counted.sum(axis=1, dtype=np.int64).reshape(-1, *conv.kernel)


def _windowed(
    taps: NDArray[np.int64],
    input_shape: Shape,
    output_shape: Shape,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> NDArray[np.int64]:
    """Spread kernel positions over the input; height and width are independent."""
    _, height, width = input_shape
    rows = _incidence(height, output_shape[1], taps.shape[1], stride[0], padding[0], dilation[0])
    columns = _incidence(width, output_shape[2], taps.shape[2], stride[1], padding[1], dilation[1])
    return np.einsum("cij,iy,jx->cyx", taps, rows, columns)


def _incidence(size: int, outputs: int, kernel: int, stride: int, padding: int, dilation: int) -> NDArray[np.int64]:
    """Count, for kernel position i and input position y, the windows that put i onto y: (kernel, size)."""
    table = np.zeros((kernel, size), dtype=np.int64)
    for i in range(kernel):
        positions = np.arange(outputs) * stride - padding + dilation * i
        table[i, positions[(positions >= 0) & (positions < size)]] = 1
    return table

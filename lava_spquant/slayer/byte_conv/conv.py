"""Convolutions of spikes with low-bit weights in the bytes that they fit, exactly, where a CPU has fast ones.

The forward pass multiplies the integers that are deployed: a float32 convolution of the same numbers rounds, and
takes about four times as long. Backward, dL/dw is summed over the events of the input where these are few, and dL/dx
is the float convolution's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from lava_spquant.slayer.quant import QuantisedWeight

__all__ = ["byte_conv", "byte_conv_fits"]

BYTE_MAX = 255

OPS: Any = getattr(torch, "ops")  # noqa: B009 (torch does not declare it)

PAIR_MAX = 2**15 - 1
"""Processors without VNNI add pairs of products in 16 bits, and saturate there."""


def byte_conv_fits(x: Tensor, largest_input: int | None, bits: float, groups: int) -> bool:
    """Say whether `byte_conv` is exact for this input and these weights, and available.

    Parameters
    ----------
    x : Tensor, (M, C, H, W)
    largest_input : int or None
        Declared largest magnitude of `x`; None if nothing is declared.
    bits : float
        Declared width of the weights.
    groups : int
    """
    if largest_input is None or not 1 <= bits <= 8 or groups > 1:
        return False
    largest_weight = max(1, 2 ** (int(bits) - 1) - 1)
    small = largest_input <= BYTE_MAX and 2 * largest_input * largest_weight <= PAIR_MAX
    plain = x.device.type == "cpu" and x.dtype == torch.float32 and not torch.is_autocast_cpu_enabled()
    return small and plain and hasattr(OPS.onednn, "qconv2d_pointwise")


@torch.compiler.disable  # type: ignore[misc,unused-ignore]
def byte_conv(
    x: Tensor,
    fake: Tensor,
    weight: QuantisedWeight,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> Tensor | None:
    """Return the convolution of whole numbers in 0..255 with a quantised weight, or None if `x` holds others.

    Parameters
    ----------
    x : Tensor, float32, (M, C, H, W)
    fake : Tensor, float32
        The weight's real values, through which gradients flow.
    weight : QuantisedWeight
        Its integers, within -127..127.
    stride, padding, dilation : (int, int)

    Returns
    -------
    Tensor, float32, channels-last (M, C_out, H_out, W_out)
        Exact sums of integers, times the scale.
    """
    # Imported here: what it runs is compiled, which only training needs.
    from lava_spquant.slayer.byte_conv.whole import whole_bytes

    whole = whole_bytes(x)
    if whole is None:
        return None
    result: Tensor = _ByteConv.apply(x, fake, *whole, weight, (stride, padding, dilation))
    return result


class _ByteConv(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, fake: Tensor, small: Tensor, events: int, weight: QuantisedWeight, sides: Any
    ) -> Tensor:
        ctx.save_for_backward(small, fake)
        ctx.events, ctx.sides = events, sides
        stride, padding, dilation = (list(pair) for pair in sides)
        channels = fake.shape[0]
        scale = weight.scale.detach().float().expand(channels).contiguous()
        zeros = torch.zeros(channels, dtype=torch.int64)
        values = weight.values.to(torch.int8)
        packed = OPS.onednn.qconv_prepack(values, scale, 1.0, 0, stride, padding, dilation, 1, list(small.shape))
        out: Tensor = OPS.onednn.qconv2d_pointwise(
            small, 1.0, 0, packed, scale, zeros, None, stride, padding, dilation, 1, 1.0, 0, torch.float32,
            "none", [], "",
        )  # fmt: skip
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        small, fake = ctx.saved_tensors
        wants_x, wants_weight = ctx.needs_input_grad[:2]
        # Imported where it is needed: what it runs is compiled.
        from lava_spquant.slayer.byte_conv.gradient import sparse_weight_gradient, sparse_weight_gradient_fits

        stride, padding, dilation = ctx.sides
        by_weight = None
        kernel = (fake.shape[2], fake.shape[3])
        if wants_weight and sparse_weight_gradient_fits(small, ctx.events, kernel, stride, dilation):
            by_weight, wants_weight = sparse_weight_gradient(small, grads[0], kernel, padding), False
        if wants_x or wants_weight:
            # Where dL/dw is known, only shape and layout of the input count, and its memory is never touched.
            x = small.float() if wants_weight else torch.empty(small.shape, memory_format=torch.channels_last)
            sides = (list(stride), list(padding), list(dilation), False, [0, 0], 1)
            by_x, dense, _ = OPS.aten.convolution_backward(
                grads[0], x, fake, None, *sides, [wants_x, wants_weight, False]
            )
        return (by_x if wants_x else None, dense if wants_weight else by_weight, None, None, None, None)

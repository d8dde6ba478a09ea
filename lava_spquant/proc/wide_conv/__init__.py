"""Convolutions whose geometry does not fit the 8-bit fields of Lava's own Conv, as a Lava Process."""

from lava_spquant.proc.wide_conv.process import WideConv

__all__ = ["WideConv"]

"""Convolutions of spikes with low-bit weights: forward in bytes, and weight gradients from events."""

from lava_spquant.slayer.byte_conv.conv import byte_conv, byte_conv_fits

__all__ = ["byte_conv", "byte_conv_fits"]

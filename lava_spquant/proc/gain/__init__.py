"""The gain of one branch, as a Lava Process."""

from lava_spquant.proc.gain.process import Gain

__all__ = ["Gain"]

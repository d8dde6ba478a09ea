"""A delay by whole time steps, as a Lava Process."""

from lava_spquant.proc.delay.process import Delay

__all__ = ["Delay"]

"""Read-out accumulators, as a Lava Process."""

from lava_spquant.proc.readout.process import Readout

__all__ = ["Readout"]

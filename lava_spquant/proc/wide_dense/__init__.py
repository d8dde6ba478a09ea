"""Dense synapses whose weights are too wide for Lava's own Dense, as a Lava Process."""

from lava_spquant.proc.wide_dense.process import WideDense

__all__ = ["WideDense"]

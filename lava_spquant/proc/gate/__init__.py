"""One gate of a block, as a Lava Process."""

from lava_spquant.proc.gate.process import Gate

__all__ = ["Gate"]

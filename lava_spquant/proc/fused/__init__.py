"""A whole integer network computed in one Lava Process."""

from lava_spquant.proc.fused.process import FusedNetwork

__all__ = ["FusedNetwork"]

"""A whole integer network as one hierarchical Lava Process."""

from lava_spquant.proc.network.process import Network

__all__ = ["Network"]

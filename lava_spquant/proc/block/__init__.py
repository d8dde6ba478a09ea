"""One block of a network as a hierarchical Lava Process."""

from lava_spquant.proc.block.process import Block

__all__ = ["Block"]

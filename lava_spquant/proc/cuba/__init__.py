"""CUBA neurons whose parameters leave the ranges of Lava's own LIF, as a Lava Process."""

from lava_spquant.proc.cuba.process import Cuba

__all__ = ["Cuba"]

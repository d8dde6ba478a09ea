"""Leaky integrate-and-fire neurons with a quantised membrane, as a Lava Process."""

from lava_spquant.proc.qlif.process import QLif

__all__ = ["QLif"]

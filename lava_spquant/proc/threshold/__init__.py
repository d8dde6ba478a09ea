"""Stateless neurons that spike above a threshold, as a Lava Process."""

from lava_spquant.proc.threshold.process import Threshold

__all__ = ["Threshold"]

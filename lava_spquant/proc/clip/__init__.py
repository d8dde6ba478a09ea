"""Stateless neurons that pass a graded value on within a range, as a Lava Process."""

from lava_spquant.proc.clip.process import Clip

__all__ = ["Clip"]

"""Stateless neurons that pass a graded value on, as a Lava Process."""

from lava_spquant.proc.relay.process import Relay

__all__ = ["Relay"]

"""A tap that records an output and its neurons' state, as a Lava Process."""

from lava_spquant.proc.recorder.process import Recorder

__all__ = ["Recorder"]

"""The neuron over time as compiled kernels for CPUs. Nothing else of training needs Numba."""

from __future__ import annotations

from lava_spquant.slayer.neuron.op.cpu.backend import CpuBackend

__all__ = ["CpuBackend"]

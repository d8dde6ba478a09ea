"""The neuron over time as Triton kernels for CUDA. Nothing else in the package needs Triton, which is for Linux alone.

Kernels are in the files with an underscore. They do without `from __future__ import annotations`: Triton's interpreter
tells its compile-time arguments by what the annotation is, not by what it says.
"""

from __future__ import annotations

from lava_spquant.slayer.neuron.op.cuda.backend import CudaBackend

__all__ = ["CudaBackend"]

"""The kernels, with a cache on disk that belongs to exactly these sources."""

from __future__ import annotations

from pathlib import Path

from lava_spquant.jit import cache_folder, cached_in, usable

__all__ = ["FOLDER", "affine", "affine_in_place", "backward", "forward", "moments"]

FOLDER = cache_folder("neuron", Path(__file__).parent.glob("*.py"))
"""Where compiled code is kept."""

with cached_in(usable(FOLDER)):
    from lava_spquant.slayer.neuron.op.cpu._backward import backward
    from lava_spquant.slayer.neuron.op.cpu._channels import affine, affine_in_place, moments
    from lava_spquant.slayer.neuron.op.cpu._forward import forward

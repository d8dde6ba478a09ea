"""Networks whose predictors open a part, as training leaves them, without the training."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from lava_spquant import ir
from lava_spquant.slayer.models import ConvNetConfig, build_convnet

__all__ = ["SPEC", "gated_pair", "images"]

SPEC = ir.InputSpec((2, 12, 8), 8)
ARCHITECTURE = "8-AP2-12-16-FC"


@cache
def gated_pair(gates: str) -> tuple[ir.Network, ir.Network]:
    """Return a gated network, and one that was built without gates from the same parameters."""
    torch.manual_seed(0)
    made, plain = (build_convnet(ConvNetConfig(ARCHITECTURE, gates=kind), SPEC, 5) for kind in (gates, "none"))
    made.train()
    with torch.no_grad():
        for name, values in made.named_parameters():
            if name.endswith("norm.bias"):
                values.copy_(torch.rand(values.shape) - 0.5)
        for number in range(30):  # until the running statistics are those of the currents
            made(torch.from_numpy(images(number)).float().movedim(0, -1))
    state = {name.replace(".block.", "."): v for name, v in made.state_dict().items() if "predictors" not in name}
    plain.load_state_dict(state)
    return made.eval().to_ir(), plain.eval().to_ir()


def images(seed: int, steps: int = 4, samples: int = 5) -> ir.IntArray:
    """Return random input (T, N, C, H, W), another one at every step."""
    return np.random.default_rng(seed).integers(0, 256, (steps, samples, *SPEC.shape)).astype(np.int32)

"""Hypothesis strategies for weight tensors."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

__all__ = ["EDGE_WEIGHTS", "weights"]

EDGE_WEIGHTS = {
    "all zero": torch.zeros(3, 4),
    "one zero": torch.zeros(1, 1),
    "one weight": torch.tensor([[-0.3]]),
    "positive": torch.tensor([[0.1, 0.7], [0.4, 0.2]]),
    "negative": torch.tensor([[-0.1, -0.7], [-0.4, -0.2]]),
    "a silent channel": torch.tensor([[0.0, 0.0], [0.5, -1.0]]),
    "one magnitude": torch.tensor([[0.5, -0.5], [0.5, 0.5]]),
    "subnormal": torch.full((2, 2), 1e-44),
    "kernel": torch.linspace(-1, 1, 2 * 3 * 2 * 5).reshape(2, 3, 2, 5),
}
"""What training rarely and users often produce."""


def weights() -> st.SearchStrategy[torch.Tensor]:
    """Draw weights (C_out, C_in) or (C_out, C_in, kh, kw), float32, of ordinary magnitude."""
    shapes = st.one_of(
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), hnp.array_shapes(min_dims=4, max_dims=4, max_side=3)
    )
    values = st.floats(-8, 8, width=32, allow_subnormal=False).filter(lambda v: v == 0 or abs(v) > 1e-6)
    return hnp.arrays(np.float32, shapes, elements=values).map(torch.from_numpy)

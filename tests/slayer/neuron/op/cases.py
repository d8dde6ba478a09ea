"""Neurons and currents that tests of every implementation run."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from lava_spquant.slayer.membrane import FIVE_LEVEL, TERNARY, MembraneConfig, n_bit
from lava_spquant.slayer.neuron.op import Drive, Dynamics, compute_dtype
from lava_spquant.slayer.surrogate import AsymmetricBox, Box, Exponential, SigmoidDerivative, SuperSpike, Triangle

__all__ = ["DYNAMICS", "SHAPES", "drive", "every_dynamics"]

SURROGATES = (
    Triangle(),
    Triangle(0.6),
    Exponential(0.4, 1.3),
    SigmoidDerivative(),
    SuperSpike(3.0),
    Box(),
    AsymmetricBox(1.5, 0.2),
)

MEMBRANES: tuple[MembraneConfig | None, ...] = (
    TERNARY,
    None,
    FIVE_LEVEL,
    MembraneConfig(0, 1),
    MembraneConfig(-2, 1, gradient="straight_through"),
    MembraneConfig(-1, 1, temperature=5.0),
    n_bit(4),
    n_bit(8),
    MembraneConfig(-128, 127, 2, temperature=0.7),
)


def every_dynamics() -> Iterator[Dynamics]:
    """Every membrane with the triangle, every surrogate with two membranes; both resets."""
    for reset in ("hard", "soft"):
        for membrane in MEMBRANES:
            yield Dynamics(reset, membrane)
        for surrogate in SURROGATES[1:]:
            yield Dynamics(reset, TERNARY, surrogate)
            yield Dynamics(reset, None, surrogate)


DYNAMICS = list(every_dynamics())

SHAPES = [
    (4, 2, 3, 5, 7),
    (1, 1, 1, 1, 1),
    (1, 3, 17),
    (7, 1, 16, 3, 2),
    (3, 5, 33),
    (5, 2, 64, 4, 3),
    (2, 3, 1, 19, 5),
    (6, 2, 2500),
]
"""(T, N, C, ...): single steps, samples and channels, odd widths, more channels than a block of neurons holds."""


def drive(
    shape: tuple[int, ...],
    *,
    count: int = 1,
    repeated: int = 0,
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
    device: str = "cpu",
) -> Drive:
    """Return a random drive around the threshold; `repeated` steps of one input where it is not 0."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*size: int) -> Tensor:
        return torch.randn(size, generator=generator, dtype=torch.float64)

    steps, batch, channels, *space = shape
    length = 1 if repeated else steps
    exact = compute_dtype(dtype)
    zs = tuple(normal(length, batch, *space, channels).to(device, dtype).movedim(-1, 2) for _ in range(count))
    scales = tuple((0.5 + normal(channels).abs()).to(device, exact) for _ in range(count))
    keep = torch.rand(channels, generator=generator, dtype=torch.float64).to(device, exact)
    return Drive(zs, scales, (0.3 + 0.4 * normal(channels)).to(device, exact), keep, repeated or steps)

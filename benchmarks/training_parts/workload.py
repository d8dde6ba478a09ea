"""The networks that are trained, and what they are shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

__all__ = ["NETWORKS", "Workload", "workloads"]

CLASSES = 10
DENSITY = 0.2
"""Share of active inputs, drawn anew at every step: no contestant can do the work of one step for all."""


@dataclass(frozen=True)
class Workload:
    """A network with its batch.

    Attributes
    ----------
    name : str
    architecture : str
        In the notation of `lava_spquant.slayer.models.parse_architecture`; every convolution has batch-norm.
    channels, size : int
        Of the input, which is square.
    batch, steps : int
        Samples and time steps of one training step.
    """

    name: str
    architecture: str
    channels: int
    size: int
    batch: int
    steps: int = 4

    def __post_init__(self) -> None:
        if min(self.channels, self.size, self.batch, self.steps) < 1:
            raise ValueError(f"Workload: found {self}, expected positive numbers")

    def __str__(self) -> str:
        """Return it in one line."""
        shape = f"{self.channels}x{self.size}x{self.size}"
        return f"{self.name} ({self.architecture} on {shape}), batch {self.batch}, T = {self.steps}"

    def at(self, *, batch: int | None = None, steps: int | None = None) -> Workload:
        """Return it with another batch or another number of time steps."""
        return replace(self, batch=batch or self.batch, steps=steps or self.steps)

    def values(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


NETWORKS = {
    "conv": Workload("conv", "64-128-128-AP8-FC", 3, 32, 32),
    "vgg9": Workload("vgg9", "64-128-AP2-256-256-AP2-512-512-AP2-512-512-AP2-FC", 3, 48, 8),
}
"""A plain network of three convolutions, and SpQuant-SNN's VGG-9 with a batch that suits a CPU."""

SMALL = {
    "conv": Workload("conv", "8-16-16-AP4-FC", 3, 8, 4),
    "vgg9": Workload("vgg9", "8-16-AP2-16-16-AP2-16-16-AP2-16-16-AP2-FC", 3, 16, 2),
}
"""The same in small, for --quick."""


def workloads(quick: bool) -> dict[str, Workload]:
    """Return all networks by name."""
    return SMALL if quick else NETWORKS

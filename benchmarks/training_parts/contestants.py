"""Who trains: names, where their networks are built, and which library's version belongs to a result."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from training_parts.workload import Workload

if TYPE_CHECKING:
    from training_parts.trainee import Trainee

__all__ = ["CONTESTANTS", "OURS", "RELU", "SLAYER", "Contestant", "contestants_for", "default_contestants"]

OURS, SLAYER, RELU = "ours", "slayer", "relu"


@dataclass(frozen=True)
class Contestant:
    """One way to train the same network.

    Attributes
    ----------
    key : str
        For the command line.
    title : str
        For tables.
    where : str
        Module and class, imported when it is first built.
    library : str
        Distribution whose version is reported.
    devices : tuple of str
    bfloat16 : bool
        Train under torch's autocast: convolutions in bfloat16, which processors with such instructions do twice as
        fast; one line for the user of any of the libraries.
    """

    key: str
    title: str
    where: str
    library: str
    devices: tuple[str, ...] = ("cpu", "cuda")
    bfloat16: bool = False

    @property
    def version(self) -> str | None:
        """Version of the library; None where it is not installed."""
        try:
            return version(self.library)
        except PackageNotFoundError:
            return None

    def build(self, workload: Workload, device: str) -> Trainee:
        """Return the untrained network; the same seed for everyone.

        Raises
        ------
        ImportError
            If its library is absent.
        """
        import torch

        module, name = self.where.split(":")
        torch.manual_seed(0)
        made: Trainee = getattr(importlib.import_module(f"training_parts.{module}"), name)(workload)
        return made.to(device).train()


_FLOAT32 = (
    Contestant(OURS, "lava_spquant", "ours:Ours", "lava_spquant"),
    Contestant(SLAYER, "SLAYER block.cuba", "slayer_side:Slayer", "lava-dl"),
    Contestant("spikingjelly", "SpikingJelly", "spikingjelly_side:SpikingJelly", "spikingjelly"),
    Contestant("cupy", "SpikingJelly, CuPy", "spikingjelly_side:CuPySpikingJelly", "spikingjelly", ("cuda",)),
    Contestant("snntorch", "snnTorch", "snntorch_side:SnnTorch", "snntorch"),
    Contestant("snntorch-layers", "snnTorch, layer by layer", "snntorch_side:LayerwiseSnnTorch", "snntorch"),
    Contestant(RELU, "ReLU, channels last", "relu:ReLU", "torch"),
    Contestant("relu-nchw", "ReLU, NCHW", "relu:ChannelsFirstReLU", "torch"),
    Contestant("bound", "its convolutions at their fastest", "bound:Bound", "torch"),
)
_BFLOAT16 = tuple(
    replace(contestant, key=f"{contestant.key}-bf16", title=f"{contestant.title}, bf16", bfloat16=True)
    for contestant in _FLOAT32
)

CONTESTANTS = {contestant.key: contestant for contestant in (*_FLOAT32, *_BFLOAT16)}


def contestants_for(device: str) -> tuple[str, ...]:
    """Return the keys of those that run on a device."""
    return tuple(key for key, contestant in CONTESTANTS.items() if device in contestant.devices)


def default_contestants(device: str) -> tuple[str, ...]:
    """Return who takes part unless asked otherwise: all in float32, and in bfloat16 those that matter most."""
    bfloat16 = (f"{OURS}-bf16", f"{RELU}-bf16", "bound-bf16")
    return tuple(key for key in contestants_for(device) if not CONTESTANTS[key].bfloat16 or key in bfloat16)

"""Where a run goes on: its folder's checkpoint, after checking that it belongs to what is asked for."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.training import TRAINING_STATE, read_checkpoint
from lava_spquant.workflow.checkpoint import network_of
from lava_spquant.workflow.recipe import Recipe

__all__ = ["Beginning", "beginning", "weights_digest"]

log = logging.getLogger(__name__)

RESUMABLE = ("pytorch-lightning_version", "optimizer_states")
"""What Lightning's checkpoints of a training hold, and those of a network alone do not."""

RANDOM = ""
"""In place of a digest, where a run began from random weights."""


@dataclass(frozen=True)
class Beginning:
    """Where a call of `train` begins.

    Attributes
    ----------
    checkpoint : Path or None
        To resume from; None begins anew.
    batches : int
        Done until there.
    initial : str or None
        Digest of the weights that the run began from before its first batch, `RANDOM` where those were random. None
        where an earlier release began it, which did not keep that.
    """

    checkpoint: Path | None
    batches: int
    initial: str | None


def weights_digest(model: SpikingNetwork) -> str:
    """Return the SHA-256 of all names and values of a network's state."""
    found = hashlib.sha256()
    for name, values in sorted(model.state_dict().items()):
        found.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        found.update(values.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def beginning(recipe: Recipe, path: Path, initial: SpikingNetwork | None) -> Beginning:
    """Return where a run begins that keeps its last checkpoint at `path`.

    Parameters
    ----------
    recipe : Recipe
        Only the number of epochs may differ from the checkpoint's.
    path : Path
    initial : SpikingNetwork, optional
        Whose weights it is asked to begin from; a run that goes on may leave that out.

    Raises
    ------
    ValueError
        If there is a checkpoint that is damaged, that no training wrote, of another recipe, or of a run that began
        from other weights.
    """
    wanted = RANDOM if initial is None else weights_digest(initial)
    if not path.exists():
        return Beginning(None, 0, wanted)
    checkpoint = read_checkpoint(path)
    stored, _ = network_of(checkpoint, path)
    if any(name not in checkpoint for name in RESUMABLE):
        raise ValueError(
            f"{path}: checkpoint: found a network alone ({stored.name}), expected one that train wrote, to resume "
            "from; choose another folder, and give this file as initial"
        )
    if replace(stored, training=replace(stored.training, epochs=recipe.training.epochs)) != recipe:
        raise ValueError(
            f"{path}: recipe: found another one ({stored.name}), expected the one given; choose another folder"
        )
    begun = checkpoint["hyper_parameters"].get("initial")
    if initial is not None and begun not in (None, wanted):
        raise ValueError(
            f"{path}: initial: found a run that began from {_named(begun)}, expected {_named(wanted)}, as given; "
            "choose another folder"
        )
    log.info("resuming from %s", path)
    return Beginning(path, _batches(checkpoint), begun)


def _batches(checkpoint: dict[str, Any]) -> int:
    return int(checkpoint.get(TRAINING_STATE, {}).get("batches", checkpoint.get("global_step", 0)))


def _named(digest: str) -> str:
    return "random weights" if digest == RANDOM else f"weights {digest[:12]}"

"""Networks in checkpoints, with the recipes that they were made by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lava_spquant.ir import InputSpec
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.models import build_convnet
from lava_spquant.slayer.training import read_checkpoint
from lava_spquant.workflow.recipe import Recipe, load_recipe

__all__ = ["load_checkpoint", "network_of"]


def load_checkpoint(path: str | Path) -> tuple[Recipe, SpikingNetwork]:
    """Return the recipe and the trained network, in `eval()` mode, of a checkpoint.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a checkpoint that `train` wrote.
    """
    return network_of(read_checkpoint(path), path)


def network_of(checkpoint: dict[str, Any], path: str | Path) -> tuple[Recipe, SpikingNetwork]:
    """Return the same from what was read already.

    Parameters
    ----------
    checkpoint : dict
    path : path-like
        Named where something is wrong.

    Raises
    ------
    ValueError
        If it is not a checkpoint that `train` wrote.
    """
    kept = checkpoint.get("hyper_parameters", {})
    try:
        recipe = load_recipe(str(kept["recipe"]))
        # Before recordings were trained on, every input had 8 bits.
        spec = InputSpec(tuple(int(n) for n in kept["shape"]), int(kept.get("bits", 8)))
        model = build_convnet(recipe.model, spec, int(kept["classes"]), recipe.name)
        prefix = "model."
        state = {k[len(prefix) :]: v for k, v in checkpoint["state_dict"].items() if k.startswith(prefix)}
        model.load_state_dict(state)
    except (KeyError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"{path}: checkpoint: found no network of ours ({error}), expected one written by train"
        ) from error
    return recipe, model.eval()

"""Checkpoints of networks that were made from a trained one, without training: they hold weights and a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.training import AtomicCheckpointIO
from lava_spquant.workflow.recipe import Recipe, recipe_text

__all__ = ["check_target", "recipe_beside", "write_network"]


def check_target(source: str | Path, target: str | Path) -> None:
    """Refuse to write over the checkpoint that is read; that there is one to read is for the reader to say.

    Raises
    ------
    ValueError
        If both are one file.
    """
    if Path(source).exists() and Path(target).exists() and Path(target).samefile(source):
        raise ValueError(f"{target}: checkpoint: found the one that is read, expected another file to write")


def recipe_beside(target: Path, text: str) -> Path:
    """Return where the recipe of a checkpoint goes, once nothing else is found there.

    Parameters
    ----------
    target : Path
        The checkpoint.
    text : str
        What the file will hold: it may be there already, as the same command writes it again.

    Raises
    ------
    ValueError
        If there is another file, such as a recipe that somebody wrote.
    """
    # Of another ending nothing is taken off: what follows the last dot may tell two checkpoints apart.
    path = target.with_name(f"{target.name.removesuffix('.ckpt')}.yaml")
    if path.exists() and not (path.is_file() and path.read_bytes() == text.encode()):
        raise ValueError(
            f"{path}: recipe: found another one, expected none, as the recipe of {target.name} goes there; choose "
            "another name, or remove it"
        )
    return path


def write_network(target: Path, recipe: Recipe, model: SpikingNetwork, stored: dict[str, Any]) -> None:
    """Write a checkpoint that can be exported, run, and trained from.

    Parameters
    ----------
    target : Path
        Missing folders are made.
    recipe : Recipe
        The network's.
    model : SpikingNetwork
    stored : dict
        The checkpoint that it was made from.
    """
    kept = {**stored["hyper_parameters"], "recipe": recipe_text(recipe)}
    # What the other network's training began from says nothing of this one.
    kept.pop("initial", None)
    state = {f"model.{name}": values for name, values in model.state_dict().items()}
    AtomicCheckpointIO().save_checkpoint({"state_dict": state, "hyper_parameters": kept}, target)

"""A checkpoint quantised to other widths without training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from lava_spquant.data import EventSplit, ImageSplit
from lava_spquant.data.tensor import as_torch, encoder
from lava_spquant.slayer.calibrate import CalibrationConfig, CalibrationRow, calibrate
from lava_spquant.slayer.models import build_convnet
from lava_spquant.slayer.training import read_checkpoint
from lava_spquant.workflow.checkpoint import network_of
from lava_spquant.workflow.derived import check_target, write_network
from lava_spquant.workflow.evaluate import evaluate
from lava_spquant.workflow.executor import default_executor
from lava_spquant.workflow.recipe import Recipe, load_recipe, recipe_text
from lava_spquant.workflow.train import training_parts

__all__ = ["CalibratedCheckpoint", "calibrate_checkpoint"]

QUANTISATION = ("weight", "first_weight", "last_weight", "weights", "membrane", "membranes", "frac_bits")
"""Fields of a recipe's model that calibration can change."""


@dataclass(frozen=True, eq=False)
class CalibratedCheckpoint:
    """What calibration left behind.

    Attributes
    ----------
    checkpoint : Path
        Of the quantised network, with its recipe: it can be exported, run, verified, and training can start from it.
    recipe : Recipe
    rows : tuple of CalibrationRow
    before, after : float
        Accuracy on the test split of both integer networks, 0..1.
    """

    checkpoint: Path
    recipe: Recipe
    rows: tuple[CalibrationRow, ...]
    before: float
    after: float


def calibrate_checkpoint(
    source: str | Path,
    target: str | Path,
    overrides: Sequence[str],
    *,
    samples: int = 256,
    data_path: str | Path | None = None,
) -> CalibratedCheckpoint:
    """Quantise the network of a checkpoint as a changed recipe says, on training samples, without training it.

    Parameters
    ----------
    source, target : path-like
        Checkpoints; missing folders are made.
    overrides : sequence of str
        `model.weight=int4-channel`, `model.membrane=ternary` and so on: what the recipe shall say instead.
    samples : int
        Training samples that are looked at; their labels are not. None of those that training sets aside.
    data_path : path-like, optional
        Where the data set lies.

    Returns
    -------
    CalibratedCheckpoint

    Raises
    ------
    ValueError
        If the checkpoint is damaged, the overrides change more than how the model is quantised, or `target` is
        `source`. Nothing is written then.
    """
    check_target(source, target)
    stored, target = read_checkpoint(source), Path(target)
    recipe, model = network_of(stored, source)
    wanted = load_recipe(recipe_text(recipe), overrides)
    same = {name: getattr(recipe.model, name) for name in QUANTISATION}
    if replace(wanted, model=replace(wanted.model, **same)) != recipe:
        fields = ", ".join(f"model.{name}" for name in QUANTISATION)
        raise ValueError(f"calibrate: overrides: found {', '.join(overrides)}, expected only {fields}")
    splits = recipe.data.load(data_path)
    classes = int(stored["hyper_parameters"]["classes"])
    with torch.random.fork_rng(devices=[]):
        quantised = build_convnet(wanted.model, model.input_spec, classes, wanted.name)
    # Images that training sets aside choose an epoch of what is trained further.
    fitted, _ = training_parts(recipe, splits)
    seen = _some(fitted, samples, recipe.seed)
    inputs = encoder(seen, recipe.data.steps)(as_torch(seen).tensors[0])
    done = calibrate(model, [inputs], CalibrationConfig(samples=samples), quantised)
    quantised.load_state_dict(done.model.state_dict())
    write_network(target, wanted, quantised, stored)
    networks = (model.to_ir(), quantised.eval().to_ir())
    scores = (evaluate(n, splits.test, recipe.data.steps, default_executor()).accuracy for n in networks)
    return CalibratedCheckpoint(target, wanted, done.rows, *scores)


def _some(split: ImageSplit | EventSplit, samples: int, seed: int) -> ImageSplit | EventSplit:
    """Return so many samples of a split, drawn at random: a file may be in the order of classes."""
    rows = np.random.default_rng(seed).permutation(len(split))[:samples]
    return split.take(rows)

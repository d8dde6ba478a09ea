"""A checkpoint without the channels that matter least, judged on training samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.data import Split
from lava_spquant.data.tensor import as_torch, encoder
from lava_spquant.ir.reference import Trace
from lava_spquant.prune import channel_statistics, choose_channels, cost, keep_widths, scores
from lava_spquant.prune.budget import FLOOR
from lava_spquant.report import Activity, activity
from lava_spquant.slayer.narrow import narrow
from lava_spquant.slayer.norm import renormalise
from lava_spquant.slayer.training import read_checkpoint
from lava_spquant.workflow.checkpoint import network_of
from lava_spquant.workflow.chunks import head
from lava_spquant.workflow.derived import check_target, recipe_beside, write_network
from lava_spquant.workflow.evaluate import evaluate, traces
from lava_spquant.workflow.executor import default_executor
from lava_spquant.workflow.progress import Progress, silent
from lava_spquant.workflow.recipe import Recipe, recipe_text
from lava_spquant.workflow.train import training_parts

ACTIVITY_SAMPLES = 1000
"""Test samples that operations are counted on."""

RENORMALISE_BATCH = 128

PRUNED = "-pruned"
"""Behind the name of the recipe: what is trained further must not go on in the dense network's folder."""

__all__ = ["PruneConfig", "PrunedCheckpoint", "PrunedSide", "measure", "prune_checkpoint"]


@dataclass(frozen=True)
class PruneConfig:
    """What goes.

    Parameters
    ----------
    criterion : str
        What a channel is judged by; see `lava_spquant.prune.CRITERIA`.
    share : float
        Share of the cost that may be left, 0..1.
    kind : {"operations", "weights", "memory"}
        What is counted; see `lava_spquant.prune.budget.COSTS`.
    bound : float
        Channels with a lower score go whatever the cost is.
    floor : float
        Share of the channels of every width that stays.
    samples : int
        Training samples that channels are judged on; their labels are not looked at.
    widths : tuple of int
        How many channels stay of each width, instead of a share; empty leaves it to the budget.

    Raises
    ------
    ValueError
        If `samples` is below 2; the rest is checked where it is used.
    """

    criterion: str = "membrane"
    share: float = 0.5
    kind: str = "operations"
    bound: float = 0.0
    floor: float = FLOOR
    samples: int = 512
    widths: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.samples < 2:
            raise ValueError(f"prune: samples: found {self.samples}, expected at least 2, as batch-norm needs")


@dataclass(frozen=True, eq=False)
class PrunedSide:
    """The integer network before or after.

    Attributes
    ----------
    network : ir.Network
    accuracy : float
        On the test split, 0..1.
    activity : Activity
        Synaptic operations and spike rates on some of the test samples.
    operations, weights : int
        Multiplications per step if every input were active, and number of weights.
    """

    network: ir.Network
    accuracy: float
    activity: Activity
    operations: int
    weights: int

    @property
    def synops(self) -> float:
        """Synaptic operations per sample that really happen."""
        return self.activity.synops


@dataclass(frozen=True, eq=False)
class PrunedCheckpoint:
    """What pruning left behind.

    Attributes
    ----------
    checkpoint : Path
        Of the smaller network, with its recipe: training can start from it (`train --initial`).
    recipe : Recipe
        The old one with `model.channels`, and with `-pruned` behind its name.
    recipe_file : Path
        The same as YAML, beside the checkpoint.
    keep : tuple of numpy.ndarray, bool (C,)
        Per width of the old network, which channels stayed.
    before, after : PrunedSide
    """

    checkpoint: Path
    recipe: Recipe
    recipe_file: Path
    keep: tuple[ir.Keep, ...]
    before: PrunedSide
    after: PrunedSide


def prune_checkpoint(
    source: str | Path,
    target: str | Path,
    config: PruneConfig,
    *,
    data_path: str | Path | None = None,
    limit: int | None = None,
    progress: Progress = silent,
) -> PrunedCheckpoint:
    """Remove channels from every tensor of a trained network, without training it further.

    Parameters
    ----------
    source, target : path-like
        Checkpoints; missing folders are made. Beside the second goes its recipe.
    config : PruneConfig
    data_path : path-like, optional
        Where the data set lies.
    limit : int, optional
        Measure on so many test samples only.
    progress : Progress

    Raises
    ------
    ValueError
        If the checkpoint is damaged, the criterion is unknown, or the network cannot become as small as asked; if
        `target` is `source`, or another file lies where its recipe goes. Nothing is written then.
    """
    check_target(source, target)
    stored, target = read_checkpoint(source), Path(target)
    recipe, model = network_of(stored, source)
    network, splits, steps = model.to_ir(), recipe.data.load(data_path), recipe.data.steps
    # Not among images that training sets aside: they choose an epoch of what is trained further.
    fitted, _ = training_parts(recipe, splits)
    some = fitted.take(np.random.default_rng(recipe.seed).permutation(len(fitted))[: config.samples])
    statistics = channel_statistics(network, (trace for _, trace in _runs(network, some, steps, progress)))
    keep = _chosen(network, scores(config.criterion, statistics), config)
    narrow(model, keep)
    # What arrives behind the removed channels is less, and batch-norm has to know.
    inputs = encoder(some, steps)(as_torch(some).tensors[0])
    # Of nearly one size, because each counts alike.
    renormalise(model, inputs.tensor_split(-(-len(inputs) // RENORMALISE_BATCH)))
    channels = tuple(int(mask.sum()) for mask in keep)
    smaller = replace(recipe, name=f"{recipe.name}{PRUNED}", model=replace(recipe.model, channels=channels))
    recipe_file = recipe_beside(target, recipe_text(smaller))
    model.name = smaller.name
    sides = [measure(net, splits.test, steps, limit, progress) for net in (network, model.to_ir())]
    write_network(target, smaller, model, stored)
    draft = recipe_file.with_name(f"{recipe_file.name}.tmp")
    draft.write_text(recipe_text(smaller), encoding="utf-8")
    draft.replace(recipe_file)
    return PrunedCheckpoint(target, smaller, recipe_file, keep, *sides)


def _chosen(network: ir.Network, judged: Sequence[NDArray[np.float64]], config: PruneConfig) -> tuple[ir.Keep, ...]:
    if config.widths:
        return keep_widths(network, judged, config.widths)
    limits = {"share": config.share, "bound": config.bound, "floor": config.floor}
    return choose_channels(network, judged, kind=config.kind, **limits)


def _runs(network: ir.Network, split: Split, steps: int, progress: Progress) -> Iterator[tuple[ir.IntArray, Trace]]:
    runs = traces(network, split, steps, default_executor(), progress=progress)
    return ((chunk.x, trace) for chunk, trace in runs)


def measure(
    network: ir.Network, test: Split, steps: int, limit: int | None = None, progress: Progress = silent
) -> PrunedSide:
    """Return what an integer network costs and how well it classifies.

    Parameters
    ----------
    network : ir.Network
    test : ImageSplit or EventSplit
    steps : int
        T.
    limit : int, optional
        Only the first so many samples.
    progress : Progress
    """
    shown = head(test, limit)
    accuracy = evaluate(network, shown, steps, default_executor(), progress=progress).accuracy
    some = activity(network, _runs(network, head(shown, ACTIVITY_SAMPLES), steps, progress))
    return PrunedSide(network, accuracy, some, cost(network, "operations"), cost(network, "weights"))

"""How well a network classifies on one executor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lava_spquant import ir
from lava_spquant.data import Split
from lava_spquant.ir.reference import Trace
from lava_spquant.report import Accuracy, predict
from lava_spquant.workflow.chunks import Chunk, check_fits, chunks, head
from lava_spquant.workflow.executor import EXECUTORS, prepare
from lava_spquant.workflow.progress import Progress, silent

if TYPE_CHECKING:
    from lava_spquant.slayer import SpikingNetwork

__all__ = ["Evaluation", "evaluate", "traces"]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What one executor classified.

    Attributes
    ----------
    result : Accuracy
        Samples and how many were right.
    predictions : numpy.ndarray, int64, shape (N,)
    seconds : float
        Wall-clock time of the runs.
    """

    result: Accuracy
    predictions: NDArray[np.int64]
    seconds: float

    @property
    def accuracy(self) -> float:
        """Share of correct samples, 0..1."""
        return self.result.accuracy


def evaluate(
    network: ir.Network,
    split: Split,
    steps: int,
    executor: str = "reference",
    *,
    limit: int | None = None,
    model: SpikingNetwork | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Classify images: the largest score after the last step wins.

    The score of a read-out is its value, that of a spiking output its number of spikes. However
    large the data set, no more than one chunk of traces is in memory.

    Parameters
    ----------
    network : Network
    split : ImageSplit or EventSplit
    steps : int
        T, the time steps for which each image is shown.
    executor : str
        A key of `EXECUTORS`.
    limit : int, optional
        Only the first so many images.
    model : SpikingNetwork, optional
        The trained model, for the executor "slayer".
    progress : Progress

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        If the executor is unknown or lacks its model, or the images do not fit the network.
    """
    result = Accuracy(executor, 0, 0)
    predictions = []
    start = time.perf_counter()
    runs = traces(network, head(split, limit), steps, executor, model=model, output_only=True, progress=progress)
    for chunk, trace in runs:
        predictions.append(predict(network, trace))
        result = result.add(predictions[-1], chunk.labels)
    return Evaluation(result, np.concatenate(predictions), time.perf_counter() - start)


def traces(
    network: ir.Network,
    split: Split,
    steps: int,
    executor: str = "reference",
    *,
    model: SpikingNetwork | None = None,
    output_only: bool = False,
    progress: Progress = silent,
) -> Iterator[tuple[Chunk, Trace]]:
    """Yield `split` in chunks, each with what every block did at every step.

    Parameters
    ----------
    network, split, steps, executor, model, progress
        See `evaluate`.
    output_only : bool
        The traces need no more than the last block's output.

    Raises
    ------
    ValueError
        As `evaluate`.
    """
    check_fits(network, split)
    run = prepare(executor, network, model, output_only=output_only)
    done = progress(EXECUTORS[executor].label, len(split))
    before = 0
    for chunk in chunks(network, split, steps):
        offset = before
        yield chunk, run(chunk.x, lambda now, offset=offset: done(offset + now))  # type: ignore[misc]
        before += len(chunk.labels)

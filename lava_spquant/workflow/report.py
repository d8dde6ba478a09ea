"""What a network costs and does, as accounts and figures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from lava_spquant import ir
from lava_spquant.data import Split
from lava_spquant.ir.reference import Trace
from lava_spquant.prune import gate_blocks
from lava_spquant.report import (
    Activity,
    Flops,
    Memory,
    NeuroBench,
    NeuroBenchMeter,
    activity,
    demo_figure,
    flops,
    flops_figure,
    memory,
    network_figure,
    save_figure,
)
from lava_spquant.workflow.chunks import Chunk, head
from lava_spquant.workflow.evaluate import traces
from lava_spquant.workflow.executor import default_executor
from lava_spquant.workflow.progress import Progress, silent

__all__ = ["ACTIVITY_SAMPLES", "GATES_FIGURE", "MEMORY_FIGURE", "SAMPLE_FIGURE", "Report", "report"]

ACTIVITY_SAMPLES = 200
"""Images that rates are measured on by default; they settle to within a few percent."""

MEMORY_FIGURE, SAMPLE_FIGURE, GATES_FIGURE = "memory.png", "sample.png", "gates.png"


@dataclass(frozen=True, eq=False)
class Report:
    """The accounts of a network.

    Attributes
    ----------
    network : Network
    memory : Memory
        What every block stores.
    activity : Activity or None
        Spike rates, synaptic operations and membrane levels, where there was data.
    example : (Chunk, Trace) or None
        The first samples and what the network did with them, for the figure.
    neurobench : NeuroBench or None
        The metrics of its harness, where there was data.
    """

    network: ir.Network
    memory: Memory
    activity: Activity | None = None
    example: tuple[Chunk, Trace] | None = None
    neurobench: NeuroBench | None = None

    @property
    def flops(self) -> Flops | None:
        """What gates save, where the network has some and there was data."""
        if self.activity is None or not any(block.gates for block in self.network.blocks):
            return None
        return flops(self.network, self.activity, gate_blocks(self.network))

    def save_figures(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the figures and return where they lie.

        Parameters
        ----------
        folder : path-like
            Receives `memory.png` and, where there was data, `sample.png`; `gates.png` where there are gates too.

        Raises
        ------
        OSError
            If the folder cannot be written.
        """
        written = [save_figure(network_figure(self.network), Path(folder) / MEMORY_FIGURE)]
        if self.example is not None:
            chunk, trace = self.example
            figure = demo_figure(self.network, chunk.x, trace, label=int(chunk.labels[0]))
            written.append(save_figure(figure, Path(folder) / SAMPLE_FIGURE))
        if self.flops is not None:
            figure = flops_figure(self.flops, self.network.name)
            written.append(save_figure(figure, Path(folder) / GATES_FIGURE))
        return written


def report(
    network: ir.Network,
    split: Split | None = None,
    steps: int | None = None,
    *,
    limit: int | None = ACTIVITY_SAMPLES,
    executor: str | None = None,
    progress: Progress = silent,
) -> Report:
    """Account for a network's memory and, where there is data, for what it does.

    Parameters
    ----------
    network : Network
    split : ImageSplit or EventSplit, optional
        Images to measure activity on; without them only memory is accounted for.
    steps : int, optional
        T, needed where there is a `split`.
    limit : int, optional
        Only the first so many images; None takes all.
    executor : str, optional
        Which one runs the images; all give the same, and the fastest is the default.
    progress : Progress

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        If there are images but no `steps`, or the images do not fit the network.
    """
    if split is None:
        return Report(network, memory(network))
    if steps is None:
        raise ValueError("report: steps: found none, expected the time steps for which an image is shown")
    runs = traces(
        network,
        head(split, limit),
        steps,
        executor or default_executor(),
        progress=lambda name, total: progress("activity", total),
    )
    first = next(runs)
    meter = NeuroBenchMeter(network)

    def counted() -> Iterator[tuple[ir.IntArray, Trace]]:
        for chunk, trace in chain((first,), runs):
            meter.add(chunk.x, trace)
            yield chunk.x, trace

    measured = activity(network, counted())
    return Report(network, memory(network), measured, first, meter.result())

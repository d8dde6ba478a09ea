"""Whether executors do the same at every block and every step: the project's central promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lava_spquant import ir
from lava_spquant.data import ImageSplit
from lava_spquant.ir.reference import Trace
from lava_spquant.report import Accuracy, Comparison, compare, merge, predict
from lava_spquant.workflow.chunks import Chunk, check_fits, chunks, head
from lava_spquant.workflow.executor import EXECUTORS, Run, prepare
from lava_spquant.workflow.progress import Progress, silent

if TYPE_CHECKING:
    from lava_spquant.slayer import SpikingNetwork

__all__ = ["LAVA_SAMPLES", "Result", "Verification", "verify"]

COMPARED = ("reference",)
"""Executors that run every sample; enter a new one here, behind the reference. Lava runs fewer."""

LAVA_SAMPLES = 50
"""Samples in Lava by default: enough to meet every neuron, few enough to wait for."""


@dataclass(frozen=True)
class Result:
    """What one executor did, against the baseline.

    Attributes
    ----------
    accuracy : Accuracy
        Samples, how many were right, spikes compared and values that differ; nothing was
        compared in the row of the baseline itself.
    comparison : Comparison or None
        Per block and stream; None for the baseline.
    """

    accuracy: Accuracy
    comparison: Comparison | None = None


@dataclass(frozen=True)
class Verification:
    """What all executors did.

    Attributes
    ----------
    network : str
    baseline : str
        The executor that the others are held against.
    results : tuple of Result
        The baseline's first.
    """

    network: str
    baseline: str
    results: tuple[Result, ...]

    @property
    def spikes_compared(self) -> int:
        """Spike values (0 or 1) compared, in all executors."""
        return sum(r.comparison.spikes_compared for r in self.results if r.comparison is not None)

    @property
    def values_compared(self) -> int:
        """Spikes, graded values and states compared, in all executors."""
        return sum(r.comparison.compared for r in self.results if r.comparison is not None)

    @property
    def mismatches(self) -> int:
        """Values that differ, in all executors."""
        return sum(r.comparison.mismatches for r in self.results if r.comparison is not None)

    @property
    def ok(self) -> bool:
        """Whether something was compared and nothing differs."""
        compared = [r.comparison for r in self.results if r.comparison is not None]
        return bool(compared) and all(c.equal for c in compared)


class _Account:
    """Running totals of one executor."""

    def __init__(self, name: str, run: Run, samples: int, progress: Progress) -> None:
        self.run, self.samples = run, samples
        self.total = Accuracy(name, 0, 0)
        self.parts: list[Comparison] = []
        self.done = progress(EXECUTORS[name].label, samples)

    def feed(self, network: ir.Network, chunk: Chunk, baseline: Trace | None) -> Trace | None:
        """Run what is left of this executor's samples, and compare it with the same part of the baseline."""
        before = self.total.samples
        count = min(len(chunk.labels), self.samples - before)
        if count == 0:
            return None
        trace = self.run(chunk.x[:, :count], lambda now: self.done(before + now))
        self.total = self.total.add(predict(network, trace), chunk.labels[:count])
        if baseline is not None:
            self.parts.append(compare(_first(baseline, count), trace, network))
        return trace

    def result(self) -> Result:
        if not self.parts:
            return Result(self.total)
        found = merge(self.parts)
        return Result(replace(self.total, spikes_compared=found.spikes_compared, mismatches=found.mismatches), found)


def verify(
    network: ir.Network,
    split: ImageSplit,
    steps: int,
    *,
    model: SpikingNetwork | None = None,
    samples: int | None = None,
    lava_samples: int = LAVA_SAMPLES,
    progress: Progress = silent,
) -> Verification:
    """Compare every spike, graded value and state of all executors, at every block and step.

    The baseline is what training computed, SLAYER's `eval()`, where the trained model is at hand,
    and the integer reference where there is only a file.

    Parameters
    ----------
    network : Network
        As loaded from the file that is to be trusted.
    split : ImageSplit
    steps : int
        T, the time steps for which each image is shown.
    model : SpikingNetwork, optional
        The trained model.
    samples : int, optional
        Only the first so many images; all of them by default.
    lava_samples : int
        Images that run in Lava too, which is slower by far; 0 leaves Lava out.
    progress : Progress

    Returns
    -------
    Verification

    Raises
    ------
    ValueError
        If there is nothing to compare, or the images do not fit the network.
    """
    part = head(split, samples)
    wanted: dict[str, int] = {} if model is None else {"slayer": len(part)}
    wanted |= dict.fromkeys(COMPARED, len(part)) | ({"lava": min(lava_samples, len(part))} if lava_samples > 0 else {})
    if len(wanted) < 2:
        raise ValueError("verify: executors: found the reference alone, expected a trained model or samples for Lava")
    check_fits(network, part)
    accounts = _accounts(network, wanted, model, progress)
    baseline, *others = accounts
    for chunk in chunks(network, part, steps):
        expected = baseline.feed(network, chunk, None)
        for account in others:
            account.feed(network, chunk, expected)
    return Verification(network.name, baseline.total.executor, tuple(a.result() for a in accounts))


def _accounts(
    network: ir.Network, wanted: Mapping[str, int], model: SpikingNetwork | None, progress: Progress
) -> list[_Account]:
    # Every executor is prepared before the first bar shows: a missing library is told at once.
    runs = {name: prepare(name, network, model) for name in wanted}
    return [_Account(name, runs[name], count, progress) for name, count in wanted.items()]


def _first(trace: Trace, samples: int) -> Trace:
    """Return the part of a trace that belongs to its first samples."""
    blocks = tuple({name: values[:, :samples] for name, values in block.items()} for block in trace.blocks)
    return Trace(blocks, trace.output[:, :samples])

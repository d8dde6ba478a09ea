"""Whether executors do the same at every block and every step: the project's central promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lava_spquant import ir
from lava_spquant.data import Split
from lava_spquant.ir.reference import Trace
from lava_spquant.report import Accuracy, Comparison, compare, merge, predict
from lava_spquant.workflow.chunks import Chunk, check_fits, chunks, head
from lava_spquant.workflow.executor import EXECUTORS, Run, default_executor, prepare
from lava_spquant.workflow.progress import Progress, silent

if TYPE_CHECKING:
    from lava_spquant.slayer import SpikingNetwork

__all__ = ["LAVA_SAMPLES", "REFERENCE_SAMPLES", "Result", "Verification", "verify"]

REFERENCE_SAMPLES = 200
"""Samples in the reference by default: the engine computes the same a hundred times faster, and runs them all."""

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
    """Running totals of one executor.

    `run` records everything, `run_output` what is needed where nothing is compared.
    """

    def __init__(self, name: str, run: Run, run_output: Run, samples: int, progress: Progress) -> None:
        self.run, self.run_output, self.samples = run, run_output, samples
        self.total = Accuracy(name, 0, 0)
        self.parts: list[Comparison] = []
        self.done = progress(EXECUTORS[name].label, samples)

    def lead(self, network: ir.Network, chunk: Chunk) -> Trace | None:
        """Run what is left of the baseline's samples."""
        count = min(len(chunk.labels), self.samples - self.total.samples)
        return self._run(self.run, network, chunk, 0, count) if count else None

    def follow(self, network: ir.Network, chunk: Chunk, baseline: Trace | None) -> None:
        """Run what is left of this executor's samples, and compare as many as the baseline has."""
        count = min(len(chunk.labels), self.samples - self.total.samples)
        compared = 0 if baseline is None else min(count, baseline.output.shape[1])
        if baseline is not None and compared:
            trace = self._run(self.run, network, chunk, 0, compared)
            self.parts.append(compare(_first(baseline, compared), trace, network))
        if count > compared:
            self._run(self.run_output, network, chunk, compared, count)

    def _run(self, run: Run, network: ir.Network, chunk: Chunk, first: int, last: int) -> Trace:
        before = self.total.samples
        trace = run(chunk.x[:, first:last], lambda now: self.done(before + now))
        self.total = self.total.add(predict(network, trace), chunk.labels[first:last])
        return trace

    def result(self) -> Result:
        if not self.parts:
            return Result(self.total)
        found = merge(self.parts)
        return Result(replace(self.total, spikes_compared=found.spikes_compared, mismatches=found.mismatches), found)


def verify(
    network: ir.Network,
    split: Split,
    steps: int,
    *,
    model: SpikingNetwork | None = None,
    samples: int | None = None,
    reference_samples: int | None = REFERENCE_SAMPLES,
    lava_samples: int = LAVA_SAMPLES,
    progress: Progress = silent,
) -> Verification:
    """Compare every spike, graded value and state of all executors, at every block and step.

    The baseline is what training computed, SLAYER's `eval()`, where the trained model is at hand,
    and the integer reference where there is only a file. SLAYER and the engine (where numba is
    installed) run all images, the reference and Lava some; what an executor runs beyond the
    baseline's images counts for its accuracy alone. No more than one chunk of images and two of
    its traces are in memory.

    Parameters
    ----------
    network : Network
        As loaded from the file that is to be trusted.
    split : ImageSplit or EventSplit
    steps : int
        T, the time steps for which each image is shown.
    model : SpikingNetwork, optional
        The trained model.
    samples : int, optional
        Only the first so many images; all of them by default.
    reference_samples : int or None
        Images that run in the reference, which is slow, and as many as run in Lava at least where it
        is the baseline; 0 leaves it out, None takes all.
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
    wanted = _wanted(len(part), model is not None, reference_samples, lava_samples)
    if len(wanted) < 2:
        raise ValueError(f"verify: executors: found {', '.join(wanted) or 'none'}, expected at least two to compare")
    check_fits(network, part)
    baseline, *others = accounts = _accounts(network, wanted, model, progress)
    for chunk in chunks(network, part, steps):
        expected = baseline.lead(network, chunk)
        for account in others:
            account.follow(network, chunk, expected)
    return Verification(network.name, baseline.total.executor, tuple(a.result() for a in accounts))


def _wanted(total: int, trained: bool, reference: int | None, lava: int) -> dict[str, int]:
    """Return how many samples every executor runs, the baseline first; those that run none are left out."""
    for name, count in (("reference", reference), ("Lava", lava)):
        if count is not None and count < 0:
            raise ValueError(f"verify: samples in {name}: found {count}, expected at least 0")
    sampled = total if reference is None else reference
    if sampled and not trained:
        sampled = max(sampled, lava)
    counts = {
        "slayer": total if trained else 0,
        "reference": min(sampled, total),
        "engine": total if default_executor() == "engine" else 0,
        "lava": min(lava, total),
    }
    return {name: count for name, count in counts.items() if count}


def _accounts(
    network: ir.Network, wanted: Mapping[str, int], model: SpikingNetwork | None, progress: Progress
) -> list[_Account]:
    # Every executor is prepared before the first bar shows: a missing library is told at once.
    runs = {name: (prepare(name, network, model), prepare(name, network, model, output_only=True)) for name in wanted}
    return [_Account(name, *runs[name], count, progress) for name, count in wanted.items()]


def _first(trace: Trace, samples: int) -> Trace:
    """Return the part of a trace that belongs to its first samples."""
    blocks = tuple({name: values[:, :samples] for name, values in block.items()} for block in trace.blocks)
    return Trace(blocks, trace.output[:, :samples])

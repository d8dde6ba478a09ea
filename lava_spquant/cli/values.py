"""Results as JSON values."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from lava_spquant.report import Flops, activity_rows, comparison_summary, flops_rows, memory_rows, network_rows
from lava_spquant.workflow import Demo, Report, Verification
from lava_spquant.workflow.verify import Result

__all__ = ["demo_values", "flops_values", "report_values", "verification_values"]

Values = dict[str, Any]


def verification_values(checked: Verification) -> Values:
    """Return totals and one entry per executor; the baseline's comparison is null."""
    return {
        "ok": checked.ok,
        "network": checked.network,
        "baseline": checked.baseline,
        "spikes_compared": checked.spikes_compared,
        "values_compared": checked.values_compared,
        "mismatches": checked.mismatches,
        "executors": {result.accuracy.executor: _executor(result) for result in checked.results},
    }


def _executor(result: Result) -> Values:
    account = result.accuracy
    summary: Values = {} if result.comparison is None else comparison_summary(result.comparison)
    return {
        "samples": account.samples,
        "correct": account.correct,
        "accuracy": account.accuracy,
        "spikes_compared": account.spikes_compared,
        "values_compared": summary.get("compared"),
        "mismatches": account.mismatches,
        "first_mismatch": summary.get("first"),
    }


def report_values(made: Report) -> Values:
    """Return the blocks, what they store and, where it was measured, what they do."""
    measured = made.activity
    activity: Values | None = None
    if measured is not None:
        activity = {
            "samples": measured.samples,
            "steps": measured.steps,
            "spike_rate": measured.spike_rate,
            "synops": measured.synops,
            "blocks": activity_rows(measured),
        }
    return {
        "ok": True,
        "network": made.network.name,
        "blocks": network_rows(made.network),
        "memory": memory_rows(made.memory),
        "activity": activity,
        "flops": None if made.flops is None else flops_values(made.flops),
        "neurobench": None if made.neurobench is None else asdict(made.neurobench),
    }


def flops_values(count: Flops) -> Values:
    """Return totals and one entry per block; how many times fewer is null where nothing is left."""
    return {
        "dense": count.dense,
        "gated": count.gated,
        "predictors": count.predictors,
        "total": count.total,
        "cut": count.cut if math.isfinite(count.cut) else None,
        "synops": count.synops,
        "synops_predictors": count.synops_predictors,
        "blocks": flops_rows(count),
    }


def demo_values(done: Demo) -> Values:
    """Return everything that the demo's table shows, and where its files lie."""
    made = report_values(done.report)
    return {
        **verification_values(done.verification),
        "ok": done.ok,
        "recipe": done.recipe,
        "dataset": done.dataset,
        "steps": done.steps,
        "accuracy": done.accuracy,
        "min_accuracy": done.min_accuracy,
        "memory": made["memory"],
        "activity": made["activity"],
        "checkpoint": str(done.checkpoint),
        "network_file": str(done.network_file),
        "figures": [str(path) for path in done.figures],
    }

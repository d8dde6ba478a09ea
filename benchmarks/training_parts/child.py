"""The process in which one contestant trains; `remote` starts it and says when.

Started with one JSON argument, it builds and warms up its networks and writes one line about each: memory and spike
rates, or why it is absent. From then on it answers every line of standard input: `step <n>` trains network n for one
step, `profile <n>` for a few under torch's profiler. It ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from training_parts.workload import Workload

if TYPE_CHECKING:
    from training_parts.step import Training

__all__ = ["main"]

VICTIM = Path("/proc/self/oom_score_adj")
"""Where memory runs out, the benchmark ends and not something that somebody needs (proc(5))."""


def main() -> None:
    """Serve until standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    # What libraries print must not reach the pipe; some do when they are imported, so torch comes later.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if VICTIM.exists():
        VICTIM.write_text("1000")
    task = json.loads(sys.argv[1])
    trainings = []
    for values in task["workloads"]:
        about, training = _warmed(task["key"], Workload(**values), task["device"], task["warm_up"])
        _answer(answers, about)
        trainings.append(training)
    for line in sys.stdin:
        command, number = line.split()
        training = trainings[int(number)]
        assert training is not None, "only those who are present are asked"
        _answer(answers, _COMMANDS[command](training, task["device"]))


def _warmed(key: str, workload: Workload, device: str, warm_up: int) -> tuple[dict[str, Any], Training | None]:
    """Return what is known after the warm-up, during which memory has reached its peak."""
    from training_parts.memory import forget_peak, peak
    from training_parts.step import FAILURES, prepare

    try:
        # One sample at one step: what is loaded or compiled at first use is no memory of training.
        small = prepare(key, workload.at(batch=1, steps=1), device)
        small.model(small.x).sum().backward()
        del small
        training = prepare(key, workload, device)
        before = forget_peak(device)
        for _ in range(warm_up):
            training.step()
    except FAILURES as error:
        first, *_ = str(error).strip().splitlines() or [""]
        return {"absent": f"{type(error).__name__}: {first}"}, None
    memory = {} if before is None else {"before_mib": before, "training_mib": peak(device) - before}
    return memory | {"rates": training.rates()}, training


def _step(training: Training, _: str) -> dict[str, Any]:
    return asdict(training.step())


def _profile(training: Training, device: str) -> dict[str, Any]:
    from training_parts.profiled import profiled

    return profiled(training, device)


_COMMANDS: dict[str, Callable[[Training, str], dict[str, Any]]] = {"step": _step, "profile": _profile}


def _answer(stream: TextIO, values: dict[str, Any]) -> None:
    stream.write(json.dumps(values) + "\n")
    stream.flush()


if __name__ == "__main__":
    main()

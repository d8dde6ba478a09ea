"""Contestants in processes of their own: nobody finds allocator or thread pool as another left them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO

from common import ROOT

from training_parts.seconds import Row, Seconds
from training_parts.workload import Workload

__all__ = ["ALLOCATORS", "Remote", "Setup"]

HUGE_PAGES = "THP_MEM_ALLOC_ENABLE"

ALLOCATORS: dict[str, dict[str, str]] = {
    "huge": {HUGE_PAGES: "1"},
    "small": {HUGE_PAGES: "0"},
    "keep": {
        HUGE_PAGES: "0",
        "MALLOC_MMAP_THRESHOLD_": str(1 << 40),
        "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
        "MALLOC_TOP_PAD_": str(1 << 26),
    },
}
"""Large tensors on huge pages, as torch can and our package asks it to; on small ones; and glibc's allocator told to
hand nothing back, so that no step pays for fresh pages. Everyone gets the same."""


@dataclass(frozen=True)
class Setup:
    """What every process of a run has in common.

    Parameters
    ----------
    device : {"cpu", "cuda"}
    threads : int
    warm_up : int
        Steps that do not count: compilation, first allocations, and the peak of memory.
    allocator : {"huge", "small", "keep"}
    """

    device: str = "cpu"
    threads: int = 2
    warm_up: int = 2
    allocator: str = "huge"

    def __post_init__(self) -> None:
        if self.device not in ("cpu", "cuda"):
            raise ValueError(f"--device: found {self.device!r}, expected 'cpu' or 'cuda'")
        if min(self.threads, self.warm_up) < 1:
            raise ValueError(f"Setup: found {self}, expected positive numbers")
        if self.allocator not in ALLOCATORS:
            raise ValueError(f"--allocator: found {self.allocator!r}, expected one of {', '.join(ALLOCATORS)}")

    def environment(self) -> dict[str, str]:
        """Return the variables of a child.

        Waiting OpenMP threads sleep: where they spin, as is their default, an idle pool takes a core from others.
        """
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), str(self.threads))
        return os.environ | {"OMP_WAIT_POLICY": "PASSIVE"} | threads | ALLOCATORS[self.allocator]


class Remote:
    """One contestant's process.

    Parameters
    ----------
    key : str
        Of the contestant.
    workloads : sequence of Workload
        Networks that it holds at once.
    setup : Setup

    Attributes
    ----------
    about : list of dict
        What the child said of every workload; with the key `absent` where it cannot take part.
    """

    def __init__(self, key: str, workloads: Sequence[Workload], setup: Setup) -> None:
        self.key = key
        task = {"key": key, "workloads": [workload.values() for workload in workloads]}
        task |= {"device": setup.device, "warm_up": setup.warm_up}
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "training_parts.child", json.dumps(task)],
            cwd=ROOT / "benchmarks", env=setup.environment(), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip
        self.about: list[Row] = []
        for _ in workloads:
            self.about.append(self._heard())
            if self._process.poll() is not None:
                break
        self.about += [self.about[-1]] * (len(workloads) - len(self.about))

    @property
    def present(self) -> bool:
        """Whether it takes part with all its networks."""
        return all("absent" not in about for about in self.about)

    @property
    def absent_because(self) -> str:
        """Why it does not."""
        return next(about["absent"] for about in self.about if "absent" in about)

    def step(self, number: int = 0) -> Seconds:
        """Train network `number` for one step."""
        return Seconds(**self._asked("step", number))

    def profile(self, number: int = 0) -> Row:
        """Train network `number` for a few steps under torch's profiler."""
        return self._asked("profile", number)

    def _asked(self, command: str, number: int) -> Row:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command} {number}\n")
        self._process.stdin.flush()
        answer = self._heard()
        if "absent" in answer:
            raise RuntimeError(f"{self.key}: {command}: {answer['absent']}")
        return answer

    def _heard(self) -> Row:
        """Return the child's next line; a child that ended has ended for a reason."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            answer: Row = json.loads(line)
            return answer
        code = self._process.wait()
        self._errors.seek(0)
        words = self._errors.read().decode(errors="replace").strip().splitlines()[-1:]
        if code < 0:
            # The kernel ends a process that asks for more memory than there is.
            return {"absent": f"ended by signal {-code}"}
        raise RuntimeError(f"{self.key}: found exit code {code} ({' '.join(words)}), expected an answer")

    def __enter__(self) -> Remote:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process."""
        if kind is not None:
            self._process.kill()
        self._process.communicate()
        self._errors.close()

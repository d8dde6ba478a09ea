"""Deterministic training that leaves torch as it found it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["deterministic"]

MEMORY: Any = torch.utils.deterministic
"""Its one setting is declared to no type checker."""


@contextmanager
def deterministic() -> Iterator[None]:
    """Have torch choose deterministic algorithms, and afterwards what it chose before.

    Lightning's trainer asks for them too, but for good. Beside that, torch would then write NaN into all memory that
    it hands out, for whoever reads what was never written; our operations write everything, and it takes up to a
    tenth of a training step on a CPU.
    """
    was = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    filled = MEMORY.fill_uninitialized_memory
    try:
        torch.use_deterministic_algorithms(True)
        MEMORY.fill_uninitialized_memory = False
        yield
    finally:
        torch.use_deterministic_algorithms(was[0], warn_only=was[1])
        MEMORY.fill_uninitialized_memory = filled

"""The states of all random generators: as what a checkpoint may hold, and alike in every process."""

from __future__ import annotations

import random
from typing import Any

import lightning as L
import numpy as np
import torch

__all__ = ["SameNumbers", "random_state", "restore_random_state"]


class SameNumbers(L.Callback):
    """Lets training begin with torch's random numbers as they are when this is made.

    Lightning seeds processes that train together anew, as if no network had been made yet, but not one that trains
    alone. A checkpoint to go on from has the last word.
    """

    def __init__(self) -> None:
        # A GPU's generator has drawn nothing before training; to ask for it would take memory on one of them.
        self._state = torch.get_rng_state()

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Go back to that state."""
        torch.set_rng_state(self._state)


def random_state() -> dict[str, Any]:
    """Return the states of Python's, NumPy's and torch's generators as tensors and plain values."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)  # noqa: NPY002 (what models draw from)
    version, words, next_gauss = random.getstate()
    state = {
        "python": [version, list(words), next_gauss],
        "numpy": [str(name), torch.from_numpy(np.asarray(keys).astype(np.int64)), position, has_gauss, gauss],
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random_state(state: dict[str, Any]) -> None:
    """Put back what `random_state` returned.

    Raises
    ------
    ValueError
        If it is something else.
    """
    try:
        version, words, next_gauss = state["python"]
        random.setstate((version, tuple(words), next_gauss))
        name, keys, position, has_gauss, gauss = state["numpy"]
        np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), position, has_gauss, gauss))  # noqa: NPY002
        torch.set_rng_state(state["torch"].cpu())
        if "cuda" in state and torch.cuda.is_available():
            torch.cuda.set_rng_state(state["cuda"].cpu())
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ValueError(f"checkpoint: random state: found {error}, expected one written by training") from error

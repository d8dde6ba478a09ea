"""Which class a network chooses, and how often that is right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lava_spquant.ir import Network
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.reference import Trace

__all__ = ["Accuracy", "predict", "scores"]


def scores(network: Network, output: IntArray) -> NDArray[np.int64]:
    """Return the evidence for every class up to and including each step.

    A read-out accumulates in the network, so its value is the score; spikes and other graded
    values are summed over the steps.

    Parameters
    ----------
    network : Network
    output : numpy.ndarray of int, shape (T, N, *network.output_shape)
        Of one sample per batch entry, aligned to its first step, as in `Trace.output`.

    Returns
    -------
    numpy.ndarray, int64, shape (T, N, classes)
        A spatial output is flattened.
    """
    flat = np.asarray(output).astype(np.int64).reshape(*output.shape[:2], -1)
    accumulates = network.blocks[-1].neuron.kind == "readout"
    return flat if accumulates else flat.cumsum(axis=0)


def predict(network: Network, trace: Trace) -> NDArray[np.int64]:
    """Return the class with the highest score at the last step, shape (N,); the lowest index wins a tie."""
    return scores(network, trace.output)[-1].argmax(axis=-1)


@dataclass(frozen=True)
class Accuracy:
    """What one executor achieved, and its agreement with the reference.

    Parameters
    ----------
    executor : str
        "slayer", "reference", "lava", ...
    samples, correct : int
    spikes_compared, mismatches : int or None
        Against the reference; None for the reference itself.

    Raises
    ------
    ValueError
        If more samples are correct than there are.
    """

    executor: str
    samples: int
    correct: int
    spikes_compared: int | None = None
    mismatches: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.correct <= self.samples:
            raise ValueError(f"{self.executor}: correct: found {self.correct}, expected 0..{self.samples}")

    @property
    def accuracy(self) -> float:
        """Share of correct samples, 0..1; NaN without samples."""
        return self.correct / self.samples if self.samples else float("nan")

    def add(self, predicted: NDArray[np.int64], labels: NDArray[np.int64]) -> Accuracy:
        """Return the account with one more chunk of samples.

        Raises
        ------
        ValueError
            If there are more or fewer predictions than labels.
        """
        if predicted.shape != labels.shape:
            found, expected = predicted.shape, labels.shape
            raise ValueError(f"{self.executor}: predictions: found {found}, expected {expected}")
        correct = int(np.count_nonzero(predicted == labels))
        return replace(self, samples=self.samples + len(labels), correct=self.correct + correct)

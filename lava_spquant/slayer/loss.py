"""Losses on a read-out's running sum."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["LOSSES", "MeanCrossEntropy", "TemporalEfficientTraining", "mean_output", "step_outputs"]


def step_outputs(running_sum: Tensor) -> Tensor:
    """Return the output of every single step o_t, (N, C, T), from the read-out's running sum.

    Examples
    --------
    >>> step_outputs(torch.tensor([[[1.0, 3.0, 2.0]]])).tolist()
    [[[1.0, 2.0, -1.0]]]
    """
    return torch.diff(running_sum, dim=-1, prepend=torch.zeros_like(running_sum[..., :1]))


def mean_output(running_sum: Tensor) -> Tensor:
    """Return the mean of o_t over the steps, (N, C): the prediction's scores."""
    return running_sum[..., -1] / running_sum.shape[-1]


class MeanCrossEntropy(nn.Module):
    """Cross-entropy of the mean output."""

    def forward(self, output: Tensor, label: Tensor) -> Tensor:
        """Return the loss.

        Parameters
        ----------
        output : Tensor, (N, C, T)
            A read-out's running sum.
        label : Tensor, int64, (N,)
        """
        return F.cross_entropy(mean_output(output), label)


class TemporalEfficientTraining(nn.Module):
    """TET: `(1 - lam) * mean_t CE(o_t, y) + lam * MSE(o, target)` (Deng et al. 2022; SpQuant-SNN).

    Parameters
    ----------
    lam : float
        0..1; 0.05 for static images, 0.90 for DVS-CIFAR10 in the paper.
    target : float
        What the mean-square term pulls outputs to: the threshold.

    Raises
    ------
    ValueError
        If `lam` is out of range.
    """

    def __init__(self, lam: float = 0.05, target: float = 1.0) -> None:
        super().__init__()
        if not 0 <= lam <= 1:
            raise ValueError(f"TemporalEfficientTraining: lam: found {lam}, expected 0..1")
        self.lam, self.target = lam, target

    def forward(self, output: Tensor, label: Tensor) -> Tensor:
        """Return the loss.

        Parameters
        ----------
        output : Tensor, (N, C, T)
            A read-out's running sum.
        label : Tensor, int64, (N,)
        """
        steps = step_outputs(output)
        # One row per sample and step: torch's cross-entropy over a time axis has no deterministic form on a GPU.
        rows = steps.movedim(-1, 1).flatten(0, 1)
        entropy = F.cross_entropy(rows, label.repeat_interleave(steps.shape[-1]))
        return (1 - self.lam) * entropy + self.lam * ((steps - self.target) ** 2).mean()


LOSSES: dict[str, type[nn.Module]] = {"tet": TemporalEfficientTraining, "mean": MeanCrossEntropy}
"""Losses by the name that recipes use."""

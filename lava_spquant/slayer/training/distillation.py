"""Learning from a teacher: a small network imitates the answers of a larger one."""

from __future__ import annotations

import copy
from typing import TypeVar

from torch import Tensor, nn
from torch.nn import functional

from lava_spquant.slayer.loss import mean_output
from lava_spquant.slayer.norm import BatchNorm

__all__ = ["distillation_loss", "frozen"]

Network = TypeVar("Network", bound=nn.Module)


def distillation_loss(output: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """Return how far a network's answers are from its teacher's (Hinton, Vinyals and Dean, 2015).

    Parameters
    ----------
    output, taught : Tensor, (N, classes, T)
        What both read-outs give for the same samples; T may differ.
    temperature : float
        Both means over time are divided by it: the higher, the more counts what the teacher thinks of wrong classes.

    Returns
    -------
    Tensor, ()
        Mean over samples of the Kullback-Leibler divergence, times the temperature's square, so that gradients have
        the size of a cross-entropy's at any temperature.
    """
    student = functional.log_softmax(mean_output(output) / temperature, dim=1)
    teacher = functional.log_softmax(mean_output(taught) / temperature, dim=1)
    divergence = functional.kl_div(student, teacher, reduction="batchmean", log_target=True)
    return divergence * temperature**2


def frozen(teacher: Network) -> Network:
    """Return a copy of the teacher that answers as it does once trained, on whatever device it is put.

    Its quantised floats run, not the integers of `eval()`: they answer alike, several times faster. The teacher itself
    stays as it is, its caller's.
    """
    teacher = copy.deepcopy(teacher)
    teacher.train()
    for module in teacher.modules():
        if isinstance(module, BatchNorm):
            module.eval()
    return teacher.requires_grad_(False)

"""Losses on a read-out's running sum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lava_spquant.slayer.loss import LOSSES, MeanCrossEntropy, TemporalEfficientTraining, mean_output, step_outputs

STEPS = torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0))
OUTPUT = STEPS.cumsum(-1)
LABEL = torch.tensor([4, 0, 2])


def test_steps_and_mean_of_a_running_sum() -> None:
    torch.testing.assert_close(step_outputs(OUTPUT), STEPS)
    torch.testing.assert_close(mean_output(OUTPUT), STEPS.mean(-1))
    one = OUTPUT[..., :1]
    assert torch.equal(step_outputs(one), one)
    assert torch.equal(mean_output(one), one[..., 0])


@pytest.mark.parametrize("lam", [0.0, 0.05, 0.9, 1.0])
def test_tet_is_the_mean_over_steps(lam: float) -> None:
    entropy = np.mean([F.cross_entropy(STEPS[..., t], LABEL).item() for t in range(4)])
    square = ((STEPS - 1.5) ** 2).mean().item()
    found = TemporalEfficientTraining(lam, target=1.5)(OUTPUT, LABEL).item()
    assert found == pytest.approx((1 - lam) * entropy + lam * square, rel=1e-5)


def test_mean_cross_entropy() -> None:
    assert MeanCrossEntropy()(OUTPUT, LABEL).item() == pytest.approx(F.cross_entropy(STEPS.mean(-1), LABEL).item())


@pytest.mark.parametrize("name", LOSSES)
def test_descending_the_loss_raises_the_right_answer(name: str) -> None:
    output = torch.zeros(3, 5, 4, requires_grad=True)
    loss = LOSSES[name]()
    for _ in range(5):
        (grad,) = torch.autograd.grad(loss(output, LABEL), output)
        output = (output - grad).detach().requires_grad_()
    assert mean_output(output).argmax(1).tolist() == LABEL.tolist()


@pytest.mark.parametrize("lam", [-0.1, 1.1, float("nan")])
def test_lam_is_a_share(lam: float) -> None:
    with pytest.raises(ValueError, match=r"TemporalEfficientTraining: lam: found .*, expected 0\.\.1"):
        TemporalEfficientTraining(lam)

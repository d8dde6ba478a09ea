"""Learning from a teacher."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional
from torch.utils.data import TensorDataset

from lava_spquant import ir
from lava_spquant.data.tensor import to_nchwt
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.training import Classifier, TrainingConfig, batch_loader, distillation_loss
from lava_spquant.slayer.training.distillation import frozen
from tests.slayer.training.test_module import IMAGES, LABELS, trainer


def answers(seed: int, steps: int) -> torch.Tensor:
    return torch.randn(7, 5, steps, generator=torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize("steps", [1, 4])
def test_a_network_that_answers_as_its_teacher_has_nothing_to_learn(steps: int) -> None:
    assert float(distillation_loss(answers(0, steps), answers(0, steps), 2.0)) == pytest.approx(0, abs=1e-12)
    assert float(distillation_loss(answers(0, steps), answers(1, steps), 2.0)) > 0.01


def test_against_the_definition() -> None:
    output, taught = answers(0, 3), answers(1, 2)
    # Read-outs give running sums, so a mean over time is the last one over T.
    p, q = (torch.softmax(values[..., -1] / (steps * 4.0), dim=1) for values, steps in ((taught, 2), (output, 3)))
    expected = 16.0 * (p * (p / q).log()).sum(dim=1).mean()
    assert float(distillation_loss(output, taught, 4.0)) == pytest.approx(float(expected))


def test_gradients_are_the_cross_entropys_where_the_teacher_is_sure() -> None:
    output = answers(0, 1).requires_grad_()
    labels = torch.arange(7) % 5
    sure = functional.one_hot(labels, 5).double()[..., None] * 1e4
    (told,) = torch.autograd.grad(distillation_loss(output, sure, 1.0), output)
    (known,) = torch.autograd.grad(functional.cross_entropy(output[..., -1], labels), output)
    torch.testing.assert_close(told, known)


def test_the_callers_teacher_stays_as_it_is() -> None:
    teacher = build_convnet(ConvNetConfig("8-FC"), ir.InputSpec((1, 6, 5), 8), 3).eval()
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    copied = frozen(teacher)
    copied.to(torch.float64)  # as if to another device
    norm = teacher.blocks[0].branches[0].norm  # type: ignore[union-attr, index]
    assert not any(module.training for module in teacher.modules())
    assert all(parameter.requires_grad for parameter in teacher.parameters())
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())
    assert {value.dtype for value in teacher.parameters()} == {torch.float32}
    # The copy answers as it does once trained, and is not trained.
    assert copied.training
    assert norm is not None
    assert not any(module.training for module in copied.modules() if isinstance(module, type(norm)))
    assert not any(parameter.requires_grad for parameter in copied.parameters())


@pytest.mark.filterwarnings("ignore:.*no `val_dataloader`")
@pytest.mark.filterwarnings("ignore:.*number of training batches")
def test_a_pupil_learns_what_only_its_teacher_knows() -> None:
    """With labels that say nothing its answers come from the teacher, whose few and small ones a low temperature tells
    apart; the teacher stays as it was."""
    torch.manual_seed(1)
    spec = ir.InputSpec((1, 6, 5), 8)
    teacher = build_convnet(ConvNetConfig("8-FC"), spec, 3)
    for _ in range(30):
        teacher.train()(to_nchwt(IMAGES, 3))
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    config = TrainingConfig(epochs=150, batch_size=12, learning_rate=0.05, distillation=1.0, temperature=0.05)
    pupil = build_convnet(ConvNetConfig("8-FC"), spec, 3)
    module = Classifier(pupil, config, lambda x: to_nchwt(x, 3), 3, teacher=teacher)
    run = trainer(max_epochs=150)
    run.fit(module, batch_loader(TensorDataset(IMAGES, torch.zeros_like(LABELS)), 12, seed=1))
    assert not [name for name, value in teacher.state_dict().items() if not torch.equal(value, before[name])]
    assert not [name for name in module.state_dict() if not name.startswith("model.")]
    x = to_nchwt(IMAGES, 3)
    told = teacher.eval()(x)[..., -1].argmax(dim=1)
    assert len(told.unique()) > 1
    assert (module.model.eval()(x)[..., -1].argmax(dim=1) == told).float().mean() > 0.8

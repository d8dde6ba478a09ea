"""The Lightning module: steps, schedule, configuration."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any

import lightning
import pytest
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from lava_spquant import ir
from lava_spquant.data.tensor import to_nchwt
from lava_spquant.ir import reference
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.training import Classifier, Share, TrainingConfig, batch_loader, cosine_with_warmup

IMAGES = torch.randint(0, 256, (12, 1, 6, 5), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
LABELS = torch.arange(12) % 3


def classifier(**options: object) -> Classifier:
    torch.manual_seed(0)
    model = build_convnet(ConvNetConfig("4-FC"), ir.InputSpec((1, 6, 5), 8), 3)
    config = TrainingConfig(epochs=2, batch_size=4, learning_rate=0.02)
    return Classifier(model, config, lambda x: to_nchwt(x, 3), 3, **options)  # type: ignore[arg-type]


def trainer(**options: object) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,  # type: ignore[arg-type]
    )


def loader() -> torch.utils.data.DataLoader[Tensor]:
    return batch_loader(TensorDataset(IMAGES, LABELS), 4, seed=1)


def test_one_step_changes_every_parameter() -> None:
    module = classifier()
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    run = trainer(max_epochs=1, limit_train_batches=1)
    run.fit(module, loader(), loader())
    assert math.isfinite(run.callback_metrics["train_loss"].item())
    assert 0 <= run.callback_metrics["valid_accuracy"].item() <= 1
    assert not [name for name, p in module.named_parameters() if torch.equal(p, before[name])]


def test_accuracies_are_those_of_the_integer_network() -> None:
    module = classifier()
    run = trainer()
    found = run.test(module, loader(), verbose=False)[0]["test_accuracy"]
    network = module.model.to_ir()
    x = to_nchwt(IMAGES, 3).movedim(-1, 0).numpy().astype(int)
    answers = reference.run(network, x).output[-1].argmax(axis=1)
    assert found == pytest.approx((answers == LABELS.numpy()).mean())


def test_augmentation_draws_from_seed_and_step_alone() -> None:
    drawn: list[float] = []

    def augment(images: Tensor, generator: torch.Generator, share: Share) -> Tensor:
        drawn.append(torch.rand(1, generator=generator).item())
        return images

    runs = []
    for seed in (5, 5, 6):
        drawn.clear()
        trainer(max_steps=3).fit(classifier(augment=augment, seed=seed), loader(), loader())
        runs.append(list(drawn))
    assert runs[0] == runs[1]
    assert len({*runs[0], *runs[2]}) == 6
    trainer().test(classifier(augment=augment), loader(), verbose=False)
    assert len(drawn) == 3  # not in evaluation


class Stream(torch.utils.data.IterableDataset[tuple[Tensor, Tensor]]):
    """Batches without an end, and so without a length."""

    def __iter__(self):  # type: ignore[no-untyped-def]
        while True:
            yield IMAGES[:4], LABELS[:4]


@pytest.mark.filterwarnings("ignore:.*no `val_dataloader`")
def test_a_stream_trains_too() -> None:
    seeds: list[int] = []

    def augment(images: Tensor, generator: torch.Generator, share: Share) -> Tensor:
        seeds.append(generator.initial_seed())
        assert (share.start, share.stop, share.total) == (0, 4, 4)
        return images

    module = classifier(augment=augment)
    trainer(max_steps=3).fit(module, torch.utils.data.DataLoader(Stream(), batch_size=None))
    assert module.batches_done == 3
    assert len(set(seeds)) == 3


def test_a_loss_that_is_not_finite_stops_training() -> None:
    module = classifier()
    module.model.blocks[-1].branches[0].bias.data.fill_(float("nan"))
    with pytest.raises(ValueError, match="training: loss at step 0: found nan, expected a finite number"):
        trainer(max_steps=1, num_sanity_val_steps=0).fit(module, loader(), loader())


class Notes(lightning.Callback):
    """Notes the gradient of every step, and the loss of every batch."""

    def __init__(self) -> None:
        self.gradients: list[Tensor] = []
        self.losses: list[float] = []

    def on_before_optimizer_step(self, trainer: object, module: lightning.LightningModule, optimizer: object) -> None:
        self.gradients.append(torch.cat([p.grad.flatten() for p in module.parameters() if p.grad is not None]))

    def on_train_batch_end(self, trainer: object, module: object, outputs: Any, *rest: object) -> None:
        self.losses.append(float(outputs["batch_loss"]))


@pytest.mark.filterwarnings("ignore:.*no `val_dataloader`", "ignore:.*number of training batches")
def test_an_epochs_last_step_is_the_mean_of_the_batches_left() -> None:
    notes = {together: Notes() for together in (1, 2, 3, 5)}
    for together, note in notes.items():
        module = classifier()
        # So small that each batch meets the same weights.
        module.config = replace(module.config, learning_rate=1e-12)
        trainer(max_epochs=1, accumulate_grad_batches=together, callbacks=[note]).fit(module, loader())
    each = notes[1].gradients
    expected = {1: each, 2: [(each[0] + each[1]) / 2, each[2]], 3: [sum(each) / 3], 5: [sum(each) / 3]}
    for together, note in notes.items():
        torch.testing.assert_close(note.gradients, expected[together], atol=1e-6, rtol=1e-4)
        # What is told of a batch does not depend on its part in a step.
        assert note.losses == pytest.approx(notes[1].losses, rel=1e-5)


def test_weight_decay_spares_biases_and_norms() -> None:
    module = classifier()
    run = trainer(max_steps=1)
    run.fit(module, loader(), loader())
    decayed, plain = run.optimizers[0].param_groups
    assert (decayed["weight_decay"], plain["weight_decay"]) == (1e-4, 0.0)
    assert all(p.ndim > 1 for p in decayed["params"])
    assert all(p.ndim <= 1 for p in plain["params"])
    assert len(decayed["params"]) + len(plain["params"]) == len(list(module.parameters()))


def test_the_schedule() -> None:
    factors = [cosine_with_warmup(step, 4, 20) for step in range(20)]
    assert factors[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert factors[4:] == sorted(factors[4:], reverse=True)
    assert cosine_with_warmup(12, 4, 20) == pytest.approx(0.5)
    assert cosine_with_warmup(20, 4, 20) == pytest.approx(0)
    assert cosine_with_warmup(0, 0, 10) == 1
    assert cosine_with_warmup(3, 5, 5) == pytest.approx(4 / 6)
    module = classifier()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = trainer(max_epochs=2)
        run.fit(module, loader(), loader())
    assert run.lr_scheduler_configs[0].scheduler.get_last_lr() == pytest.approx([0.0, 0.0], abs=1e-9)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"epochs": 0}, "training: epochs: found 0, expected at least 1"),
        ({"batch_size": -1}, "training: batch_size: found -1"),
        ({"learning_rate": 0.0}, "training: learning_rate: found 0.0, expected a positive number"),
        ({"learning_rate": float("nan")}, "training: learning_rate: found nan"),
        ({"weight_decay": -1.0}, "training: weight_decay: found -1.0"),
        ({"warmup_epochs": -1.0}, "training: warmup_epochs"),
        ({"gradient_clip": -0.5}, "training: gradient_clip"),
        ({"loss": "mse"}, "training: loss: found 'mse', expected one of tet, mean"),
        ({"lam": 2.0}, "training: lam: found 2.0"),
        ({"optimizer": "adagrad"}, "training: optimizer: found 'adagrad', expected one of adamw, adam, sgd"),
        ({"momentum": 1.0}, "training: momentum: found 1.0, expected 0 or more and less than 1"),
        ({"schedule": "linear"}, "training: schedule: found 'linear', expected one of cosine, constant, step"),
        ({"step_epochs": 0}, "training: step_epochs: found 0"),
        ({"step_factor": 0.0}, "training: step_factor: found 0.0"),
        ({"accumulate_grad_batches": 0}, "training: accumulate_grad_batches: found 0"),
        ({"precision": "16"}, "training: precision: found '16', expected one of 32, bf16-mixed, 16-mixed"),
        ({"validation": 0.6}, "training: validation: found 0.6, expected 0..0.5"),
        ({"patience": -1}, "training: patience: found -1"),
        ({"patience": 3}, "training: patience: found 3, expected 0 where validation is 0"),
        ({"checkpoint_steps": -1}, "training: checkpoint_steps"),
        ({"checkpoint_minutes": math.inf}, "training: checkpoint_minutes: found inf"),
    ],
)
def test_configs_are_checked(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**fields)  # type: ignore[arg-type]


def test_the_loss_is_the_one_named() -> None:
    assert TrainingConfig(loss="tet", lam=0.3).make_loss().lam == 0.3
    assert type(TrainingConfig(loss="mean").make_loss()).__name__ == "MeanCrossEntropy"

"""Predictors in training: their schedule, their loss, and that a stopped training goes on exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import lightning
import pytest
import torch

from lava_spquant import ir
from lava_spquant.data.tensor import to_nchwt
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.training import AtomicCheckpointIO, Classifier, SpikeRates, TrainingConfig, batch_loader
from lava_spquant.slayer.training.gates import Predictors
from lava_spquant.slayer.training.raised import RaisedThresholds
from tests.slayer.training.test_module import IMAGES, LABELS, loader, trainer

pytestmark = pytest.mark.filterwarnings("ignore:.*no `val_dataloader`", "ignore:.*number of training batches")


def classifier(gates: str = "both", joint: bool = False, **options: object) -> Classifier:
    torch.manual_seed(0)
    recipe = ConvNetConfig("4-6-R6-FC", gates=gates, gate_cell=1, gate_joint=joint, voltage_decay=0.25)
    model = build_convnet(recipe, ir.InputSpec((1, 6, 5), 8), 3)
    config = TrainingConfig(**{"epochs": 4, "batch_size": 4, "learning_rate": 0.02, **options})  # type: ignore[arg-type]
    return Classifier(model, config, lambda x: to_nchwt(x, 3), 3)


class Watch(lightning.Callback):
    """Notes, batch by batch, how predictors are steered, what they lose, and how much is open."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.dense: list[bool] = []
        self.losses: list[float] = []
        self.open: list[float] = []

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        assert isinstance(module, Classifier)
        predictors, taken = module.predictors, module.predictors.loss

        def note() -> torch.Tensor:
            loss = taken()
            self.losses.append(loss.item())
            return loss

        predictors.loss = note  # type: ignore[method-assign]

    def on_train_batch_end(self, trainer: lightning.Trainer, module: Classifier, *rest: object) -> None:  # type: ignore[override]
        (dense,) = {gated.dense for gated in module.predictors.blocks}
        (share,) = {gate.share for gated in module.predictors.blocks for gate in gated.gates.values()}
        self.dense.append(dense)
        self.shares.append(share)
        self.open.append(module.predictors.open_share())


class Stop(lightning.Callback):
    """Ends training in the middle: after its second epoch."""

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        trainer.should_stop = trainer.current_epoch == 1


def test_the_schedule_of_a_recipe() -> None:
    config = TrainingConfig(gate_warmup_epochs=1.5, gate_ramp_epochs=2, gate_share=0.6)
    model = classifier().model
    predictors = Predictors(model, config)
    assert len(predictors.blocks) == 3  # one convolution, and both of the residual block
    for epoch, dense, share in (
        (0.0, True, 1.0), (1.4, True, 1.0), (1.5, False, 1.0), (2.5, False, 0.8), (3.5, False, 0.6), (9.0, False, 0.6),
    ):  # fmt: skip
        predictors.prepare(epoch)
        assert {gated.dense for gated in predictors.blocks} == {dense}
        found = {gate.share for gated in predictors.blocks for gate in gated.gates.values()}
        assert [*found] == pytest.approx([share])
    plain = Predictors(model, TrainingConfig(gate_share=0.7))
    plain.prepare(0.0)
    assert not any(gated.dense for gated in plain.blocks)
    assert [gate.share for gated in plain.blocks for gate in gated.gates.values()] == pytest.approx([0.7] * 6)


def test_what_predictors_are() -> None:
    module = classifier("channel")
    own = {id(p) for p in module.predictors.parameters()}
    named = {id(p) for name, p in module.model.named_parameters() if ".predictors." in name}
    assert own == named
    assert len(own) == 3 * 3  # a weight, and a slope and an offset of batch-norm
    assert module.predictors
    none = Predictors(build_convnet(ConvNetConfig("4-6-FC"), ir.InputSpec((1, 6, 5), 8), 3), TrainingConfig())
    assert not none
    assert list(none.parameters()) == []
    none.prepare(1.0)


def test_the_loss_is_a_weighted_mean_over_blocks() -> None:
    module = classifier(gate_loss=0.5)
    x = to_nchwt(IMAGES, 3)
    module.model.train()(x)
    each = [gated._loss.item() for gated in module.predictors.blocks if gated._loss is not None]
    assert module.predictors.loss().item() == pytest.approx(0.5 * sum(each) / 3)
    with pytest.raises(RuntimeError, match="found none, expected a forward pass in training"):
        module.predictors.loss()
    shares = [share for gated in module.predictors.blocks for share in gated.open_share.values()]
    assert len(shares) == 6
    assert module.predictors.open_share() == pytest.approx(sum(shares) / 6)


def test_batches_follow_the_schedule() -> None:
    watch = Watch()
    module = classifier(gate_warmup_epochs=1, gate_ramp_epochs=2, gate_share=0.4)
    trainer(max_epochs=4, callbacks=[watch]).fit(module, loader())
    # Three batches in an epoch; each wants what its beginning says.
    assert watch.dense == [True] * 3 + [False] * 9
    ramp = [1 - 0.6 * batch / 6 for batch in range(6)]
    assert watch.shares == pytest.approx([1.0] * 3 + ramp + [0.4] * 3)


class Rows(torch.utils.data.IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """Three batches, without saying so."""

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return iter([(IMAGES[4 * i : 4 * i + 4], LABELS[4 * i : 4 * i + 4]) for i in range(3)])


def test_data_of_unknown_length_follow_the_schedule_from_epoch_to_epoch() -> None:
    watch = Watch()
    module = classifier(gate_warmup_epochs=1, gate_ramp_epochs=2, gate_share=0.4)
    trainer(max_steps=12, callbacks=[watch]).fit(module, torch.utils.data.DataLoader(Rows(), batch_size=None))
    assert module.batches_done == 12
    assert watch.dense == [True] * 3 + [False] * 9
    assert watch.shares == pytest.approx([1.0] * 6 + [0.7] * 3 + [0.4] * 3)


@pytest.mark.parametrize("gates", ["channel", "both"])
def test_a_last_batch_of_one_sample_at_one_step(gates: str) -> None:
    module = classifier(gates)
    module.encode = lambda images: to_nchwt(images, 1)
    rows = batch_loader(torch.utils.data.TensorDataset(IMAGES[:9], LABELS[:9]), 4, seed=1)
    run = trainer(max_epochs=2)
    run.fit(module, rows)
    assert module.batches_done == 6
    assert math.isfinite(run.callback_metrics["train_loss"].item())


@pytest.mark.parametrize("joint", [False, True])
def test_predictors_learn(joint: bool) -> None:
    watch = Watch()
    module = classifier(joint=joint, epochs=25, gate_share=0.5, gate_learning_rate=0.05, warmup_epochs=0, gate_loss=2.0)
    run = trainer(max_epochs=25, callbacks=[watch])
    run.fit(module, loader())
    assert sum(watch.losses[-3:]) < 0.6 * sum(watch.losses[:3])
    # Nearly everything is open at first.
    assert watch.open[0] > 0.85
    assert sum(watch.open[-3:]) / 3 < 0.75
    assert math.isfinite(run.callback_metrics["train_loss"].item())


@pytest.mark.parametrize("joint", [False, True])
def test_stopped_and_resumed_is_trained_straight_through(joint: bool, tmp_path: Path) -> None:
    options = {"gate_warmup_epochs": 1, "gate_ramp_epochs": 2, "gate_share": 0.4, "gate_learning_rate": 0.01}
    straight = classifier(joint=joint, **options)
    torch.manual_seed(1)
    trainer(max_epochs=4).fit(straight, loader())
    stopped = classifier(joint=joint, **options)
    stop = trainer(max_epochs=4, plugins=[AtomicCheckpointIO()], callbacks=[Stop()])
    torch.manual_seed(1)
    stop.fit(stopped, loader())
    stop.save_checkpoint(tmp_path / "half.ckpt")
    resumed = classifier(joint=joint, **options)
    torch.manual_seed(99)
    go_on = trainer(max_epochs=4, plugins=[AtomicCheckpointIO()])
    go_on.fit(resumed, loader(), ckpt_path=tmp_path / "half.ckpt")
    state = resumed.model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in straight.model.state_dict().items())
    assert not all(torch.equal(value, state[name]) for name, value in stopped.model.state_dict().items())


def test_predictors_have_groups_of_their_own() -> None:
    module = classifier(gate_learning_rate=0.003, warmup_epochs=0, schedule="constant")
    run = trainer(max_steps=1)
    run.fit(module, loader())
    groups = run.optimizers[0].param_groups
    assert [(group["lr"], group["weight_decay"]) for group in groups] == [
        (0.02, 1e-4), (0.02, 0.0), (0.003, 1e-4), (0.003, 0.0)
    ]  # fmt: skip
    own = {id(p) for p in module.predictors.parameters()}
    assert {id(p) for group in groups[2:] for p in group["params"]} == own
    assert not own & {id(p) for group in groups[:2] for p in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(list(module.model.parameters()))


def test_half_precision_trains_them_too() -> None:
    for joint in (False, True):
        module = classifier(joint=joint)
        run = trainer(max_epochs=1, precision="bf16-mixed")
        run.fit(module, loader())
        assert math.isfinite(run.callback_metrics["train_loss"].item())


def test_the_penalty_on_spike_rates_sees_gated_blocks() -> None:
    module = classifier("channel")
    rates = SpikeRates(module.model, 0.0)
    seen = []
    x = to_nchwt(IMAGES, 3)
    for part in list(module.model.train())[:2]:
        x = part(x)
        seen.append(float(x.mean()))
    residual = module.model.blocks[2]
    hidden = residual.first(x)
    seen += [float(hidden.mean()), float(residual.join(hidden, x).mean())]
    assert [float(rate) for rate in rates.rates] == pytest.approx(seen)
    assert min(seen) > 0
    penalty = rates.penalty()
    penalty.backward()
    assert residual.join.synapse.weight.grad.abs().sum() > 0


def test_predictors_thresholds_are_not_raised() -> None:
    with pytest.raises(ValueError, match="threshold_raise: found 0.2 for a network without stateless thresholds"):
        RaisedThresholds(classifier().model, 0.2, seed=0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"gate_share": 0.0}, "training: gate_share: found 0.0, expected more than 0 and at most 1"),
        ({"gate_share": 1.5}, "training: gate_share: found 1.5"),
        ({"gate_loss": -1.0}, "training: gate_loss: found -1.0, expected at least 0"),
        ({"gate_learning_rate": math.inf}, "training: gate_learning_rate: found inf"),
        ({"gate_warmup_epochs": -1}, "training: gate_warmup_epochs: found -1"),
        ({"gate_ramp_epochs": float("nan")}, "training: gate_ramp_epochs: found nan"),
    ],
)
def test_configs_are_checked(fields: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**fields)  # type: ignore[arg-type]

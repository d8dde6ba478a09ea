"""How a network is trained, as plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn

from lava_spquant.slayer.loss import LOSSES
from lava_spquant.slayer.training.optimizer import OPTIMIZERS
from lava_spquant.slayer.training.schedule import SCHEDULES

__all__ = ["PRECISIONS", "TrainingConfig"]

PRECISIONS = ("32", "bf16-mixed", "16-mixed")
"""Of convolutions and dense layers; membranes, weights and their gradients are kept in float32."""


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained.

    Parameters
    ----------
    epochs : int
    batch_size : int
        Images per batch, over all processes together: the same recipe trains the same network on any number of them.
    learning_rate, weight_decay : float
        Biases, batch-norm and neuron parameters are never decayed.
    warmup_epochs : float
        Linear rise of the learning rate before its schedule.
    loss : {"tet", "mean"}
    lam : float
        Weight of TET's mean-square term; ignored by the others.
    gradient_clip : float
        Largest gradient norm; 0 does not clip.
    optimizer : {"adamw", "adam", "sgd"}
    momentum : float
        Of SGD; ignored by the others.
    schedule : {"cosine", "constant", "step"}
        After the warm-up. Cosine ends at zero with the last epoch.
    step_epochs : int
        Epochs between two drops of the step schedule; ignored by the others.
    step_factor : float
        What a drop multiplies the learning rate by.
    accumulate_grad_batches : int
        Batches whose mean gradient makes one optimiser step; batch-norm still sees single batches. An epoch's last
        step takes those that are left.
    precision : {"32", "bf16-mixed", "16-mixed"}
    rate_penalty : float
        Weight in the loss of what layers spike above their target; see `SpikeRates`.
    rate_target : float
        Spikes per neuron and step that cost nothing, 0..1.
    rate_targets : sequence of float
        The same layer by layer instead, one for each spiking layer; see `SpikeRates`. Empty: the same everywhere.
    synops_penalty : float
        Weight in the loss of the share by which spikes cause more synaptic operations than `synops_target`, counted as
        if all gates were open; see `SpikeCost`.
    synops_target : float
        Synaptic operations per sample, over all of its time steps, that spikes may cause.
    distillation : float
        Weight, 0..1, of a teacher's answers in the loss, which takes it from the labels'; see `distillation_loss`.
    temperature : float
        By which both networks' answers are divided then.
    threshold_raise : float
        Largest amount by which stateless thresholds are raised, drawn anew for every batch; see `RaisedThresholds`.
        Batch-norm's running statistics are then those of no single raise; `workflow.train` measures them anew when it
        is done, and nothing can be validated before.
    graded_epochs : float
        Epochs over which what stateless neurons send turns from graded values into spikes, fewer than all; 0 spikes
        from the first batch. See `GradualSpikes`.
    gate_share : float
        Share of a layer's activity that predictors learn to keep, or of its channels or cells where they learn
        jointly with the task; 0..1. See `lava_spquant.slayer.gate.GateConfig`.
    gate_loss : float
        Weight of the predictors' loss.
    gate_learning_rate : float
        Of the predictors' own group in the optimiser; 0 means that of the rest.
    gate_warmup_epochs, gate_ramp_epochs : float
        Epochs in which predictors learn and everything stays open (those that learn jointly with the task have nothing
        to learn from then), and epochs after these in which the share that is kept falls from 1 to `gate_share`.
    freeze_norm : bool
        Batch-norm keeps its running statistics, as the deployed network does; for training further.
    validation : float
        Share of the training images, 0..0.5, that are set aside to choose the epoch whose network is the result.
        With 0 it is the last epoch's.
    patience : int
        Stop after so many epochs without a better validation accuracy; 0 never stops early.
    checkpoint_steps : int
        Write a checkpoint within epochs too, every so many batches; 0 does not.
    checkpoint_minutes : float
        The same by time, for epochs of unknown length; 0 does not.

    Raises
    ------
    ValueError
        If a field is out of range.
    """

    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warmup_epochs: float = 1.0
    loss: str = "tet"
    lam: float = 0.05
    gradient_clip: float = 0.0
    optimizer: str = "adamw"
    momentum: float = 0.9
    schedule: str = "cosine"
    step_epochs: int = 10
    step_factor: float = 0.1
    accumulate_grad_batches: int = 1
    precision: str = "32"
    validation: float = 0.0
    patience: int = 0
    checkpoint_steps: int = 0
    checkpoint_minutes: float = 0.0
    rate_penalty: float = 0.0
    rate_target: float = 0.1
    synops_penalty: float = 0.0
    synops_target: float = 0.0
    distillation: float = 0.0
    temperature: float = 2.0
    threshold_raise: float = 0.0
    graded_epochs: float = 0.0
    freeze_norm: bool = False
    gate_share: float = 0.85
    gate_loss: float = 1.0
    gate_learning_rate: float = 0.0
    gate_warmup_epochs: float = 0.0
    gate_ramp_epochs: float = 0.0
    rate_targets: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        # A recipe's list arrives as one.
        object.__setattr__(self, "rate_targets", tuple(self.rate_targets))
        for what in ("epochs", "batch_size", "step_epochs", "accumulate_grad_batches"):
            self._check(what, getattr(self, what) >= 1, "at least 1")
        self._check("learning_rate", 0 < self.learning_rate < math.inf, "a positive number")
        unlimited = ("weight_decay", "warmup_epochs", "gradient_clip", "patience", "threshold_raise", "graded_epochs")
        spikes = ("rate_penalty", "synops_penalty", "synops_target")
        gates = ("gate_loss", "gate_learning_rate", "gate_warmup_epochs", "gate_ramp_epochs")
        for what in (*unlimited, *spikes, *gates, "checkpoint_steps", "checkpoint_minutes"):
            self._check(what, 0 <= getattr(self, what) < math.inf, "at least 0")
        for what, names in (
            ("loss", LOSSES),
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("precision", PRECISIONS),
        ):
            self._check(what, getattr(self, what) in names, f"one of {', '.join(names)}")
        self._check("lam", 0 <= self.lam <= 1, "0..1")
        self._check("rate_target", 0 <= self.rate_target <= 1, "0..1")
        self._check("rate_targets", all(0 <= target <= 1 for target in self.rate_targets), "0..1 each")
        self._check("synops_target", self.synops_target > 0 or not self.synops_penalty, "more than 0 with a penalty")
        self._check("distillation", 0 <= self.distillation <= 1, "0..1")
        self._check("temperature", 0 < self.temperature < math.inf, "a positive number")
        self._check("gate_share", 0 < self.gate_share <= 1, "more than 0 and at most 1")
        self._check("graded_epochs", self.graded_epochs < self.epochs, f"fewer than {self.epochs} epochs")
        self._check("momentum", 0 <= self.momentum < 1, "0 or more and less than 1")
        self._check("step_factor", 0 < self.step_factor <= 1, "more than 0 and at most 1")
        self._check("validation", 0 <= self.validation <= 0.5, "0..0.5")
        mixed = self.threshold_raise > 0 and not self.freeze_norm
        self._check("validation", self.validation == 0 or not mixed, "0 with threshold_raise and without freeze_norm")
        self._check("patience", self.patience == 0 or self.validation > 0, "0 where validation is 0")

    def _check(self, what: str, good: bool, expected: str) -> None:
        if not good:
            raise ValueError(f"training: {what}: found {getattr(self, what)!r}, expected {expected}")

    def make_loss(self) -> nn.Module:
        """Return the loss on the read-out's running sum."""
        return LOSSES[self.loss](self.lam) if self.loss == "tet" else LOSSES[self.loss]()

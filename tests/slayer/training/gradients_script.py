"""Writes the gradient of one batch to a file: `gradients_script.py DEVICES SAMPLES PRECISION FILE [joint]`.

A program of its own, because Lightning starts it again for every further process.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from lava_spquant import ir
from lava_spquant.data.augment import random_shift
from lava_spquant.data.tensor import to_nchwt
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.gate import GateConfig
from lava_spquant.slayer.training import Classifier, SameNumbers, Share, TrainingConfig, batch_loader

SHAPE, CLASSES, STEPS = (2, 7, 6), 3, 3
NEURON = {"threshold": 1.0, "voltage_decay": 0.5, "membrane": "ternary"}
SHARE = 0.82
"""In joint training the first predictor leaves more open for all of thirteen samples, but less for the first six."""


class KeepGradients(L.Callback):
    """Keeps the gradients as the optimiser gets them."""

    def __init__(self) -> None:
        self.found: dict[str, Tensor] = {}

    def on_before_optimizer_step(self, trainer: L.Trainer, pl_module: L.LightningModule, optimizer: Any) -> None:
        self.found = {name: p.grad.clone() for name, p in pl_module.named_parameters() if p.grad is not None}
        assert len(self.found) == len(list(pl_module.parameters()))


def model(gates: GateConfig | None) -> SpikingNetwork:
    torch.manual_seed(0)
    blocks = [
        block.Conv(NEURON, SHAPE[0], 4, (3, 2), padding=1, weight="sawb8", batch_norm=True),
        block.Residual(NEURON, 4, 6, stride=2, weight="ternary", gates=gates, size=(7, 7)),
        block.Flatten(),
        block.Readout(6 * 4 * 4, CLASSES),
    ]
    return SpikingNetwork(blocks, ir.InputSpec(SHAPE, 8))


def main(devices: int, samples: int, precision: str, target: Path, joint: bool = False) -> None:
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (samples, *SHAPE), generator=generator).to(torch.uint8)
    double = precision == "64-true"

    def encode(shown: Tensor) -> Tensor:
        x = to_nchwt(shown, STEPS)
        return x.double() if double else x

    def augment(part: Tensor, drawn: torch.Generator, share: Share) -> Tensor:
        return random_shift(part, 1, drawn, part=(share.start, share.total))

    config = TrainingConfig(epochs=1, batch_size=samples, optimizer="sgd", warmup_epochs=0, gate_share=SHARE)
    # Whose currents are normalised outside of the neuron, with another rounding in float32.
    gates = GateConfig("channel", joint=joint) if double else None
    module = Classifier(model(gates), config, encode, CLASSES, augment)
    kept = KeepGradients()
    trainer = L.Trainer(
        max_steps=1,
        accelerator="cpu",
        devices=devices,
        strategy="ddp" if devices > 1 else "auto",
        precision=precision,  # type: ignore[arg-type]
        callbacks=[kept, SameNumbers()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    trainer.fit(module, batch_loader(TensorDataset(images, torch.arange(samples) % CLASSES), samples, seed=2))
    if trainer.is_global_zero:
        torch.save({"gradients": kept.found, "state": module.model.state_dict()}, target)


if __name__ == "__main__":
    torch.set_num_threads(1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # What `seed_everything` leaves, by which Lightning seeds several processes anew.
    os.environ["PL_GLOBAL_SEED"] = "5"
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), sys.argv[5:] == ["joint"])

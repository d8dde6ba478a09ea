"""SLAYER's own `Assistant` and statistics train a whole `SpikingNetwork`, and measure its integers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from lava.lib.dl import slayer

from lava_spquant import ir, netx
from lava_spquant.ir import reference
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.loss import MeanCrossEntropy, TemporalEfficientTraining, mean_output

SHAPE, CLASSES, STEPS = (1, 6, 5), 2, 6
NEURON = {"threshold": 1.0, "voltage_decay": 0.5, "membrane": "ternary"}
SPIKING = {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03, "tau_grad": 0.05, "scale_grad": 3}

Predict = Callable[[torch.Tensor], torch.Tensor]


def network(last: torch.nn.Module) -> SpikingNetwork:
    blocks = [
        block.Conv(NEURON, 1, 6, (3, 2), weight="ternary", batch_norm=True),
        block.Flatten(),
        last,
    ]
    return SpikingNetwork(blocks, ir.InputSpec(SHAPE, 1), "assisted")


def predict(output: torch.Tensor) -> torch.Tensor:
    return mean_output(output).argmax(dim=1)


def samples(count: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    """Two classes that spike in different rows."""
    generator = torch.Generator().manual_seed(0)
    label = torch.arange(count) % CLASSES
    rate = torch.full((count, *SHAPE, 1), 0.05)
    for index, kind in enumerate(label):
        rate[index, :, 3 * kind : 3 * kind + 3] = 0.6
    return (torch.rand(count, *SHAPE, STEPS, generator=generator) < rate).float(), label


@pytest.mark.parametrize(
    ("last", "error", "classifier"),
    [
        ("readout", TemporalEfficientTraining(), predict),
        ("readout", MeanCrossEntropy(), predict),
        ("spiking", slayer.loss.SpikeRate(true_rate=0.6, false_rate=0.05), slayer.classifier.Rate.predict),
        ("spiking", slayer.loss.SpikeMax(mode="softmax"), slayer.classifier.Rate.predict),
    ],
)
def test_the_assistant_trains_a_network(
    tmp_path: Path, last: str, error: torch.nn.Module, classifier: Predict, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(2)
    size = 6 * 4 * 4
    ends = {"readout": lambda: block.Readout(size, CLASSES), "spiking": lambda: block.Dense(SPIKING, size, CLASSES)}
    net, (x, label) = network(ends[last]()), samples()
    stats = slayer.utils.LearningStats()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.02)
    assistant = slayer.utils.Assistant(net, error, optimizer, stats, classifier=classifier)
    for epoch in range(10):
        for start in range(0, len(x), 16):
            output = assistant.train(x[start : start + 16], label[start : start + 16])
            assert output.shape == (16, CLASSES, STEPS)
            assert output.requires_grad
        found = assistant.test(x, label)
        stats.print(epoch)
        stats.update()
    assert "Train loss" in capsys.readouterr().out
    assert stats.training.loss_log[-1] < stats.training.loss_log[0]
    assert stats.testing.max_accuracy > 0.85
    stats.save(f"{tmp_path}/")
    assert len((tmp_path / "accuracy.txt").read_text().splitlines()) == 1 + 10
    # What it tested are the integers that are exported.
    net.export_hdf5(tmp_path / "assisted.net")
    answers = reference.run(netx.load(tmp_path / "assisted.net"), x.movedim(-1, 0).numpy().astype(np.int32))
    integers = torch.from_numpy(np.moveaxis(answers.output, 0, -1).astype(np.float32))
    assert torch.equal(classifier(integers), classifier(found))

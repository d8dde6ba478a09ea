"""Scripts as people write them for SLAYER, with our blocks in the place of SLAYER's."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import torch
from lava.lib.dl import slayer

from lava_spquant import netx
from lava_spquant.ir import reference
from lava_spquant.slayer import block
from lava_spquant.slayer.stream import Stream

CUBA = {
    "threshold": 1.25,
    "current_decay": 0.25,
    "voltage_decay": 0.03,
    "tau_grad": 0.03,
    "scale_grad": 3,
    "requires_grad": True,
}
QLIF = {"threshold": 1.0, "voltage_decay": 0.25, "membrane": "ternary"}
POOLED = Stream(0, 4, 0.25)


class Network(torch.nn.Module):
    """The shape of every SLAYER tutorial: blocks in a list, a loop, an export of each."""

    def __init__(self, blocks: list[torch.nn.Module]) -> None:
        super().__init__()
        self.blocks = torch.nn.ModuleList(blocks)

    def forward(self, spike: torch.Tensor) -> torch.Tensor:
        for made in self.blocks:
            spike = made(spike)
        return spike

    def grad_flow(self) -> list[float]:
        return [b.synapse.grad_norm for b in self.blocks if hasattr(b, "synapse")]

    def export_hdf5(self, filename) -> None:
        h = h5py.File(filename, "w")
        layer = h.create_group("layer")
        for i, b in enumerate(self.blocks):
            b.export_hdf5(layer.create_group(f"{i}"))
        h.close()


def cuba_mlp() -> list[torch.nn.Module]:
    return [
        block.Flatten(),
        block.Dense({**CUBA, "dropout": slayer.neuron.Dropout(p=0.05)}, 72, 32, weight_norm=True, weight="slayer8"),
        block.Dense(CUBA, 32, 2, weight_norm=True, weight="slayer8"),
    ]


def spquant_conv() -> list[torch.nn.Module]:
    return [
        block.Input(bits=1),
        block.Conv(QLIF, 2, 8, 3, padding=1, batch_norm=True),
        block.Pool(None, 2),
        block.Residual(QLIF, 8, 8, reads=POOLED),
        block.Flatten(),
        block.Dense({**QLIF, "tau_grad": 0.01, "scale_grad": 10}, 72, 2, weight="sawb8", batch_norm=True),
    ]


def mixed() -> list[torch.nn.Module]:
    return [
        block.Conv(QLIF, 2, 6, (3, 1), padding=(1, 0), batch_norm=True),
        slayer.block.cuba.Conv(CUBA, 6, 4, (1, 3), stride=(2, 1), weight_scale=3, delay_shift=False),
        slayer.block.cuba.Flatten(),
        slayer.block.cuba.Dense(CUBA, 4 * 3 * 4, 16, weight_scale=3, delay_shift=False),
        block.Dense({**QLIF, "reset": "soft"}, 16, 12, batch_norm=True),
        block.Dense(CUBA, 12, 2, weight="slayer8", weight_scale=3),
    ]


def samples(count: int = 32, steps: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    """Two classes that spike in different halves of a 2x6x6 sensor."""
    generator = torch.Generator().manual_seed(0)
    label = torch.arange(count) % 2
    rate = torch.full((count, 2, 6, 6, 1), 0.1)
    for index, kind in enumerate(label):
        rate[index, :, :, 3 * kind : 3 * kind + 3] = 0.5
    return (torch.rand(count, 2, 6, 6, steps, generator=generator) < rate).float(), label


@pytest.mark.parametrize("make", [cuba_mlp, spquant_conv, mixed])
def test_a_script_trains(make, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(4)
    net = Network(make())
    x, label = samples()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    error = slayer.loss.SpikeRate(true_rate=0.6, false_rate=0.05, reduction="sum")
    stats = slayer.utils.LearningStats()
    assistant = slayer.utils.Assistant(net, error, optimizer, stats, classifier=slayer.classifier.Rate.predict)
    for epoch in range(12):
        for start in range(0, len(x), 16):
            output = assistant.train(x[start : start + 16], label[start : start + 16])
            assert output.shape == (16, 2, 12)
        assert len(net.grad_flow()) >= 2
        assistant.test(x, label)
        stats.print(epoch)
        stats.update()
    training, testing = stats.training, stats.testing
    assert min(training.loss_log[-3:]) < 0.6 * training.loss_log[0]
    assert max(training.accuracy_log) > 0.85
    assert testing.max_accuracy > 0.85
    assert "Train loss" in capsys.readouterr().out


@pytest.mark.parametrize("make", [cuba_mlp, spquant_conv, mixed])
def test_the_file_of_a_script_is_what_its_eval_computes(make, tmp_path) -> None:
    torch.manual_seed(1)
    net = Network(make())
    x, label = samples(8)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        slayer.loss.SpikeRate(0.6, 0.05)(net(x), label).backward()
        optimizer.step()
    expected = net.eval()(x)
    net.export_hdf5(tmp_path / "network.net")
    assert netx.info(tmp_path / "network.net").profile == "stock"
    network = netx.load(tmp_path / "network.net", input_shape=(2, 6, 6))
    found = reference.run(network, x.movedim(-1, 0).numpy().astype(np.int32)).output
    np.testing.assert_array_equal(found, expected.movedim(-1, 0).numpy())
    assert 0 < found.mean() < 1


@pytest.mark.parametrize(
    "loss", [slayer.loss.SpikeTime(), slayer.loss.SpikeMax(mode="softmax"), slayer.loss.SpikeMoid()]
)
def test_slayers_losses_have_gradients_through_our_blocks(loss: torch.nn.Module) -> None:
    torch.manual_seed(0)
    net = Network(spquant_conv())
    x, label = samples(4)
    if isinstance(loss, slayer.loss.SpikeTime):
        label = torch.zeros(4, 2, 12)
    elif isinstance(loss, slayer.loss.SpikeMoid):
        label = torch.nn.functional.one_hot(label, 2).float()
    loss(net(x), label).backward()
    assert all(b.synapse.grad_norm > 0 for b in net.blocks if isinstance(b, (block.Conv, block.Dense)))

"""Thresholds and leaks that are learned: their gradients, and the integers that they become."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lava_spquant import ir
from lava_spquant.ir import reference
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.loss import TemporalEfficientTraining
from lava_spquant.slayer.models import ConvNetConfig, build_convnet
from lava_spquant.slayer.neuron import QLif, QLifConfig, make_neuron, neuron_config
from lava_spquant.slayer.neuron.qlif import THRESHOLD_MIN
from lava_spquant.slayer.training import Classifier, TrainingConfig


def network(kind: str, decay: bool = False) -> SpikingNetwork:
    torch.manual_seed(0)
    neuron = QLifConfig(learn_threshold=kind, learn_decay=decay)
    blocks: list[block.Deployable] = [
        block.Conv(neuron, 2, 5, (3, 2), padding=(1, 0), batch_norm=True),
        block.Residual(neuron, 5, 5),
        block.PooledConv(neuron, 5, 4, 3, 2, padding=1),
        block.Dense(neuron, 4 * 3 * 2, 6, bias=True),
        block.Readout(6, 3),
    ]
    return SpikingNetwork(blocks, ir.InputSpec((2, 6, 6), 4))


def values(model: SpikingNetwork, steps: int = 3, batch: int = 4) -> torch.Tensor:
    rng = np.random.default_rng(0)
    return torch.from_numpy(rng.integers(0, 16, (batch, *model.input_spec.shape, steps))).float()


@pytest.mark.parametrize(("kind", "count"), [("no", 0), ("layer", 5), ("channel", 5 + 5 + 5 + 4 + 6)])
def test_one_threshold_per_layer_or_channel(kind: str, count: int) -> None:
    model = network(kind)
    learned = [p for name, p in model.named_parameters() if name.endswith(".vth")]
    assert sum(p.numel() for p in learned) == count
    assert all(bool((p == 1).all()) for p in learned)


@pytest.mark.parametrize("kind", ["layer", "channel"])
def test_training_moves_thresholds_and_leaks_and_the_integers_follow(kind: str) -> None:
    model = network(kind, decay=True)
    optimizer = torch.optim.Adam(model.parameters(), 0.03)
    for _ in range(4):
        optimizer.zero_grad()
        (model(values(model)) - 1).square().mean().backward()
        optimizer.step()
    neurons = [m for m in model.modules() if isinstance(m, QLif)]
    # A layer that never fires learns nothing: the path is open above the threshold only.
    assert sum(np.abs(n.thresholds - 1).max() > 1e-3 for n in neurons) >= 3
    assert any(n.decay != 2048 for n in neurons)
    deployed = [b.neuron for b in model.to_ir().blocks if isinstance(b.neuron, ir.QLif)]
    assert [n.decay for n in deployed] == [n.decay for n in neurons]
    assert {n.vth for n in deployed} == {4096}
    x = values(model).movedim(-1, 0).numpy().astype(int)
    found, expected = model.trace(x), reference.run(model.to_ir(), x)
    for have, want in zip(found.blocks, expected.blocks, strict=True):
        assert all(np.array_equal(have[k], want[k]) for k in want)
    assert any(0 < b["spikes"].mean() < 1 for b in expected.blocks if "spikes" in b)


def test_a_higher_threshold_is_a_smaller_gain() -> None:
    model = network("channel")
    before = model.to_ir().blocks[0]
    neuron = model.blocks[0].neuron
    with torch.no_grad():
        neuron.vth.copy_(torch.tensor([1.0, 2.0, 4.0, 0.5, 1.0]))
    after = model.to_ir().blocks[0]
    scale = [b.branches[0].gain / 2.0 ** b.branches[0].shift for b in (before, after)]
    np.testing.assert_allclose(scale[0] / scale[1], [1, 2, 4, 0.5, 1], rtol=0.01)


def test_a_threshold_that_is_learned_to_nothing_stays_positive() -> None:
    model = network("layer")
    with torch.no_grad():
        model.blocks[0].neuron.vth.fill_(-3.0)
    assert model.blocks[0].neuron.threshold == THRESHOLD_MIN
    assert bool(torch.isfinite(model(values(model))).all())
    model.to_ir()


def test_the_leak_is_what_is_deployed() -> None:
    neuron = make_neuron({"threshold": 1.0, "voltage_decay": 0.3, "requires_grad": True})
    assert isinstance(neuron, QLif)
    assert neuron.keep is not None
    with torch.no_grad():
        neuron.keep.fill_(0.123456)
    _, kept = neuron._constants()
    assert float(kept) == (4096 - neuron.decay) / 4096
    assert torch.autograd.grad(kept, neuron.keep)[0] == 1


def test_who_has_no_channels_learns_one_threshold() -> None:
    with pytest.raises(ValueError, match="learn_threshold: found 'channel' in a block without channels"):
        block.Pool({"learn_threshold": "channel"}, 2)
    assert block.Pool({"learn_threshold": "layer"}, 2).neuron.threshold == 1
    assert neuron_config({"requires_grad": True}).learn_decay  # type: ignore[union-attr]


def test_the_first_layer_of_a_model_keeps_its_threshold() -> None:
    model = build_convnet(ConvNetConfig("4-6-R6-FC5-FC", learn_threshold="layer"), ir.InputSpec((1, 6, 6)), 3)
    learned = [name for name, _ in model.named_parameters() if name.endswith(".vth")]
    assert len(learned) == 4
    assert not any(name.startswith("blocks.0.") for name in learned)


def test_tet_pulls_towards_the_mean_of_the_learned_thresholds() -> None:
    model = build_convnet(ConvNetConfig("4-6-FC5-FC", learn_threshold="channel"), ir.InputSpec((1, 6, 6)), 3)
    learned = [m.vth for m in model.modules() if isinstance(m, QLif) and m.vth is not None]
    for scale, vth in zip((2.0, 5.0), learned, strict=True):
        vth.data.fill_(scale)
    assert model.mean_threshold() == 3.5
    made = Classifier(model, TrainingConfig(loss="tet"), lambda x: x, 3)
    made._follow_thresholds()
    assert isinstance(made.loss, TemporalEfficientTraining)
    assert made.loss.target == 3.5
    fixed = build_convnet(ConvNetConfig("4-6-FC5-FC"), ir.InputSpec((1, 6, 6)), 3)
    assert fixed.mean_threshold() is None

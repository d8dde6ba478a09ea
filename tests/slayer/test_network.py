"""Models of blocks in a row: bad input, bad models, tracing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lava_spquant import ir
from lava_spquant.slayer import SpikingNetwork, block

NEURON = {"threshold": 1.0}


def model(bits: int = 1, signed: bool = False) -> SpikingNetwork:
    torch.manual_seed(0)
    blocks = [block.Conv(NEURON, 2, 3, (3, 1), batch_norm=True), block.Flatten(), block.Readout(3 * 2 * 5, 4)]
    return SpikingNetwork(blocks, ir.InputSpec((2, 4, 5), bits, signed), "named")


def image(value: float = 1.0, steps: int = 3) -> torch.Tensor:
    return torch.full((2, 2, 4, 5, steps), value)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("value", "bits", "signed", "message"),
    [
        (float("nan"), 1, False, "found NaN or infinity, expected whole numbers in 0..1"),
        (float("-inf"), 8, False, "found NaN or infinity, expected whole numbers in 0..255"),
        (0.5, 8, False, "found fractions, expected whole numbers in 0..255"),
        (2.0, 1, False, r"found 1\.\.2, expected whole numbers in 0\.\.1"),
        (-1.0, 8, False, r"found -1\.\.1, expected whole numbers in 0\.\.255"),
        (-129.0, 8, True, r"found -129\.\.1, expected whole numbers in -128\.\.127"),
        (1e30, 8, False, r"found 1\.\.1e\+30"),
    ],
)
def test_bad_values(training: bool, value: float, bits: int, signed: bool, message: str) -> None:
    made = model(bits, signed).train(training)
    x = image()
    x[1, 0, 2, 3, 2] = value
    with pytest.raises(ValueError, match="^named: input values: " + message):
        made(x)
    with pytest.raises(ValueError, match="^named: input values: "):
        made(x[..., 2:].expand(2, 2, 4, 5, 6))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(2, 2, 4, 5), (2, 4, 5, 3), (2, 2, 5, 4, 3), (2, 40, 3), (2, 2, 4, 5, 0)])
def test_bad_shapes(training: bool, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^named: input shape: found \(2, .*expected \(N, \(2, 4, 5\), T\)"):
        model().train(training)(torch.zeros(shape))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((3, 2, 2, 5, 4), int), "input: shape: found"),
        (np.full((3, 2, 2, 4, 5), 0.5), "input: values: found dtype float64, expected whole numbers"),
        (np.full((3, 2, 2, 4, 5), np.nan), "input: values"),
        (np.full((3, 2, 2, 4, 5), 2), r"input: values: found 2\.\.2, expected 0\.\.1"),
    ],
)
def test_bad_input_to_a_trace(x: np.ndarray, message: str) -> None:
    with pytest.raises(ir.NetworkError, match=message):
        model().trace(x)


def test_blocks_by_themselves_refuse_what_they_do_not_read() -> None:
    conv = block.Conv(NEURON, 2, 3, 1).eval()
    with pytest.raises(ValueError, match=r"conv: input values: found 4\.\.4, expected .* 0\.\.1; declare what arrives"):
        conv(image(4.0))
    with pytest.raises(ValueError, match="conv: input values: found NaN"):
        conv(image(float("nan")))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (list, "blocks: found none"),
        (lambda: [block.Readout(40, 3), block.Dense(NEURON, 3, 3)], r"block 0 \(readout\): found a block behind it"),
        (lambda: [block.Average(2), block.Flatten()], r"block 0 \(average\): found a block behind it"),
        (lambda: [block.Conv(NEURON, 2, 3, 1, delay_shift=True)], r"block 0 \(conv\): delay_shift: found True"),
        (lambda: [block.Input(bits=8)], r"declared values: found 0\.\.255, expected 0\.\.1"),
        (lambda: [block.Input(bits=1, quantise=True)], "quantise: found True"),
    ],
)
def test_bad_models(make, message: str) -> None:
    with pytest.raises(ValueError, match=f"SpikingNetwork: .*{message}"):
        SpikingNetwork(make(), ir.InputSpec((2, 4, 5)))


def test_an_input_block_that_agrees_changes_nothing() -> None:
    plain = model(8)
    torch.manual_seed(0)
    blocks = [block.Input(bits=8), block.Conv(NEURON, 2, 3, (3, 1), batch_norm=True), block.Readout(30, 4)]
    declared = SpikingNetwork(blocks, ir.InputSpec((2, 4, 5), 8))
    x = image(200.0)
    assert torch.equal(declared(x), plain(x))
    assert torch.equal(declared.eval()(x), plain.eval()(x))


def test_every_block_learns_what_it_reads() -> None:
    blocks = [block.Pool(None, 2), block.Conv(NEURON, 2, 2, 1), block.Pool(None, (1, 2)), block.Readout(2 * 2 * 1, 3)]
    SpikingNetwork(blocks, ir.InputSpec((2, 4, 5), 8))
    reads = [b.branches[0].reads for b in blocks]
    assert [r.bounds for r in reads] == [(0, 255), (0, 1020), (0, 1), (0, 2)]
    assert [r.scale for r in reads] == pytest.approx([1 / 255, 1 / 1020, 1, 1 / 2])


@pytest.mark.parametrize("training", [True, False])
def test_a_trace_leaves_the_model_as_it_was(training: bool) -> None:
    made = model().train(training)
    before = {k: v.clone() for k, v in made.state_dict().items()}
    x = np.random.default_rng(0).integers(0, 2, (3, 2, 2, 4, 5))
    first, second = made.trace(x), made.trace(x)
    assert made.training == training
    assert all(m.training == training for m in made.modules())
    for name, value in made.state_dict().items():
        assert torch.equal(value, before[name])
    for one, other in zip(first.blocks, second.blocks, strict=True):
        assert all(np.array_equal(one[k], other[k]) for k in one)


def test_a_repeated_image_is_traced_as_it_lies() -> None:
    x = np.broadcast_to(
        np.random.default_rng(0).integers(0, 2, (1, 3, *model().input_spec.shape)), (4, 3, *model().input_spec.shape)
    )
    assert not x.flags.writeable
    assert np.array_equal(model().trace(x).output, model().trace(x.copy()).output)


def test_a_model_without_parameters_can_be_traced() -> None:
    made = SpikingNetwork([block.Input(NEURON)], ir.InputSpec((3,), 8))
    found = made.trace(np.full((2, 1, 3), 200))
    assert [b.name for b in made.to_ir().blocks] == ["input0"]
    assert found.output.shape == (2, 1, 3)


def test_eval_gives_no_gradient_and_train_does() -> None:
    made = model()
    made(image()).sum().backward()
    assert all(p.grad is not None for p in made.parameters())
    assert not made.eval()(image()).requires_grad


def test_names_of_deployed_blocks() -> None:
    blocks = [
        block.Input(NEURON, bits=8),
        block.Residual(NEURON, 2, 2),
        block.Pool(None, 2),
        block.Flatten(),
        block.Dense(NEURON, 8, 4),
        block.Average(2),
    ]
    network = SpikingNetwork(blocks, ir.InputSpec((2, 4, 5), 8), "all").to_ir()
    names = ["input0", "residual1.first", "residual1.join", "pool2", "dense4", "average5"]
    assert [b.name for b in network.blocks] == names
    assert [[branch.source for branch in b.branches] for b in network.blocks] == [[-1], [0], [1, 0], [2], [3], [4]]
    assert network.name == "all"


def test_train_and_eval_mostly_agree() -> None:
    # With batch-norm's running statistics the float model and the integers differ by rounding alone.
    torch.manual_seed(0)
    blocks = [
        block.Conv(NEURON, 2, 16, 3, padding=1, batch_norm=True, weight="sawb4"),
        block.Conv(NEURON, 16, 16, 3, padding=1, batch_norm=True),
        block.Dense(NEURON, 16 * 20, 64, batch_norm=True),
    ]
    made = SpikingNetwork(blocks, ir.InputSpec((2, 4, 5), 8))
    x = torch.randint(0, 256, (16, 2, 4, 5, 4), generator=torch.Generator().manual_seed(1)).float()
    for _ in range(60):
        made(x)
    for module in made.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.eval()
    for single in made.blocks:
        single.train()
        if single.branches[0].norm is not None:
            single.branches[0].norm.eval()
        floats = single(x)
        x = single.eval()(x)
        assert 0.02 < x.mean() < 0.6
        assert (floats != x).float().mean() < 0.005

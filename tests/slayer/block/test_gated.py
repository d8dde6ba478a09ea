"""Gated blocks: the integers of the reference while part is closed, and who learns from what in training."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable

import pytest
import torch
from torch import Tensor, nn

from lava_spquant import ir
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.gate import GateConfig
from tests.engine.harness import assert_exact as assert_engine_exact
from tests.slayer.gated_models import convolutions, half_open, open_shares, random_input, residuals
from tests.slayer.test_exactness import assert_exact, assert_same

MODELS: dict[str, Callable[[GateConfig], SpikingNetwork]] = {"conv": convolutions, "residual": residuals}

CONFIGS = [GateConfig("channel"), GateConfig("spatial"), GateConfig("both"), GateConfig("both", joint=True)]

NAMES = [f"{config.kind}{' joint' * config.joint}" for config in CONFIGS]


def gated_blocks(model: nn.Module) -> list[block.Gated]:
    return [module for module in model.modules() if isinstance(module, block.Gated)]


def spikes_in(*shape: int) -> Tensor:
    return (torch.rand(shape, generator=torch.Generator().manual_seed(5)) < 0.5).float()


@pytest.mark.parametrize("config", CONFIGS, ids=NAMES)
@pytest.mark.parametrize("name", MODELS)
def test_eval_is_the_reference_and_the_engine_at_every_block(name: str, config: GateConfig) -> None:
    model = MODELS[name](config)
    network = model.to_ir()
    shares = open_shares(network, random_input(3, 2))
    assert len(shares) == len(gated_blocks(model)) >= 3
    assert all(0 < share < 1 for share in shares)
    for steps, batch in ((3, 2), (1, 1)):
        x = random_input(steps, batch)
        trace = assert_exact(model, x)
        assert_same(trace, assert_engine_exact(network, x), network)
    rates = [found["spikes"].mean() for found in trace.blocks if "spikes" in found]
    assert any(0 < rate < 1 for rate in rates)


@pytest.mark.parametrize(("stride", "cell", "cells"), [(2, 3, (3, 2)), (1, 3, (3, 2)), (3, 1, None)])
def test_cells_of_the_input_are_cells_of_the_output(stride: int, cell: int, cells: tuple[int, int] | None) -> None:
    torch.manual_seed(0)
    conv = block.Conv({"threshold": 0.5}, 2, 3, 3, stride, 1, batch_norm=True)
    config = GateConfig("spatial", cell)
    if cells is None:
        with pytest.raises(ValueError, match=r"Gated: gate shape: found \(1, 9, 6\), expected .* over \(3, 3, 2\)"):
            block.Gated(conv, 2, 3, (9, 6), config)
        return
    spec = ir.InputSpec((2, 9, 6))
    model = half_open(SpikingNetwork([block.Gated(conv, 2, 3, (9, 6), config)], spec))
    x = random_input(4, 3, spec)
    network = model.to_ir()
    assert network.shapes[1] == (1, *cells)
    assert 0 < open_shares(network, x)[0] < 1
    assert_engine_exact(network, x)
    assert_exact(model, x)


@pytest.mark.parametrize("whole", [False, True], ids=["its blocks", "all of it"])
@pytest.mark.parametrize("config", CONFIGS[:3], ids=NAMES[:3])
@pytest.mark.parametrize("name", MODELS)
def test_training_computes_what_is_exported(name: str, config: GateConfig, whole: bool) -> None:
    """Float against integers on the same input; a logit near zero may be rounded to either side, as a spike may."""
    model = MODELS[name](config)
    kinds = (block.Block, block.Gated) if whole else (block.Block,)
    x = torch.from_numpy(random_input(3, 2)).float().movedim(0, -1)
    with torch.no_grad():
        for part in model:
            integers = part(x)
            inner = [module for module in part.modules() if isinstance(module, kinds)]
            for module in inner:
                module.training = True  # batch-norm below it keeps its running statistics
            floats = part(x)
            for module in inner:
                module.training = False
            if any(isinstance(module, block.Gated) for module in part.modules()):
                assert float((integers != floats).double().mean()) < 0.04, part.kind
                assert 0 < float(integers.mean()) < 1
            x = integers


def gradients(parameters: Iterable[nn.Parameter]) -> float:
    """Return the sum of all gradients' magnitudes; none counts as 0."""
    return sum(float(p.grad.abs().sum()) for p in parameters if p.grad is not None)


def everything_but_predictors(model: nn.Module) -> list[nn.Parameter]:
    apart = {id(p) for gated in gated_blocks(model) for p in gated.predictors.parameters()}
    return [p for p in model.parameters() if id(p) not in apart]


@pytest.mark.parametrize("joint", [False, True], ids=["decoupled", "joint"])
@pytest.mark.parametrize("kind", ["channel", "spatial", "both"])
def test_who_learns_from_what(kind: str, joint: bool) -> None:
    """Decoupled, predictors learn from their own loss alone, and nobody else does; jointly, all learn from both."""
    for name, make in MODELS.items():
        model = make(GateConfig(kind, joint=joint)).train()
        predictors = [p for gated in gated_blocks(model) for p in gated.predictors.parameters()]
        others = everything_but_predictors(model)
        for gate in (gate for gated in gated_blocks(model) for gate in gated.gates.values()):
            gate.share = 0.2
        x = torch.from_numpy(random_input(3, 2)).float().movedim(0, -1)
        torch.manual_seed(0)
        model(x).square().sum().backward()
        assert (gradients(predictors) > 0) == joint, name
        assert gradients(others) > 0
        model.zero_grad()
        torch.manual_seed(0)
        model(x)
        for gated in gated_blocks(model):
            gated.take_loss().backward(retain_graph=True)
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in predictors), name
        assert (gradients(others) > 0) == joint, name
        assert gradients(model.blocks[-1].parameters()) == 0


def test_jointly_both_losses_reach_the_input() -> None:
    gated = block.Gated(
        block.Conv({}, 2, 3, 3, padding=1, batch_norm=True), 2, 3, (4, 6), GateConfig("both", joint=True)
    )
    gated.gates["channel"].share = gated.gates["spatial"].share = 0.1
    x = spikes_in(3, 2, 4, 6, 2).requires_grad_()
    torch.manual_seed(0)
    gated(x)
    gated.take_loss().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0


def test_closed_channels_and_places_are_silent_in_training() -> None:
    torch.manual_seed(0)
    conv = block.Conv({"membrane": "none", "voltage_decay": 1.0}, 2, 3, 3, padding=1, weight="none", bias=True)
    gated = block.Gated(conv, 2, 3, (4, 6), GateConfig("both"))
    assert conv.branches[0].bias is not None
    conv.branches[0].bias.data.fill_(3.0)  # type: ignore[union-attr, operator]
    for gate in gated.gates.values():
        gate.block.branches[0].norm.bias.data.zero_()  # type: ignore[union-attr, operator]
    seen = []
    for gate in gated.gates.values():
        gate.register_forward_hook(lambda *given: seen.append(given[-1]))
    x = spikes_in(4, 2, 4, 6, 3)
    out = gated.train()(x)
    open_now = gated.open_share
    assert all(0 < share < 1 for share in open_now.values())
    # Every neuron that receives current fires.
    assert float(out.mean()) == pytest.approx(open_now["channel"] * open_now["spatial"], abs=0.1)
    full = out.mean(dim=(1, 2, 3))
    assert not seen  # the deployed mask is evaluation's
    assert full.min() < 1
    gated.eval()(x)
    assert [mask.shape for mask in seen] == [(4, 3, 1, 1, 3), (4, 1, 2, 3, 3)]
    spread = seen[1].repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(gated(x), seen[2] * spread)


def test_nothing_is_closed_while_predictors_warm_up() -> None:
    model = convolutions(GateConfig("both")).train()
    gated = gated_blocks(model)[0]
    plain = copy.deepcopy(gated.block)
    x = spikes_in(2, 4, 8, 16, 3)
    part = gated(x)
    gated.dense = True
    gated.block.load_state_dict(plain.state_dict())
    dense = gated(x)
    assert torch.equal(dense, plain.respond(plain.current([x.movedim(-1, 0)])))
    assert float((dense != plain(x)).double().mean()) < 0.001
    assert not torch.equal(dense, part)
    assert gated.take_loss() > 0
    assert all(0 < share < 1 for share in gated.open_share.values())


def test_a_loss_is_taken_once() -> None:
    gated = block.Gated(block.Conv({}, 2, 3, 3, padding=1), 2, 3, (4, 6), count_log=True)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="Gated: loss: found none, expected a forward pass in training"):
            gated.take_loss()
        for mode in (False, True):
            out, rate = gated.train(mode)(spikes_in(2, 2, 4, 6, 3))
            assert float(rate) == pytest.approx(float((out > 0).float().mean()))
        gated.take_loss()


def test_the_parts_of_a_plan() -> None:
    plan = residuals(GateConfig("both")).blocks[1].plan()
    suffixes = [f".{part}{own}" for part in ("first", "join") for own in
                (".channel-sum", ".channel-gate", ".spatial-sum", ".spatial-gate", "")]  # fmt: skip
    assert [part.suffix for part in plan] == suffixes
    assert [part.sources for part in plan] == [(-1,), (0,), (-1,), (2,), (-1,), (4,), (5,), (4,), (7,), (4, -1)]
    assert [part.gates for part in plan if part.gates] == [(1, 3), (6, 8)]


def test_slayers_interface() -> None:
    gated = gated_blocks(convolutions(GateConfig("spatial")).train())[0]
    assert gated.grad_norm == 0
    gated(spikes_in(2, 4, 8, 16, 3)).sum().backward()
    assert gated.grad_norm == gated.synapse.grad_norm > 0
    assert gated.shape == (6, 8, 16)
    assert gated.neuron is gated.block.neuron
    assert gated.input_shape == (4, 8, 16)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: block.Gated(block.Conv({}, 2, 3, 3), 2, 3, (4, 6), GateConfig("none")), "kind: found 'none'"),
        (lambda: block.Gated(block.Conv({}, 2, 3, 3), 2, 4, (4, 6)), r"gate shape: found \(4, 1, 1\), expected \(3,\)"),
        (lambda: block.Gated(block.Conv({}, 2, 3, 3), 2, 3, (4, 5), GateConfig("spatial")), "cell: found 2"),
        (lambda: block.Gated(block.Conv({"current_decay": 0.5}, 2, 3, 3), 2, 3, (4, 6)), "found a CUBA neuron"),
        (lambda: block.Gated(block.Conv({}, 2, 3, 3, delay_shift=True), 2, 3, (4, 6)), "delay_shift"),
        (lambda: block.Gated(block.Conv({}, 2, 3, 3, count_log=True), 2, 3, (4, 6)), "count_log"),
        (lambda: block.Residual({}, 2, 3, gates=GateConfig()), "Residual: size: found none, expected height"),
        (lambda: block.Residual({}, 2, 3, gates=GateConfig("none"), size=(4, 4)), "kind: found 'none'"),
        (lambda: block.Residual({}, 2, 3, 3, 2, gates=GateConfig("spatial"), size=(6, 6)), r"cell: .* input \(3, 3\)"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("training", [False, True])
def test_every_branch_wants_an_input(training: bool) -> None:
    join = residuals(GateConfig()).blocks[1].join.train(training)
    with pytest.raises(ValueError, match="zip"):
        join(spikes_in(1, 4, 8, 16, 2))

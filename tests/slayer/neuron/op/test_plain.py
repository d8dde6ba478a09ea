"""The definition: against a neuron that autograd differentiates, and against finite differences."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from lava_spquant.slayer.membrane import TERNARY, MembraneConfig
from lava_spquant.slayer.neuron.op import Current, Drive, Dynamics, lif, use
from lava_spquant.slayer.neuron.op.plain import PlainBackend
from lava_spquant.slayer.surrogate import SigmoidDerivative, spike
from tests.slayer.neuron.op.cases import DYNAMICS, drive

PLAIN = PlainBackend()


def composed(x: Tensor, keep: Tensor, dynamics: Dynamics) -> Tensor:
    """The neuron from single steps, each with its surrogate gradient, put together by autograd."""
    v = torch.zeros_like(x[0])
    spikes = []
    for step in x:
        m = v * keep + step
        s = spike(m - 1, dynamics.surrogate)
        after = m * (1 - s) if dynamics.reset == "hard" else m - s
        v = after if dynamics.membrane is None else dynamics.membrane.quantise(after)
        spikes.append(s)
    return torch.stack(spikes)


def wide(values: Tensor) -> Tensor:
    return values.reshape(-1, 1, 1)


@pytest.mark.parametrize("dynamics", DYNAMICS, ids=str)
@pytest.mark.parametrize("count", [1, 3])
def test_gradients_are_those_of_the_composition(dynamics: Dynamics, count: int) -> None:
    given = drive((5, 2, 3, 4, 2), count=count, dtype=torch.float64)
    leaves = [t.clone().requires_grad_() for t in (*given.currents, *given.scales, given.shift, given.keep)]
    zs, scales, (shift, keep) = leaves[:count], leaves[count:-2], leaves[-2:]
    x = sum(z * wide(scale) for z, scale in zip(zs, scales, strict=True)) + wide(shift)
    assert isinstance(x, Tensor)
    spikes = composed(x, wide(keep), dynamics)
    weights = torch.randn(spikes.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    spikes.backward(weights)
    assert torch.equal(PLAIN.forward(given, dynamics), spikes)
    centres = tuple(torch.full((3,), 0.7 * k, dtype=torch.float64) for k in range(count))
    found = PLAIN.backward(given, dynamics, weights, centres, parameters=True)
    for z, scale, centre, product in zip(zs, scales, centres, found.scales, strict=True):
        torch.testing.assert_close(found.x * wide(scale), z.grad)
        torch.testing.assert_close(product, scale.grad - centre * shift.grad)
    torch.testing.assert_close(found.shift, shift.grad)
    torch.testing.assert_close(found.keep, keep.grad)


@dataclass(frozen=True)
class Smooth(Dynamics):
    """A neuron without steps: `SigmoidDerivative` and the stacked gradient are its true derivatives."""

    def fire(self, x: Tensor) -> Tensor:
        assert isinstance(self.surrogate, SigmoidDerivative)
        return torch.sigmoid(self.surrogate.a * x)

    def store(self, after: Tensor) -> Tensor:
        if self.membrane is None:
            return after
        m = self.membrane
        middles = torch.arange(m.q_min, m.q_max) + 0.5
        return m.q_min + torch.sigmoid(m.temperature * (after[..., None] - middles)).sum(-1)


@pytest.mark.parametrize("reset", ["hard", "soft"])
@pytest.mark.parametrize("membrane", [None, TERNARY, MembraneConfig(-3, 1, temperature=3.0)])
@pytest.mark.parametrize("repeated", [False, True])
def test_the_backward_pass_by_finite_differences(reset: str, membrane: MembraneConfig | None, repeated: bool) -> None:
    torch.manual_seed(0)
    dynamics = Smooth(reset, membrane, SigmoidDerivative(2.0))
    z = torch.randn(1 if repeated else 4, 2, 2, 3, dtype=torch.float64).add(0.5).requires_grad_()
    other = torch.randn(z.shape, dtype=torch.float64).requires_grad_()
    gain, offset = (
        torch.rand(2, dtype=torch.float64).requires_grad_(),
        torch.randn(2, dtype=torch.float64).requires_grad_(),
    )
    keep = torch.tensor([0.4, 0.9], dtype=torch.float64, requires_grad=True)

    def neuron(z: Tensor, other: Tensor, gain: Tensor, offset: Tensor, keep: Tensor) -> Tensor:
        currents = [Current(z, 0.7, gain, offset), Current(other, 0.5)]
        return lif(currents, dynamics, 1.3, keep, steps=4, backend=PLAIN)

    assert torch.autograd.gradcheck(neuron, (z, other, gain, offset, keep))


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("reset", ["hard", "soft"])
def test_the_threshold_has_a_gradient_path_of_its_own(per_channel: bool, reset: str) -> None:
    torch.manual_seed(0)
    size = (2,) if per_channel else ()
    threshold = (0.5 + torch.rand(size, dtype=torch.float64)).requires_grad_()
    z = torch.randn(5, 3, 2, 4, dtype=torch.float64) + 0.6
    dynamics = Dynamics(reset)
    with use("plain"):
        lif([Current(z)], dynamics, threshold, 0.5).mul(
            weights := torch.randn(z.shape, dtype=torch.float64)
        ).sum().backward()

    th = threshold.detach().reshape(-1, 1) * torch.ones(2, 1)
    v = torch.zeros_like(z[0])
    arrived = []

    class Note(torch.autograd.Function):
        """A spike that notes what arrives at it; backward runs from the last step to the first."""

        @staticmethod
        def forward(ctx, x):  # type: ignore[no-untyped-def]
            ctx.save_for_backward(x)
            return (x > 0).to(x.dtype)

        @staticmethod
        def backward(ctx, g):  # type: ignore[no-untyped-def]
            (x,) = ctx.saved_tensors
            slope = dynamics.surrogate.derivative(x)
            arrived.append(g * slope * torch.sigmoid(x) * (x >= 0))
            return g * slope

    leaf = z.clone().requires_grad_()
    total: Tensor | float = 0.0
    for t in range(5):
        m = v * 0.5 + leaf[t] / th
        s = Note.apply(m - 1)
        v = TERNARY.quantise(m * (1 - s) if reset == "hard" else m - s)
        total = total + (s * weights[t]).sum()
    total.backward()
    expected = -sum(arrived).sum((0, 2)) / th[:, 0]
    torch.testing.assert_close(threshold.grad, expected if per_channel else expected.sum())
    assert bool((expected != 0).all())


def test_repeated_input_is_the_same_input_at_every_step() -> None:
    given = drive((1, 2, 3, 5), repeated=4)
    (z,) = given.currents
    written = replace(given, currents=(z.expand(4, *z.shape[1:]).contiguous(),))
    dynamics = Dynamics()
    spikes = PLAIN.forward(given, dynamics)
    assert torch.equal(spikes, PLAIN.forward(written, dynamics))
    grad = torch.randn(spikes.shape, generator=torch.Generator().manual_seed(0))
    centre = (torch.ones(3),)
    once, many = (PLAIN.backward(d, dynamics, grad, centre, parameters=True) for d in (given, written))
    torch.testing.assert_close(once.x, many.x.sum(0, keepdim=True))
    for name in ("shift", "keep", "threshold"):
        torch.testing.assert_close(getattr(once, name), getattr(many, name))
    torch.testing.assert_close(once.scales[0], many.scales[0])


def test_moments_of_values_far_from_zero() -> None:
    z = torch.randn(3, 2, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 1e6
    mean, squares = PLAIN.moments(z)
    flat = z.movedim(2, 0).flatten(1)
    torch.testing.assert_close(mean, flat.mean(1))
    torch.testing.assert_close(squares, flat.var(1) * (flat.shape[1] - 1))


def test_the_drive_says_whether_it_repeats() -> None:
    assert not drive((1, 2, 3)).repeated
    assert drive((1, 2, 3), repeated=2).repeated
    assert isinstance(drive((1, 2, 3)), Drive)

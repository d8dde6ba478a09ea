"""Convolutions in bytes: exact sums forward, the float convolution's gradients, and nothing else taken for bytes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.byte_conv import byte_conv, byte_conv_fits
from lava_spquant.slayer.quant import weight_quantiser
from lava_spquant.slayer.synapse import ConvSynapse

pytestmark = pytest.mark.skipif(
    not byte_conv_fits(torch.zeros(1, 1, 1, 1), 1, 2, 1), reason="this build of torch has no oneDNN convolutions"
)

CASES = [
    ((3, 5, 9, 7), 4, (3, 2), (1, 1), (1, 0), (1, 1)),
    ((1, 1, 6, 11), 1, (1, 3), (2, 1), (0, 2), (1, 2)),
    ((2, 17, 5, 5), 33, (3, 3), (1, 2), (1, 1), (1, 1)),
    ((4, 64, 8, 6), 70, (5, 1), (2, 2), (2, 0), (1, 1)),
]
"""Input, channels out, kernel, stride, padding, dilation."""


def images(shape: tuple[int, ...], high: int, seed: int = 0) -> Tensor:
    return torch.randint(0, high + 1, shape, generator=torch.Generator().manual_seed(seed)).float()


@pytest.mark.parametrize("quantiser", ["ternary", "binary", "sawb4", "sawb8", "int8-channel", "int2"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_sums_are_exact_and_gradients_those_of_floats(case: tuple, quantiser: str) -> None:  # type: ignore[type-arg]
    shape, channels, kernel, stride, padding, dilation = case
    torch.manual_seed(0)
    high = 1 if quantiser == "sawb8" else 4
    x = images(shape, high).requires_grad_()
    made = weight_quantiser(quantiser)
    weight = torch.randn(channels, shape[1], *kernel).requires_grad_()
    integers = made.integers(weight)
    found = byte_conv(x, made.fake(weight), integers, stride, padding, dilation)
    assert found is not None
    sums = F.conv2d(x.detach().double(), integers.values.double(), None, stride, padding, dilation)
    scale = integers.scale.detach().expand(channels).reshape(1, -1, 1, 1)
    torch.testing.assert_close(found, (sums.float() * scale), rtol=3e-7, atol=0)
    grad = torch.randn(found.shape)
    mine = torch.autograd.grad(found, (x, weight), grad, retain_graph=True)
    other = torch.autograd.grad(F.conv2d(x, made.fake(weight), None, stride, padding, dilation), (x, weight), grad)
    for have, want in zip(mine, other, strict=True):
        torch.testing.assert_close(have, want, rtol=1e-5, atol=1e-5 * float(want.abs().max()))


@pytest.mark.parametrize("value", [1, 255])
def test_a_learned_scale_is_the_outputs(value: int) -> None:
    torch.manual_seed(0)
    synapse, x = ConvSynapse(3, 4, 3, "binary-standard", learn_scale=True), images((2, 3, 8, 7), value)
    with torch.no_grad():
        synapse.alpha.copy_(torch.tensor([0.5, -2.0, 0.0, 1.0]))  # type: ignore[union-attr]
    synapse.reads(value)
    plain = F.conv2d(x, synapse.quantised)
    want = plain * synapse.alpha.reshape(-1, 1, 1)  # type: ignore[union-attr]
    found = synapse(x)
    torch.testing.assert_close(found, want, rtol=1e-5, atol=1e-5 * float(plain.detach().abs().max()))
    grad = torch.randn(found.shape)
    parameters = (synapse.weight, synapse.alpha)
    for have, expected in zip(
        torch.autograd.grad(found, parameters, grad), torch.autograd.grad(want, parameters, grad), strict=True
    ):
        torch.testing.assert_close(have, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize("value", [0.5, -1.0, 256.0, float("nan"), 1e30])
def test_what_is_no_byte_is_left_to_floats(value: float) -> None:
    synapse = ConvSynapse(3, 4, 3, "ternary")
    synapse.reads(1)
    x = images((2, 3, 8, 7), 1)
    x[1, 2, 3, 4] = value
    fake = synapse.quantised
    assert byte_conv(x, fake, synapse.integer_weight(), (1, 1), (0, 0), (1, 1)) is None
    torch.testing.assert_close(synapse(x), F.conv2d(x, fake), equal_nan=True)


@pytest.mark.parametrize(
    ("largest", "bits", "groups"),
    [(None, 2, 1), (256, 2, 1), (255, 8, 1), (130, 8, 1), (1, 9, 1), (1, 16, 1), (1, 2, 2)],
)
def test_what_could_be_inexact_does_not_fit(largest: int | None, bits: float, groups: int) -> None:
    assert not byte_conv_fits(torch.zeros(1, 2, 3, 3), largest, bits, groups)


@pytest.mark.parametrize(("largest", "bits"), [(1, 1), (1, 1.58), (255, 1.58), (129, 8), (255, 4)])
def test_what_is_exact_fits(largest: int, bits: float) -> None:
    x = torch.zeros(1, 2, 3, 3)
    assert byte_conv_fits(x, largest, bits, 1)
    assert not byte_conv_fits(x.double(), largest, bits, 1)
    with torch.autocast("cpu", torch.bfloat16):
        assert not byte_conv_fits(x, largest, bits, 1)


@pytest.mark.parametrize(("value", "weight"), [(255, 1), (129, 127)])
def test_the_largest_sums_do_not_saturate(value: int, weight: int) -> None:
    """All products at their largest: processors that add pairs in 16 bits would show here."""
    made = weight_quantiser("sawb8" if weight == 127 else "ternary")
    real = torch.ones(2, 8, 3, 3)
    real[1] *= -1
    if weight == 127:
        real[:, 0, 0, 0] *= 1 + 1e-6
    integers = made.integers(real)
    x = torch.full((1, 8, 5, 5), float(value))
    found = byte_conv(x, made.fake(real), integers, (1, 1), (0, 0), (1, 1))
    assert found is not None
    sums = F.conv2d(x.double(), integers.values.double())
    torch.testing.assert_close(found, sums.float() * integers.scale.detach().reshape(-1, 1, 1, 1), rtol=3e-7, atol=0)
    assert int(integers.values.abs().max()) == weight


def test_a_network_trains_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients of a whole network, with bytes and without."""
    torch.manual_seed(0)
    neuron = {"membrane": "ternary"}
    blocks = [
        block.Conv(neuron, 2, 8, 3, padding=1, batch_norm=True),
        block.Conv(neuron, 8, 6, (3, 2), batch_norm=True),
    ]
    from lava_spquant import ir

    model = SpikingNetwork([*blocks, block.Pool(None, (6, 6)), block.Readout(6, 3)], ir.InputSpec((2, 8, 7)))
    x = images((4, 2, 8, 7, 3), 1)

    def gradients() -> list[Tensor]:
        model.zero_grad()
        (model(x) ** 2).sum().backward()
        return [p.grad.clone() for p in model.parameters() if p.grad is not None]

    with_bytes = gradients()
    monkeypatch.setattr("lava_spquant.slayer.synapse.byte_conv_fits", lambda *_: False)
    for have, want in zip(with_bytes, gradients(), strict=True):
        torch.testing.assert_close(have, want, rtol=1e-4, atol=1e-4 * float(want.abs().max()))
    assert sum(float(g.abs().sum()) for g in with_bytes) > 0

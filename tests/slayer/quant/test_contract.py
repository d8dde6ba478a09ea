"""What every weight quantiser promises, and the registry of all of them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.ir.synapse import check_weight
from lava_spquant.slayer.quant import (
    WEIGHT_QUANTISERS,
    Binary,
    FixedStep,
    FullPrecision,
    Sawb,
    StandardisedBinary,
    Ternary,
    Uniform,
    WeightQuantiser,
    weight_quantiser,
)
from tests.slayer.quant.weights import EDGE_WEIGHTS, weights

QUANTISERS: dict[str, WeightQuantiser] = {
    **WEIGHT_QUANTISERS,
    "int2": Uniform(2),
    "int3-channel": Uniform(3, per_channel=True),
    "int16": Uniform(16),
    "sawb4 per channel": Sawb(4, per_channel=True),
    "sawb8-mean per channel": Sawb(8, clip="mean", per_channel=True),
    "ternary 0.7": Ternary(fraction=0.7),
    "fixed 4": FixedStep(4, 0.25),
    "none per tensor": FullPrecision(per_channel=False),
}
LEVELS = {1: 2, 1.58: 3}


def assert_contract(quantiser: WeightQuantiser, weight: torch.Tensor) -> None:
    quantised = quantiser.integers(weight)
    values, scale = quantised.values, quantised.scale
    assert values.dtype == torch.int32
    assert values.shape == weight.shape
    assert scale.shape == ((len(weight),) if quantiser.per_channel else (1,))
    assert bool((scale > 0).all())
    assert bool(torch.isfinite(scale).all())
    assert quantised.bits <= quantiser.bits
    check_weight(values.numpy(), quantised.bits, "weight")
    assert not values.requires_grad
    assert values.unique().numel() <= LEVELS.get(quantised.bits, 2**quantised.bits - 1)
    if not isinstance(quantiser, FullPrecision):
        assert torch.equal(quantiser.fake(weight), quantised.real())
        assert torch.equal(quantiser.fake(weight, quantised), quantised.real())


@pytest.mark.parametrize("name", QUANTISERS)
@given(weight=weights())
def test_integers_of_the_declared_width_with_a_positive_scale(name: str, weight: torch.Tensor) -> None:
    assert_contract(QUANTISERS[name], weight)


@pytest.mark.parametrize("name", QUANTISERS)
@pytest.mark.parametrize("edge", EDGE_WEIGHTS)
def test_edge_weights(name: str, edge: str) -> None:
    assert_contract(QUANTISERS[name], EDGE_WEIGHTS[edge])


@pytest.mark.parametrize("name", QUANTISERS)
@given(weight=weights())
def test_larger_weights_never_get_smaller_integers(name: str, weight: torch.Tensor) -> None:
    values = QUANTISERS[name].integers(weight).values
    for row, integers in zip(weight.flatten(1), values.flatten(1), strict=True):
        order = row.argsort()
        assert bool((integers[order].diff() >= 0).all())


@pytest.mark.parametrize("name", QUANTISERS)
@given(weight=weights())
def test_the_mirrored_weight_has_the_mirrored_integers(name: str, weight: torch.Tensor) -> None:
    quantiser = QUANTISERS[name]
    if isinstance(quantiser, Binary):
        weight = torch.where(weight == 0, 1.0, weight)  # there is no -0 among two levels
    one, other = quantiser.integers(weight), quantiser.integers(-weight)
    if isinstance(quantiser, StandardisedBinary):
        # Nor among two levels about the mean.
        rows = weight.flatten(1)
        apart = (rows != rows.mean(1, keepdim=True)).reshape(weight.shape)
        assert torch.equal(one.values[apart], -other.values[apart])
        return
    assert torch.equal(one.values, -other.values)
    assert torch.equal(one.scale, other.scale)


@pytest.mark.parametrize("name", [n for n, q in QUANTISERS.items() if not isinstance(q, Sawb)])
@given(weight=weights())
def test_quantised_weights_keep_their_integers(name: str, weight: torch.Tensor) -> None:
    # SAWB is left out: its clip follows the statistics, which rounding changes.
    quantiser = QUANTISERS[name]
    once = quantiser.integers(weight)
    # Rounded levels span less than the clip where that is fixed, and all of it where it is the largest weight.
    assert torch.equal(quantiser.integers(once.real()).values, once.values)


@pytest.mark.parametrize("name", ["binary", "binary-channel", "ternary", "ternary-channel", "int4", "int3-channel"])
@given(weight=weights())
def test_gradients_pass_straight_through(name: str, weight: torch.Tensor) -> None:
    weight = weight.requires_grad_()
    grad = torch.arange(1.0, weight.numel() + 1).reshape(weight.shape)
    weight_quantiser(name).fake(weight).backward(grad)
    assert torch.equal(weight.grad, grad)


@given(weight=weights(), bits=st.sampled_from([4, 8]), rule=st.sampled_from(["statistics", "mean"]))
def test_gradients_of_sawb_stop_at_the_clip(weight: torch.Tensor, bits: int, rule: str) -> None:
    quantiser = Sawb(bits, rule, per_channel=True)
    weight = weight.requires_grad_()
    quantiser.fake(weight).sum().backward()
    clip = quantiser.clip_value(weight).reshape((-1,) + (1,) * (weight.ndim - 1))
    assert torch.equal(weight.grad, (weight.abs() <= clip).float())


def test_gradients_of_the_fixed_step_stop_at_the_outermost_level() -> None:
    weight = torch.tensor([[-9.0, -127 / 32, 0.3, 127 / 32, 4.1]], requires_grad=True)
    FixedStep(8).fake(weight).sum().backward()
    assert weight.grad.tolist() == [[0, 1, 1, 1, 0]]


def test_full_precision_trains_on_the_weight_itself() -> None:
    weight = torch.tensor([[0.1234567, -3.0]], requires_grad=True)
    assert FullPrecision().fake(weight) is weight


@pytest.mark.parametrize("name", WEIGHT_QUANTISERS)
def test_names(name: str) -> None:
    assert weight_quantiser(name) is WEIGHT_QUANTISERS[name]
    assert weight_quantiser(WEIGHT_QUANTISERS[name]) is WEIGHT_QUANTISERS[name]


@pytest.mark.parametrize("bits", range(2, 17))
def test_uniform_names(bits: int) -> None:
    assert weight_quantiser(f"int{bits}") == Uniform(bits)
    assert weight_quantiser(f"int{bits}-channel") == Uniform(bits, per_channel=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: weight_quantiser("int1"), "bits: found 1, expected a whole number in 2..16"),
        (lambda: weight_quantiser("int17"), "bits: found 17"),
        (lambda: weight_quantiser("int"), "found 'int', expected one of binary"),
        (lambda: weight_quantiser("float8"), "int<n>-channel"),
        (lambda: Uniform(2.5), "bits: found 2.5"),  # type: ignore[arg-type]
        (lambda: FixedStep(1), "bits: found 1"),
        (lambda: FixedStep(8, 0.0), "step: found 0.0, expected a positive number"),
        (lambda: Sawb(3), r"bits: found 3, expected one of \[4, 8\]"),
        (lambda: Sawb(4, clip="max"), "clip: found 'max'"),
        (lambda: Ternary(fraction=1.0), "fraction: found 1.0"),
        (lambda: Ternary(fraction=0.0), "fraction: found 0.0"),
    ],
)
def test_what_is_not_supported_is_named(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()

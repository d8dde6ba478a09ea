"""Streams: range, scale, width, and the check of what arrives."""

from __future__ import annotations

import pytest
import torch

from lava_spquant import ir
from lava_spquant.slayer.layout import nchwt, time_major
from lava_spquant.slayer.stream import SPIKES, Stream, check_values


@pytest.mark.parametrize(
    ("low", "high", "bits", "signed"),
    [(0, 1, 1, False), (0, 4, 3, False), (0, 255, 8, False), (-1, 0, 2, True), (-2, 1, 2, True), (-8, 9, 5, True)],
)
def test_width(low: int, high: int, bits: int, signed: bool) -> None:
    stream = Stream(low, high)
    assert (stream.bits, stream.signed) == (bits, signed)
    found = ir.InputSpec((1,), stream.bits, stream.signed).bounds
    assert stream.proven == found
    assert found[0] <= low < high <= found[1]


def test_sums_may_be_wider_than_any_input() -> None:
    assert Stream(0, 2**20).proven == (0, 2**21 - 1)


def test_inputs() -> None:
    assert Stream.of_input(ir.InputSpec((3,))) == SPIKES == Stream(0, 1, 1.0)
    assert Stream.of_input(ir.InputSpec((3,), 8)) == Stream.image(8) == Stream(0, 255, 1 / 255)
    assert Stream.of_input(ir.InputSpec((3,), 8, signed=True)) == Stream(-128, 127, 1 / 127)


@pytest.mark.parametrize(("args", "message"), [((1, 1), "range: found 1..1"), ((0, 1, 0.0), "scale: found 0.0")])
def test_what_is_no_stream(args: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Stream(*args)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "found NaN or infinity, expected whole numbers in 0..4 here"),
        (float("inf"), "found NaN or infinity"),
        (-1.0, r"found -1\.\.2, expected whole numbers in 0\.\.4"),
        (5.0, r"found 2\.\.5, expected"),
        (0.5, "found fractions, expected"),
    ],
)
def test_values_are_checked(value: float, message: str) -> None:
    x = torch.full((3, 2, 4), 2.0)
    check_values(x, (0, 4), "block")
    x[2, 1, 3] = value
    with pytest.raises(ValueError, match="^block: input values: " + message):
        check_values(x, (0, 4), "block", " here")
    static = x[2:].expand(7, 2, 4)
    with pytest.raises(ValueError, match="input values"):
        check_values(static, (0, 4), "block")


def test_nothing_and_whole_number_types_pass() -> None:
    check_values(torch.zeros(3, 0, 2), (0, 1), "block")
    check_values(torch.ones(3, 1, 2, dtype=torch.uint8), (0, 1), "block")


def test_the_two_layouts_are_views_of_one_memory() -> None:
    for shape in ((2, 3, 4, 5, 6), (2, 3, 6)):
        x = torch.zeros(shape)
        inside = time_major(x)
        assert inside.shape == (6, *shape[:-1])
        inside[1, 0, 2] = 7
        assert x[0, 2, ..., 1].unique().tolist() == [7]
        assert nchwt(inside).data_ptr() == x.data_ptr()
        assert torch.equal(nchwt(inside), x)

"""Input and flatten blocks."""

from __future__ import annotations

import h5py
import pytest
import torch

from lava_spquant import netx
from lava_spquant.slayer import block
from lava_spquant.slayer.stream import SPIKES, Stream

QLIF = {"threshold": 1.0}


@pytest.mark.parametrize(
    ("options", "value", "message"),
    [
        ({}, 0.5, "found fractions, expected whole numbers in 0..1; or give quantise=True"),
        ({}, 2.0, r"found 2\.\.2, expected whole numbers in 0\.\.1"),
        ({"bits": 8}, 256.0, r"found 256\.\.256, expected whole numbers in 0\.\.255"),
        ({"bits": 8}, float("nan"), "found NaN or infinity"),
        ({"bits": 8, "quantise": True}, 1.01, r"found 258\.\.258, expected whole numbers in 0\.\.255$"),
        ({"bits": 8, "quantise": True}, float("inf"), "found NaN or infinity"),
        ({"bits": 4, "signed": True}, -9.0, r"found -9\.\.-9, expected whole numbers in -8\.\.7"),
    ],
)
def test_bad_values(options: dict[str, object], value: float, message: str) -> None:
    made = block.Input(**options)  # type: ignore[arg-type]
    for mode in (True, False):
        with pytest.raises(ValueError, match="^Input: input values: " + message):
            made.train(mode)(torch.full((1, 2, 3, 4, 5), value))


def test_real_images_become_whole_numbers() -> None:
    made = block.Input(bits=4, quantise=True)
    assert made(torch.tensor([[[0.0, 0.03, 0.04, 0.5, 1.0]]])).tolist() == [[[0, 0, 1, 8, 15]]]
    signed = block.Input(bits=4, signed=True, quantise=True)
    assert signed(torch.tensor([[[-1.0, -0.5, 1.0]]])).tolist() == [[[-7, -3, 7]]]


def test_streams() -> None:
    assert block.Input(bits=8).set_reads(SPIKES) == Stream.image(8)
    assert block.Input(QLIF).set_reads(Stream.image(8)) == SPIKES
    assert block.Input(QLIF).branches[0].reads == Stream.image(8)
    assert block.Flatten().set_reads(Stream.image(3)) == Stream.image(3)


def test_flatten_is_in_the_order_c_h_w() -> None:
    x = torch.arange(2 * 3 * 4 * 5 * 2.0).reshape(2, 3, 4, 5, 2)
    made = block.Flatten(count_log=True)
    out, rate = made(x)
    assert rate is None
    assert torch.equal(out, x.reshape(2, 60, 2))
    assert made.shape == [60, 1, 1]
    assert made.plan() == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: block.Input(QLIF, weight=2.0), "weight, bias: found 2.0, None, expected None: Lava never applies"),
        (lambda: block.Input(None, bias=1.0), "weight, bias"),
        (lambda: block.Input(delay_shift=True), "delay_shift: found True, expected False"),
        (lambda: block.Input(QLIF, quantise=True), "quantise: found True, expected False"),
        (lambda: block.Input({"threshold": 1, "current_decay": 0.5}), "current_decay: found 0.5, expected 1"),
        (lambda: block.Input(bits=17), "input: bits: found 17"),
        (lambda: block.Residual(QLIF, 2, 2, (3, 2)), r"kernel_size: found \(3, 2\), expected odd numbers"),
        (lambda: block.Residual({"threshold": 1, "current_decay": 1}, 2, 2), "Residual: neuron_params: found a CUBA"),
    ],
)
def test_what_is_refused(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_average_needs_equal_groups() -> None:
    with pytest.raises(ValueError, match=r"Average: inputs: found \(2, 3, 1\), expected a multiple of 4"):
        block.Average(4)(torch.zeros(1, 2, 3, 1, 2))


def test_layers_without_neurons(tmp_path) -> None:
    declared, flatten = block.Input(bits=8), block.Flatten()
    dense = block.Dense(QLIF, 24, 3, reads=Stream.image(8))
    dense(flatten(declared(torch.ones(1, 2, 3, 4, 2))))
    with h5py.File(tmp_path / "a.net", "w") as file:
        for index, made in enumerate((declared, flatten, dense)):
            made.export_hdf5(file.create_group(f"layer/{index}"))
    found = netx.load(tmp_path / "a.net")
    assert (found.input.shape, found.input.bits) == ((2, 3, 4), 8)
    assert len(found.blocks) == 1

"""What every block offers as SLAYER's blocks do."""

from __future__ import annotations

from collections.abc import Callable

import h5py
import numpy as np
import pytest
import torch

from lava_spquant import ir, netx
from lava_spquant.ir import reference
from lava_spquant.slayer import block
from lava_spquant.slayer.stream import Stream

QLIF = {"threshold": 1.0}
CUBA = {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.1}

MAKERS: dict[str, tuple[Callable[..., block.Deployable], tuple[int, ...], tuple[int, ...]]] = {
    "dense": (lambda **o: block.Dense(QLIF, 12, 5, weight_scale=4, **o), (12,), (5,)),
    "dense on an image": (lambda **o: block.Dense(QLIF, 30, 5, weight_scale=4, **o), (2, 3, 5), (5,)),
    "conv": (lambda **o: block.Conv(QLIF, 2, 4, (3, 2), (1, 2), weight_scale=4, **o), (2, 5, 7), (4, 3, 3)),
    "cuba dense": (lambda **o: block.Dense(CUBA, 12, 5, weight_scale=4, weight="int8", **o), (12,), (5,)),
    "cuba conv": (
        lambda **o: block.Conv(CUBA, 2, 4, (1, 3), weight_scale=4, weight="sawb8", **o),
        (2, 5, 7),
        (4, 5, 5),
    ),
    "pool": (lambda **o: block.Pool(None, (2, 3), **o), (2, 5, 7), (2, 2, 2)),
    "spiking pool": (lambda **o: block.Pool(QLIF, (2, 3), 1, **o), (2, 5, 7), (2, 4, 5)),
    "cuba pool": (lambda **o: block.Pool(CUBA, 2, **o), (2, 5, 7), (2, 2, 3)),
    "spiking input": (lambda **o: block.Input(QLIF, bits=1, **o), (2, 5, 7), (2, 5, 7)),
    "residual": (lambda **o: block.Residual(QLIF, 2, 4, (1, 3), (1, 2), **o), (2, 5, 7), (4, 5, 4)),
    "readout": (lambda **o: block.Readout(12, 5, **o), (12,), (5,)),
    "average": (lambda **o: block.Average(3, **o), (12,), (3,)),
}
"""By name: a block, the shape that it reads and the shape that it sends."""


def spikes_in(shape: tuple[int, ...], batch: int = 2, steps: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    return (torch.rand((batch, *shape, steps), generator=generator) < 0.5).float()


@pytest.mark.parametrize(("steps", "batch"), [(4, 2), (1, 1)])
@pytest.mark.parametrize("name", MAKERS)
def test_shapes(name: str, steps: int, batch: int) -> None:
    torch.manual_seed(0)
    make, shape, expected = MAKERS[name]
    made = make()
    for mode in (True, False):
        out = made.train(mode)(spikes_in(shape, batch, steps))
        assert out.shape == (batch, *expected, steps)
        assert out.dtype == torch.float32
    assert made.input_shape == shape
    assert tuple(made.shape) == expected


@pytest.mark.parametrize("name", MAKERS)
def test_the_event_rate_is_counted(name: str) -> None:
    torch.manual_seed(0)
    make, shape, _ = MAKERS[name]
    made = make(count_log=True)
    for mode in (True, False):
        out, rate = made.train(mode)(spikes_in(shape))
        assert rate.item() == pytest.approx((out > 0).float().mean().item())


@pytest.mark.parametrize("name", [n for n in MAKERS if n not in ("residual", "readout", "average")])
def test_the_output_can_be_shifted_by_one_step(name: str) -> None:
    make, shape, _ = MAKERS[name]
    torch.manual_seed(0)
    plain = make()
    torch.manual_seed(0)
    shifted = make(delay_shift=True)
    assert (plain.delay_shift, shifted.delay_shift) == (False, True)
    x = spikes_in(shape)
    for mode in (True, False):
        one, other = plain.train(mode)(x), shifted.train(mode)(x)
        assert torch.equal(other[..., 1:], one[..., :-1])
        assert not other[..., 0].any()


@pytest.mark.parametrize("name", ["pool", "spiking pool", "average"])
def test_blocks_of_whole_numbers_do_in_eval_what_they_do_in_training(name: str) -> None:
    make, shape, _ = MAKERS[name]
    made, x = make(), spikes_in(shape)
    assert torch.equal(made.eval()(x), made.train()(x))


def test_an_average_is_over_neighbours() -> None:
    x = torch.tensor([1.0, 1, 0, 0, 0, 1]).reshape(1, 6, 1)
    for mode in (True, False):
        assert block.Average(3).train(mode)(x).flatten().tolist() == [1, 0, 0.5]
        halves = block.Average(2).train(mode)(x.reshape(1, 3, 2, 1, 1))
        torch.testing.assert_close(halves.flatten(), torch.tensor([2 / 3, 1 / 3]))


@pytest.mark.parametrize("name", MAKERS)
def test_export_is_what_eval_runs(name: str, tmp_path) -> None:
    torch.manual_seed(0)
    make, shape, _ = MAKERS[name]
    made = make()
    with h5py.File(tmp_path / "unseen.net", "w") as file, pytest.raises(RuntimeError, match="input shape: found none"):
        made.export_hdf5(file.create_group("layer/0"))
    x = spikes_in(shape)
    out = made.eval()(x)
    with h5py.File(tmp_path / "a.net", "w") as file:
        made.export_hdf5(file.create_group("layer/0"))
    # A dense layer says in the file how many values it reads.
    stored = (30,) if name == "dense on an image" else shape
    network = netx.load(tmp_path / "a.net", input_shape=stored, input_bits=1)
    stream = x.movedim(-1, 0).numpy().astype(np.int32)
    found = reference.run(network, stream.reshape(*stream.shape[:2], *stored)).output
    unit = 2.0 ** -network.blocks[-1].frac_bits if name == "readout" else 1 / 4 if name == "average" else 1
    np.testing.assert_array_equal(found * unit, out.movedim(-1, 0).numpy())
    assert found.any()


@pytest.mark.parametrize("name", ["dense", "conv", "cuba dense", "cuba conv", "residual", "readout"])
def test_the_gradient_norm_is_that_of_the_synapse(name: str) -> None:
    torch.manual_seed(0)
    make, shape, _ = MAKERS[name]
    made = make()
    assert made.grad_norm == 0
    made(spikes_in(shape)).sum().backward()
    grad = made.synapse.weight.grad
    assert made.grad_norm == made.synapse.grad_norm == pytest.approx(grad.norm().item() / grad.numel())
    assert made.grad_norm > 0


def test_a_layer_that_reads_sums_is_exported_by_itself(tmp_path) -> None:
    # The proof in the file is for 3 bits, the widest that a pool of 4 spikes could be; weights must leave room.
    made = block.Dense(QLIF, 700, 2, weight="none", reads=Stream(0, 4, 0.25)).eval()
    made.synapse.weight.data = torch.ones(2, 700)
    made(torch.full((1, 700, 1), 4.0))
    with h5py.File(tmp_path / "a.net", "w") as file:
        made.export_hdf5(file.create_group("layer/0"))
    assert netx.load(tmp_path / "a.net", input_bits=3).blocks[0].branches[0].synapse.weight.max() == 1023


@pytest.mark.parametrize("kind", [block.Dense, block.Conv])
def test_options_of_slayer_that_cannot_be_deployed_are_refused(kind) -> None:
    with pytest.raises(ValueError, match="delay: found True, expected False: learnable axonal delays"):
        kind(QLIF, 2, 2, 1, delay=True)
    with pytest.raises(ValueError, match="pre_hook_fx: .*name a quantiser with weight="):
        kind(QLIF, 2, 2, 1, pre_hook_fx=lambda w: w)


def test_an_impossible_block_is_refused_by_name() -> None:
    # A read-out's gain is not limited: every size of its output means something.
    made = block.Readout(4, 2, weight="sawb8", frac_bits=20)
    made.synapse.weight.data *= 100
    with pytest.raises(ir.NetworkError, match="^block 'named', branch 0: gain of channel .*use fewer fractional bits"):
        made.to_ir_block("named", [(4,)])
    with pytest.raises(ir.NetworkError, match="^block 'readout', branch 0: gain of channel"):
        made.eval()(torch.ones(1, 4, 1))

"""Batch-norm over several processes is batch-norm over all their values in one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from lava_spquant.slayer import norm as norm_module
from lava_spquant.slayer.norm import (
    BatchNorm,
    meeting_device,
    on_the_whole_batch,
    renormalise,
    spans_processes,
    sum_over_processes,
)
from tests.slayer.processes import run_in_processes

CHANNELS = 3
SHAPES = [(7, CHANNELS), (7, CHANNELS, 5), (2, CHANNELS)]
CUTS = [3, 4, 1]
"""Where each batch is cut in two: unequal parts, and parts of a single value."""


def batch(shape: tuple[int, ...], offset: float = 0.0) -> tuple[Tensor, Tensor]:
    """Values whose mean may be large beside their spread, and weights that make a loss of them."""
    generator = torch.Generator().manual_seed(len(shape) * 10 + shape[0])
    x = torch.randn(shape, generator=generator, dtype=torch.float64)
    return x + offset, torch.randn(shape, generator=generator, dtype=torch.float64)


def trained(kind: type[nn.BatchNorm1d], x: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """One step's output, gradients and statistics."""
    norm = kind(CHANNELS).to(x.dtype)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([0.5, -2.0, 1.0]))
        norm.bias.copy_(torch.tensor([0.0, 1.0, -1.0]))
    x = x.clone().requires_grad_()
    y = norm(x)
    (torch.tanh(y) * weights).sum().backward()
    found = {"y": y.detach(), "x": x.grad, "weight": norm.weight.grad, "bias": norm.bias.grad}
    assert all(value is not None for value in found.values())
    return {**found, **{f"state {name}": value.clone() for name, value in norm.state_dict().items()}}


def share(rank: int, cut: int) -> slice:
    return slice(0, cut) if rank == 0 else slice(cut, None)


def work(rank: int) -> list[dict[str, Tensor]]:
    found = []
    for shape, cut in zip(SHAPES, CUTS, strict=True):
        for dtype, offset in ((torch.float64, 0.0), (torch.float32, 30.0)):
            x, weights = (t[share(rank, cut)].to(dtype) for t in batch(shape, offset))
            found.append(trained(BatchNorm, x, weights))
    assert spans_processes()
    with on_the_whole_batch():
        assert not spans_processes()
        found.append(trained(BatchNorm, *batch(SHAPES[0])))
    return found


def refused(rank: int) -> str:
    norm = BatchNorm(CHANNELS).eval()
    assert norm(torch.ones(1, CHANNELS)).shape == (1, CHANNELS)  # evaluation asks nobody
    with pytest.raises(ValueError, match="found a tensor of 1 axes, expected 2, 3 or 4"):
        norm.train()(torch.ones(CHANNELS))
    return str(sum_over_processes(torch.tensor([1, rank])).tolist())


def test_two_processes_are_one(tmp_path: Path) -> None:
    parts = run_in_processes(work, tmp_path)
    wanted = []
    for shape in SHAPES:
        for dtype, offset in ((torch.float64, 0.0), (torch.float32, 30.0)):
            # float32 is compared with the exact numbers of the same float32 values.
            x, weights = (t.to(dtype).double() for t in batch(shape, offset))
            wanted.append((trained(nn.BatchNorm1d, x, weights), 1e-12 if dtype == torch.float64 else 1e-4))
    for number, (want, tolerance) in enumerate(wanted):
        one, other = (part[number] for part in parts)
        for name in ("y", "x"):
            assert_close(torch.cat([one[name], other[name]]), want[name], tolerance)
        for name in ("weight", "bias"):
            assert_close(one[name] + other[name], want[name], tolerance)
        for name in [name for name in want if name.startswith("state")]:
            assert torch.equal(one[name], other[name])
            assert_close(one[name], want[name], tolerance)
    for part in parts:
        for name, value in trained(nn.BatchNorm1d, *batch(SHAPES[0])).items():
            assert torch.equal(part[-1][name], value)


def test_outside_training_processes_do_not_meet(tmp_path: Path) -> None:
    assert run_in_processes(refused, tmp_path) == ["[2, 1]", "[2, 1]"]


def assert_close(found: Tensor, wanted: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(found.double(), wanted.double(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("backend", "own", "expected"),
    [
        ("nccl", "cpu", "cuda"),  # what is saved behind a training, when the module is on the CPU again
        ("nccl", "cuda:1", "cuda:1"),
        ("gloo", "cpu", "cpu"),
        ("gloo", "cuda:0", "cuda:0"),
    ],
)
def test_collectives_take_values_where_the_backend_finds_them(
    monkeypatch: pytest.MonkeyPatch, backend: str, own: str, expected: str
) -> None:
    monkeypatch.setattr(torch.distributed, "get_backend", lambda: backend)
    assert meeting_device(torch.device(own)) == torch.device(expected)


def test_a_sum_lies_where_its_values_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under NCCL, without a GPU: "meta" tensors stand for those of one."""
    met: list[str] = []

    def meet(total: Tensor) -> None:
        met.append(total.device.type)

    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_backend", lambda: "gloo")
    monkeypatch.setattr(torch.distributed, "all_reduce", meet)
    values = torch.ones(3)
    total = sum_over_processes(values)
    assert torch.equal(total, values)
    assert total.data_ptr() != values.data_ptr()  # collectives write in place
    monkeypatch.setattr(norm_module, "meeting_device", lambda own: torch.device("meta"))
    assert sum_over_processes(torch.empty(2, device="meta")).device.type == "meta"
    with pytest.raises(NotImplementedError, match="[Mm]eta"):  # on its way back to the CPU
        sum_over_processes(values)
    assert met == ["cpu", "meta", "meta"]


def test_in_one_process_it_is_torchs() -> None:
    for shape in SHAPES:
        x, weights = batch(shape)
        ours, theirs = trained(BatchNorm, x, weights), trained(nn.BatchNorm1d, x, weights)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert not spans_processes()
    assert sum_over_processes(x) is x


def test_statistics_are_taken_anew_and_nothing_else_changes() -> None:
    torch.manual_seed(0)
    norm = BatchNorm(4)
    model = nn.Sequential(nn.Linear(3, 4), norm).eval()
    parts = [torch.randn(6, 3) * 3 + 1, torch.randn(8, 3)]
    norm.running_mean += 100
    before = [p.detach().clone() for p in model.parameters()]
    renormalise(model, parts)
    seen = [model[0](part) for part in parts]
    assert_close(norm.running_mean, torch.stack([z.mean(0) for z in seen]).mean(0), 1e-5)
    assert_close(norm.running_var, torch.stack([z.var(0) for z in seen]).mean(0), 1e-5)
    assert (model.training, norm.momentum) == (False, 0.1)
    assert all(torch.equal(new, old) for new, old in zip(model.parameters(), before, strict=True))


@pytest.mark.parametrize("shape", [(1, CHANNELS), (1, CHANNELS, 1), (1, CHANNELS, 1, 1)])
def test_one_value_per_channel_is_normalised_by_running_statistics(shape: tuple[int, ...]) -> None:
    norm = BatchNorm(CHANNELS).double()
    x = torch.tensor([3.0, -1.0, 0.5], dtype=torch.float64).reshape(shape).requires_grad_()
    with pytest.raises(ValueError, match="batch-norm: found 1 value per channel, expected at least 2 in training: mor"):
        norm(x)
    norm(batch(SHAPES[0])[0])
    state = {name: value.clone() for name, value in norm.state_dict().items()}
    y = norm(x)
    y.sum().backward()
    assert torch.equal(y, norm.eval()(x))
    slope = (norm.weight / (norm.running_var + norm.eps).sqrt()).detach()
    assert_close(x.grad.flatten(), slope, 1e-12)
    assert all(torch.equal(value, state[name]) for name, value in norm.state_dict().items())


def lonely(rank: int) -> tuple[Tensor, int]:
    """One process has a value, the other none: together there is one."""
    torch.manual_seed(0)
    norm = BatchNorm(CHANNELS)
    own = torch.full((1 - rank, CHANNELS), 2.0)
    with pytest.raises(ValueError, match="found 1 value per channel, expected at least 2"):
        norm(own)
    norm(torch.randn(4, CHANNELS))
    before = norm.running_mean.clone()
    y = norm(own)
    assert torch.equal(norm.running_mean, before)
    assert norm.num_batches_tracked is not None
    return (y - norm.eval()(own)).detach(), int(norm.num_batches_tracked)


def test_one_value_of_all_processes_has_no_spread_either(tmp_path: Path) -> None:
    for rank, (difference, tracked) in enumerate(run_in_processes(lonely, tmp_path)):
        assert difference.shape == (1 - rank, CHANNELS)
        assert not difference.any()
        assert tracked == 1


def test_statistics_taken_anew_are_not_made_of_single_values() -> None:
    norm = BatchNorm(4)
    model = nn.Sequential(nn.Linear(3, 4), norm)
    model(torch.randn(5, 3))
    with pytest.raises(ValueError, match="batch-norm: found 1 value per channel"):
        renormalise(model, [torch.randn(5, 3), torch.randn(1, 3)])
    assert norm.momentum == 0.1

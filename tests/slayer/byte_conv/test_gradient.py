"""Weight gradients from events equal the dense convolution's, whatever the shapes, tiles, threads and spike rates."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lava_spquant.slayer.byte_conv import gradient as module
from lava_spquant.slayer.byte_conv.gradient import sparse_weight_gradient, sparse_weight_gradient_fits
from lava_spquant.slayer.synapse import ConvSynapse

Pair = tuple[int, int]


def case(
    seed: int, images: int, channels: int, out: int, size: Pair, kernel: Pair, padding: Pair, rate: float, high: int = 1
) -> tuple[Tensor, Tensor]:
    """Return a random input and a random gradient."""
    g = torch.Generator().manual_seed(seed)
    shape = (images, channels, *size)
    x = (torch.rand(shape, generator=g) < rate) * torch.randint(1, high + 1, shape, generator=g)
    outputs = [n + 2 * p - k + 1 for n, p, k in zip(size, padding, kernel, strict=True)]
    return x.to(torch.uint8), torch.randn((images, out, *outputs), generator=g)


def dense(x: Tensor, grad: Tensor, kernel: Pair, padding: Pair) -> Tensor:
    """Return the float64 gradient of torch's convolution."""
    weight = torch.zeros(grad.shape[1], x.shape[1], *kernel, dtype=torch.float64, requires_grad=True)
    out = torch.nn.functional.conv2d(x.double(), weight, padding=padding)
    return torch.autograd.grad(out, weight, grad.double())[0]


def assert_equal(found: Tensor, want: Tensor) -> None:
    assert found.dtype == torch.float32
    assert found.is_contiguous()
    torch.testing.assert_close(found.double(), want, rtol=2e-6, atol=2e-6 * float(want.abs().max()))


@pytest.mark.parametrize(
    ("images", "channels", "out", "size", "kernel", "padding"),
    [
        (1, 1, 1, (1, 1), (1, 1), (0, 0)),
        (3, 65, 33, (7, 9), (3, 3), (1, 1)),
        (2, 130, 70, (5, 4), (3, 5), (0, 2)),
        (4, 3, 32, (9, 40), (5, 1), (2, 0)),
        (2, 64, 31, (8, 6), (2, 7), (1, 6)),
        (1, 2, 5, (3, 3), (3, 3), (4, 5)),
        (2, 5, 40, (60, 70), (3, 3), (1, 1)),
        (40, 128, 64, (4, 4), (3, 3), (1, 1)),
    ],
    ids=str,
)
@pytest.mark.parametrize("high", [1, 255])
def test_shapes(images: int, channels: int, out: int, size: Pair, kernel: Pair, padding: Pair, high: int) -> None:
    x, grad = case(0, images, channels, out, size, kernel, padding, 0.2, high)
    assert_equal(sparse_weight_gradient(x, grad, kernel, padding), dense(x, grad, kernel, padding))


@given(
    seed=st.integers(0, 2**32 - 1),
    images=st.integers(1, 5),
    channels=st.integers(1, 70),
    out=st.integers(1, 70),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    kernel=st.tuples(st.integers(1, 5), st.sampled_from([1, 3, 5, 7])),
    extra=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    rate=st.sampled_from([0.0, 0.02, 0.3, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_any_convolution_of_stride_1(
    seed: int, images: int, channels: int, out: int, size: Pair, kernel: Pair, extra: Pair, rate: float
) -> None:
    # No image may be smaller than the kernel.
    padding = tuple(max(e, -(-(k - n) // 2)) for e, k, n in zip(extra, kernel, size, strict=True))
    x, grad = case(seed, images, channels, out, size, kernel, padding, rate)  # type: ignore[arg-type]
    assert_equal(sparse_weight_gradient(x, grad, kernel, padding), dense(x, grad, kernel, padding))  # type: ignore[arg-type]


def test_any_memory_layout() -> None:
    x, grad = case(3, 3, 9, 10, (8, 5), (3, 3), (1, 1), 0.3)
    want = sparse_weight_gradient(x, grad, (3, 3), (1, 1))
    for layout in (torch.channels_last, torch.contiguous_format):
        found = sparse_weight_gradient(
            x.contiguous(memory_format=layout), grad.contiguous(memory_format=layout), (3, 3), (1, 1)
        )
        assert torch.equal(found, want)
    assert torch.equal(sparse_weight_gradient(x, grad[:1].expand_as(grad).clone(), (3, 3), (1, 1)),
                       sparse_weight_gradient(x, grad[:1].expand_as(grad), (3, 3), (1, 1)))  # fmt: skip


def test_sums_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART_TILES", 2)
    x, grad = case(4, 13, 17, 40, (20, 11), (3, 3), (1, 1), 0.2)
    results = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        results.append(sparse_weight_gradient(x, grad, (3, 3), (1, 1)))
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


@pytest.mark.parametrize(
    ("events", "kernel", "stride", "dilation", "fits"),
    [
        (30, (3, 3), (1, 1), (1, 1), True),
        (70, (3, 3), (1, 1), (1, 1), False),
        (30, (3, 3), (2, 1), (1, 1), False),
        (30, (3, 3), (1, 1), (1, 2), False),
        (30, (3, 4), (1, 1), (1, 1), False),
        (30, (4, 1), (1, 1), (1, 1), True),
    ],
)
def test_what_is_left_to_the_dense_convolution(
    events: int, kernel: Pair, stride: Pair, dilation: Pair, fits: bool
) -> None:
    x = torch.zeros(1, 1, 10, 10, dtype=torch.uint8)
    assert sparse_weight_gradient_fits(x, events, kernel, stride, dilation) == fits


@pytest.mark.parametrize("rate", [0.1, 0.9])
@pytest.mark.parametrize("frozen", [False, True])
def test_a_synapse_trains_the_same_either_way(rate: float, frozen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    synapse = ConvSynapse(6, 10, 3, "ternary", padding=1)
    synapse.reads(1)
    x = (torch.rand(4, 6, 9, 7) < rate).float().requires_grad_(not frozen)
    wanted = [synapse.weight] if frozen else [x, synapse.weight]
    grads = torch.autograd.grad(synapse(x).square().sum(), wanted)
    monkeypatch.setattr(module, "DENSITY_MAX", -1.0)
    dense_grads = torch.autograd.grad(synapse(x).square().sum(), wanted)
    for have, want in zip(grads, dense_grads, strict=True):
        torch.testing.assert_close(have, want, rtol=1e-5, atol=1e-5 * float(want.abs().max()))


def test_an_input_alone_wants_no_weight_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    synapse = ConvSynapse(2, 3, 3, "ternary")
    synapse.reads(1)
    synapse.requires_grad_(False)
    monkeypatch.setattr(module._compiled, "accumulate", None)
    x = torch.zeros(1, 2, 5, 5, requires_grad=True)
    assert torch.isfinite(torch.autograd.grad(synapse(x).sum(), x)[0]).all()

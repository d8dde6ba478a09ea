"""The compiled neuron is the plain one: spikes bit for bit, gradients to rounding."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from lava_spquant.slayer.neuron.op import Drive, Dynamics, Gradient
from lava_spquant.slayer.neuron.op.cpu import CpuBackend
from lava_spquant.slayer.neuron.op.plain import PlainBackend
from tests.slayer.neuron.op.cases import DYNAMICS, SHAPES, drive

PLAIN, COMPILED = PlainBackend(), CpuBackend()


def centres(given: Drive) -> tuple[Tensor, ...]:
    return tuple(0.1 + 0.2 * scale for scale in given.scales)


def assert_close(found: Tensor, expected: Tensor, rtol: float = 1e-5) -> None:
    """To `rtol` of the largest value: sums may cancel."""
    scale = expected.abs().max().item()
    torch.testing.assert_close(found, expected, rtol=rtol, atol=rtol * max(scale, 1e-6))


def assert_gradient(found: Gradient, expected: Gradient, rtol: float) -> None:
    # A NaN that both have would say nothing.
    assert bool(torch.isfinite(expected.x).all())
    assert found.x.dtype == expected.x.dtype
    assert found.x.stride() == expected.x.stride()
    assert_close(found.x.float(), expected.x.float(), rtol)
    for one, other in zip(
        (found.shift, *found.scales, found.keep, found.threshold),
        (expected.shift, *expected.scales, expected.keep, expected.threshold),
        strict=True,
    ):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.dtype == torch.float64
            assert_close(one, other, max(rtol, 2e-5))


def assert_same(given: Drive, dynamics: Dynamics, rtol: float = 1e-5) -> None:
    spikes = PLAIN.forward(given, dynamics)
    found = COMPILED.forward(given, dynamics)
    assert found.dtype == spikes.dtype == given.currents[0].dtype
    assert found.stride() == spikes.stride()
    assert torch.equal(found, spikes)
    grad = torch.randn(spikes.shape, generator=torch.Generator().manual_seed(3)).to(spikes.dtype)
    for parameters in (False, True):
        passes = [b.backward(given, dynamics, grad, centres(given), parameters) for b in (COMPILED, PLAIN)]
        assert_gradient(passes[0], passes[1], rtol)


@pytest.mark.parametrize("dynamics", DYNAMICS, ids=str)
def test_every_neuron(dynamics: Dynamics) -> None:
    assert_same(drive((5, 3, 6, 4, 5)), dynamics)
    assert_same(drive((1, 2, 6), seed=1), dynamics)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_shape(shape: tuple[int, ...], count: int) -> None:
    for dynamics in (DYNAMICS[0], DYNAMICS[-1]):
        assert_same(drive(shape, count=count), dynamics)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_one_input_for_every_step(shape: tuple[int, ...], count: int) -> None:
    assert_same(drive(shape, count=count, repeated=5), Dynamics("soft"))


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("dynamics", DYNAMICS[::5], ids=str)
def test_bfloat16(dynamics: Dynamics, count: int) -> None:
    # Halves round the same way, but a sum on the boundary may fall on either side.
    assert_same(drive((5, 2, 7, 6, 4), count=count, dtype=torch.bfloat16), dynamics, rtol=2**-7)


def test_an_empty_batch() -> None:
    given = drive((3, 0, 4, 5, 2))
    spikes = COMPILED.forward(given, Dynamics())
    assert spikes.shape == (3, 0, 4, 5, 2)
    gradient = COMPILED.backward(given, Dynamics(), spikes, centres(given), parameters=True)
    assert gradient.x.shape == (3, 0, 4, 5, 2)
    assert gradient.shift.tolist() == [0] * 4
    assert [m.tolist() for m in COMPILED.moments(given.currents[0])] == [[0] * 4] * 2


def test_extreme_currents() -> None:
    given = drive((4, 2, 5, 3, 3))
    for value in (1e30, -1e30, 3e4, -3e4, 1.0, -0.5, 0.5):
        (z,) = given.currents
        z = z.clone()
        z[1, 0], z[2, :, 3] = value, -value
        at_threshold = replace(given, currents=(z,), shift=torch.zeros(5), scales=(torch.ones(5),))
        for dynamics in DYNAMICS[:9]:
            assert torch.equal(COMPILED.forward(at_threshold, dynamics), PLAIN.forward(at_threshold, dynamics))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_moments(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    (z,) = drive(shape, dtype=dtype).currents
    z = z * 3 + 50
    found, expected = COMPILED.moments(z), PLAIN.moments(z)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-6, atol=0)
    torch.testing.assert_close(found[1], expected[1], rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_affine(shape: tuple[int, ...], in_place: bool, dtype: torch.dtype) -> None:
    given = drive(shape, count=2, dtype=dtype)
    x, z = given.currents
    factors = (*given.scales, given.shift)
    expected = PLAIN.affine(x, z, factors, torch.empty_like(x))
    out = x.clone() if in_place else torch.empty_like(x)
    found = COMPILED.affine(out if in_place else x, z, factors, out)
    assert found is out
    assert torch.equal(found, expected)


@pytest.mark.parametrize("count", [1, 2])
def test_sums_do_not_depend_on_the_number_of_threads(count: int) -> None:
    given = drive((4, 8, 64, 16, 16), count=count)
    dynamics = Dynamics()
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            spikes = COMPILED.forward(given, dynamics)
            gradient = COMPILED.backward(given, dynamics, spikes - 0.3, centres(given), parameters=True)
            moments = COMPILED.moments(given.currents[0])
            results.append((spikes, gradient.x, gradient.shift, *gradient.scales, gradient.keep, *moments))
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))  # type: ignore[arg-type]
    assert_same(given, dynamics)


def test_memory_of_another_layout_is_taken_too() -> None:
    given = drive((3, 2, 4, 5, 6))
    (z,) = given.currents
    odd = replace(given, currents=(z.contiguous(),))
    assert z.stride() != odd.currents[0].stride()
    dynamics = Dynamics()
    assert torch.equal(COMPILED.forward(odd, dynamics), PLAIN.forward(given, dynamics))
    grad = torch.randn(z.shape, generator=torch.Generator().manual_seed(0))
    found = COMPILED.backward(odd, dynamics, grad.expand_as(z), centres(odd), parameters=True)
    assert_gradient(found, PLAIN.backward(given, dynamics, grad, centres(given), parameters=True), 1e-5)


@pytest.mark.parametrize("far", [1e2, 1e4, 1e30])
@pytest.mark.parametrize("dynamics", DYNAMICS, ids=str)
def test_potentials_far_from_every_level(dynamics: Dynamics, far: float) -> None:
    given = drive((3, 2, 4, 5, 6))
    given = replace(given, scales=tuple(far * scale for scale in given.scales))
    assert torch.equal(COMPILED.forward(given, dynamics), PLAIN.forward(given, dynamics))
    grad = torch.randn(given.currents[0].shape, generator=torch.Generator().manual_seed(0))
    found = COMPILED.backward(given, dynamics, grad, centres(given), parameters=False)
    assert torch.isfinite(found.x).all()
    if far < 1e10:
        assert_gradient(found, PLAIN.backward(given, dynamics, grad, centres(given), parameters=False), 1e-5)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    given = drive((4, 8, 64, 16, 16))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        spikes = COMPILED.forward(given, Dynamics()).numpy()
        child = os.fork()
        if child == 0:
            # Compared without torch, whose own threads do not survive a fork.
            os._exit(0 if np.array_equal(COMPILED.forward(given, Dynamics()).numpy(), spikes) else 1)
        deadline = time.monotonic() + 60
        while (done := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        if done[0] == 0:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    finally:
        torch.set_num_threads(before)
    assert done[0] == child, "the child still waits for threads"
    assert done[1] == 0

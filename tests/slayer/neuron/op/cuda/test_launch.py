"""A compiled kernel runs again where Triton would not compile another, and only there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from triton.runtime.jit import KernelArg

from lava_spquant.slayer.neuron.op import Dynamics
from lava_spquant.slayer.neuron.op.cuda import CudaBackend
from lava_spquant.slayer.neuron.op.cuda._norm import affine
from lava_spquant.slayer.neuron.op.cuda.launch import _kind, launch
from lava_spquant.slayer.neuron.op.cuda.tiling import Tiling
from lava_spquant.slayer.neuron.op.plain import PlainBackend
from tests.slayer.neuron.op.cases import drive

MEMORY = torch.zeros(64, dtype=torch.uint8)
INTEGERS = st.one_of(st.integers(0, 40), st.integers(2**31 - 20, 2**31 + 20), st.sampled_from([2**33, 2**40 + 8]))
TENSORS = st.builds(
    lambda dtype, start: MEMORY[start * 4 :][:8].view(dtype),
    st.sampled_from([torch.float32, torch.float16, torch.bfloat16]),
    st.integers(0, 10),
)
VALUES = st.one_of(INTEGERS, TENSORS, st.none())


def triton_key(value: Tensor | int | None) -> tuple[Any, ...]:
    """Return all that Triton compiles for: type, the key of its own cache, and the attributes of the argument."""
    argument = KernelArg(value, affine.params[0])
    config = affine._get_config(value)
    attributes = (config.divisible_by_16, config.equal_to_1, config.ids_of_folded_args, config.divisible_by_8)
    return argument.signature_key(), argument.specialization_key(), *map(tuple, attributes)


@given(VALUES, VALUES)
def test_values_of_one_kind_are_one_to_triton(one: Tensor | int | None, other: Tensor | int | None) -> None:
    if _kind(one) == _kind(other):
        assert triton_key(one) == triton_key(other)


@dataclass(eq=False)
class Recorder:
    """A kernel that notes its launches; `compiled` is what Triton made of it."""

    compiled: Recorder | None = None
    launches: list[tuple[Any, ...]] = field(default_factory=list)

    def __getitem__(self, grid: tuple[int, ...]) -> Callable[..., Recorder | None]:
        def run(*values: Any, **constants: Any) -> Recorder | None:
            self.launches.append((grid, values, constants))
            return self.compiled

        return run


def test_the_second_launch_passes_the_same_without_constants() -> None:
    kernel, x = Recorder(compiled := Recorder()), torch.zeros(4)
    for _ in range(2):
        launch(kernel, Tiling(100, 96), (x, None, 7), {"HARD": True})
    constants = {"HARD": True, "ROWS": 16, "COLUMNS": 64, "num_warps": 8, "enable_fp_fusion": False}
    assert kernel.launches == [((7, 2), (x, None, 7, 100, 96), constants)]
    assert compiled.launches == [((7, 2, 1), (x, None, 7, 100, 96), {})]


@pytest.mark.parametrize(
    "other",
    [
        (torch.zeros(5)[1:], 7, True),
        (torch.zeros(4, dtype=torch.float16), 7, True),
        (torch.zeros(4), 1, True),
        (torch.zeros(4), 16, True),
        (torch.zeros(4), 8, True),
        (torch.zeros(4), None, True),
        (torch.zeros(4), 2**31 + 1, True),
        (torch.zeros(4), 7, False),
    ],
    ids=str,
)
def test_other_kinds_are_compiled_for_themselves(other: tuple[Tensor, int | None, bool]) -> None:
    kernel = Recorder(Recorder())
    for x, number, hard in ((torch.zeros(4), 7, True), other, (torch.zeros(8), 9, True)):
        launch(kernel, Tiling(100, 96), (x, number), {"HARD": hard})
    assert len(kernel.launches) == 2


def test_an_empty_batch_launches_nothing() -> None:
    kernel = Recorder(Recorder())
    launch(kernel, Tiling(0, 5), (torch.zeros(0),), {})
    assert kernel.launches == []
    given, dynamics = drive((3, 0, 5)), Dynamics()
    spikes = CudaBackend().forward(given, dynamics)
    found = CudaBackend().backward(given, dynamics, spikes, given.scales, parameters=True)
    expected = PlainBackend().backward(given, dynamics, spikes, given.scales, parameters=True)
    assert spikes.shape == found.x.shape == (3, 0, 5)
    for value, wanted in ((found.shift, expected.shift), (found.keep, expected.keep)):
        torch.testing.assert_close(value, wanted)


def test_the_interpreter_compiles_nothing() -> None:
    kernel = Recorder()
    for _ in range(2):
        launch(kernel, Tiling(1, 1), (torch.zeros(1),), {})
    assert len(kernel.launches) == 2

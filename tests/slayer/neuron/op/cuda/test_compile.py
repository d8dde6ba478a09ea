"""The kernels, compiled to machine code for GPUs that are not here, with the arguments of real calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from triton.compiler.backends.cuda import CUDABackend
from triton.compiler.compiler import ASTSource
from triton.runtime.jit import JITFunction

from lava_spquant.slayer.membrane import n_bit
from lava_spquant.slayer.neuron.op import Dynamics
from lava_spquant.slayer.neuron.op.cuda import CudaBackend
from tests.slayer.neuron.op.cases import DYNAMICS, drive

BACKEND = CudaBackend()


@dataclass(frozen=True)
class Compiled:
    kernel: str
    ptx: str
    cubin: bytes


@contextmanager
def compiling(capability: int) -> Iterator[list[Compiled]]:
    """Compile every kernel that is launched meanwhile, and do not run it."""
    found: list[Compiled] = []

    def run(self: Any, *args: Any, grid: tuple[int, ...], warmup: bool, **kwargs: Any) -> None:
        """Specialise as `JITFunction.run` does: on dtypes, on what 16 divides, on ones and None, on constants."""
        assert not warmup
        assert all(1 <= size < 2**31 for size in grid)
        backend = CUDABackend(("cuda", capability))
        options = backend.parse_options(kwargs)
        bound = self.signature.bind(*args, **{k: v for k, v in kwargs.items() if k not in options.__dict__})
        values = list(bound.arguments.values())
        attributes = self._get_config(*values)
        constant = {p.num for p in self.params if p.is_constexpr or values[p.num] is None} | {*attributes.equal_to_1}
        signature = {p.num: self._type_of(self._key_of(values[p.num])) for p in self.params if not p.is_constexpr}
        source = ASTSource(self, signature, {num: values[num] for num in constant}, attributes)
        stages: dict[str, Callable[[Any, Any], Any]] = {}
        backend.add_stages(stages, options)
        texts, metadata = {"": source.make_ir(options)}, {}
        for (name, stage), before in zip(stages.items(), ["", *stages], strict=False):
            texts[name] = stage(texts[before], metadata)
        found.append(Compiled(self.__name__, texts["ptx"], texts["cubin"]))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JITFunction, "run", run)
        yield found


def both_passes(dynamics: Dynamics, shape: tuple[int, ...] = (4, 2, 64, 2, 2), **options: Any) -> None:
    given = drive(shape, **options)
    spikes = BACKEND.forward(given, dynamics)
    BACKEND.backward(given, dynamics, torch.zeros_like(spikes), given.scales, parameters=True)


def kernels(found: list[Compiled]) -> list[str]:
    return [compiled.kernel for compiled in found]


@pytest.mark.parametrize("capability", [80, 90])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_machine_code(capability: int, dtype: torch.dtype) -> None:
    with compiling(capability) as found:
        both_passes(Dynamics(), dtype=dtype)
        z = drive((2, 2, 16, 3), dtype=dtype).currents[0]
        BACKEND.moments(z)
        BACKEND.affine(z, z, (torch.zeros(16),) * 3, z)
    assert kernels(found) == ["forward", "backward", "moments", "affine"]
    for compiled in found:
        assert f".target sm_{capability}" in compiled.ptx
        assert compiled.cubin.startswith(b"\x7fELF")


@pytest.mark.parametrize("dynamics", [*DYNAMICS[: len(DYNAMICS) // 2], DYNAMICS[-1]], ids=str)
def test_every_neuron_compiles(dynamics: Dynamics) -> None:
    with compiling(80) as found:
        both_passes(dynamics, (2, 1, 3, 2), count=2)
    in_memory = dynamics.membrane is None
    assert kernels(found) == ["forward", "forward", "backward"] if in_memory else ["forward", "backward"]


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 1, 1), (1, 3, 1, 5), (1, 1, 16), (33, 1, 5)])
@pytest.mark.parametrize("repeated", [0, 1, 3])
def test_sizes_that_triton_specialises_on(shape: tuple[int, ...], repeated: int) -> None:
    with compiling(80) as found:
        both_passes(Dynamics(), shape, repeated=repeated)
        BACKEND.moments(drive(shape).currents[0])
    assert "backward" in kernels(found)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_product_is_rounded_by_itself(dtype: torch.dtype) -> None:
    with compiling(90) as found:
        both_passes(Dynamics(), count=2, dtype=dtype)
        both_passes(Dynamics("soft", n_bit(16)), dtype=dtype)
    for compiled in found:
        assert re.search(r"\bmul\.rn\.f32", compiled.ptx)
        assert not re.search(r"\b(fma|mad)\.(rn|ftz|f32)", compiled.ptx)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("count", [1, 2])
def test_a_thread_needs_no_other_until_the_sums(dtype: torch.dtype, count: int) -> None:
    with compiling(90) as found:
        both_passes(Dynamics(), count=count, dtype=dtype)
    forward, backward = (compiled.ptx for compiled in found)
    loops, behind = backward[: backward.rindex("bra ")], backward[backward.rindex("bra ") :]
    assert "ld.global" in forward
    assert "ld.global" in loops
    assert "bar.sync" not in forward
    assert "bar.sync" not in loops
    assert "bar.sync" in behind


def test_channels_are_read_four_at_a_time() -> None:
    """Where 16 divides their number; this is what the launch's arguments tell the compiler."""
    for channels, wide in ((64, True), (5, False)):
        with compiling(90) as found:
            both_passes(Dynamics(), (2, 2, channels, 3))
        for compiled in found:
            assert ("ld.global.v4.b32" in compiled.ptx) is wide

"""The kernels in Triton's interpreter, in a process of its own: `python -m` this module with TRITON_INTERPRET=1.

The interpreter has to be asked for before the kernels are imported, and then changes Triton for the whole process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lava_spquant.slayer.membrane import TERNARY, n_bit
from lava_spquant.slayer.neuron.op import Backend, Current, Drive, Dynamics, batch_statistics, lif
from lava_spquant.slayer.norm import BatchNorm
from tests.paths import ROOT
from tests.slayer.neuron.op.cases import DYNAMICS, SHAPES, drive

__all__ = ["CASES", "Case", "everything", "interpret", "layer", "norm", "not_finite", "results"]


@dataclass(frozen=True)
class Case:
    """One call of `forward` and one of `backward`."""

    dynamics: Dynamics
    shape: tuple[int, ...] = (5, 2, 3, 4, 2)
    count: int = 1
    repeated: int = 0
    dtype: torch.dtype = torch.float32
    parameters: bool = True
    ties: bool = False

    def drive(self, device: str) -> Drive:
        if self.ties:
            return ties(self.shape, device)
        return drive(self.shape, count=self.count, repeated=self.repeated, dtype=self.dtype, device=device)


def ties(shape: tuple[int, ...], device: str) -> Drive:
    """Return currents in eighths of the threshold, and a leak of a half: potentials meet thresholds and midpoints."""
    generator = torch.Generator().manual_seed(0)
    z = torch.randint(-12, 13, shape, generator=generator).to(device, torch.float32)
    ones = torch.ones(shape[2], device=device)
    return Drive((z,), (ones / 8,), ones * 0.125, ones * 0.5, shape[0])


def cases() -> Iterator[Case]:
    """Everything that a neuron can be, then all shapes, then sequences on both sides of what a register remembers."""
    for dynamics in DYNAMICS:
        yield Case(dynamics)
        yield Case(dynamics, (5, 4, 8), ties=True)
    for shape in (*(s for s in SHAPES if s[-1] < 100), (2, 2, 70, 5, 5)):
        for membrane in (TERNARY, None):
            dynamics = Dynamics(membrane=membrane)
            yield Case(dynamics, shape, 2)
            yield Case(dynamics, shape, 1, repeated=3, parameters=False)
            yield Case(dynamics, shape, 1, dtype=torch.float16)
    for bits, lengths in ((2, (16, 17, 32, 33)), (4, (8, 16, 17)), (8, (4, 8, 9)), (16, (4, 5))):
        for steps in lengths:
            yield Case(Dynamics("soft", TERNARY if bits == 2 else n_bit(bits)), (steps, 1, 3, 2))
    yield Case(Dynamics(), count=3)


CASES = {f"{index}: {case}": case for index, case in enumerate(cases())}


def results(backend: Backend, case: Case, device: str = "cpu") -> dict[str, NDArray[np.generic]]:
    """Return everything that both passes return."""
    given = case.drive(device)
    spikes = backend.forward(given, case.dynamics)
    grad = torch.randn(spikes.shape, generator=torch.Generator().manual_seed(1)).to(spikes)
    centres = tuple(torch.full_like(given.shift, 0.1 + 0.3 * index) for index in range(case.count))
    found = backend.backward(given, case.dynamics, grad, centres, case.parameters)
    values = {"spikes": spikes, "x": found.x, "shift": found.shift, "keep": found.keep, "threshold": found.threshold}
    values.update({f"scale {index}": scale for index, scale in enumerate(found.scales)})
    return {name: value.cpu().numpy() for name, value in values.items() if value is not None}


def layer(backend: Backend, device: str = "cpu") -> dict[str, NDArray[np.generic]]:
    """Return spikes and gradients of a neuron behind two batch-norms, with a learned threshold and leak per channel."""
    torch.manual_seed(0)
    zs = [torch.randn(4, 3, 5, 2, 3).to(device).requires_grad_() for _ in range(2)]
    norms = [BatchNorm(5).to(device), BatchNorm(5).to(device)]
    threshold, keep = (torch.rand(5).add(least).to(device).requires_grad_() for least in (0.5, 0.0))
    currents = [
        Current(z, 0.7, norm.weight, norm.bias, batch_statistics(norm, z.detach(), 0.7, backend))
        for z, norm in zip(zs, norms, strict=True)
    ]
    spikes = lif(currents, Dynamics(), threshold, keep, backend=backend)
    # A gradient without memory of its own: the same value at every step.
    spikes.mean(0).mul(torch.randn(spikes.shape[1:]).to(device)).sum().backward()
    leaves = [*zs, threshold, keep, *(p for norm in norms for p in norm.parameters())]
    found = {"spikes": spikes.detach(), **{str(index): leaf.grad for index, leaf in enumerate(leaves)}}
    return {name: value.cpu().numpy() for name, value in found.items() if value is not None}


def not_finite(backend: Backend, device: str = "cpu") -> dict[str, NDArray[np.generic]]:
    """Return spikes and dL/dx where a current is not finite, or very large, at its second step."""
    z = torch.full((4, 1, 5), 0.6)
    z[1, 0] = torch.tensor([torch.nan, torch.inf, -torch.inf, 3e38, -3e38])
    z, ones = z.to(device), torch.ones(5, device=device)
    given = Drive((z,), (ones,), ones * 0, ones * 0.5, 4)
    found = {}
    for dynamics in (Dynamics(), Dynamics("soft", None)):
        grad = backend.backward(given, dynamics, torch.ones_like(z), (ones,), parameters=False)
        found[f"{dynamics} spikes"] = backend.forward(given, dynamics).cpu().numpy()
        found[f"{dynamics} x"] = grad.x.cpu().numpy()
    return found


def norm(backend: Backend, device: str = "cpu") -> dict[str, NDArray[np.generic]]:
    """Return what batch-norm asks for, on values far from zero and more than one tile."""
    z = torch.randn(3, 2, 7, 5, 70, generator=torch.Generator().manual_seed(0)).to(device).movedim(-1, 2) + 10
    mean, squares = backend.moments(z)
    factors = tuple(torch.linspace(-1, end, 70, device=device) for end in (1.0, 2.0, 3.0))
    other = z.flip(0).movedim(2, -1).contiguous().movedim(-1, 2)
    out = z.clone()
    assert backend.affine(out, other, factors, out) is out
    return {name: value.cpu().numpy() for name, value in (("mean", mean), ("squares", squares), ("affine", out))}


def everything(backend: Backend, device: str) -> dict[str, NDArray[np.generic]]:
    """Return the results of all cases and other functions, by `<case>/<name>`."""
    found = {name: results(backend, case, device) for name, case in CASES.items()}
    found |= {work.__name__: work(backend, device) for work in (layer, not_finite, norm)}
    return {f"{name}/{key}": value for name, part in found.items() for key, value in part.items()}


def interpret(path: Path) -> dict[str, NDArray[np.generic]]:
    """Return `everything` from the interpreter; `path` is a file to write it to."""
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    command = [sys.executable, "-m", __name__, str(path)]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def main(path: Path) -> None:
    import triton.language as tl
    from triton.runtime import interpreter

    from lava_spquant.slayer.neuron.op.cuda import CudaBackend

    # The one thing that Triton 2.3's interpreter lacks: it casts to 64-bit integers only.
    interpreter.Builder.get_int32_ty = lambda self: tl.int32
    np.savez(path, **everything(CudaBackend(), "cpu"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))

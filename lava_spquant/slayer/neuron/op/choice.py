"""Which implementation of the neuron runs."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

from torch import Tensor

from lava_spquant.slayer.neuron.op.backend import Backend
from lava_spquant.slayer.neuron.op.dynamics import Dynamics
from lava_spquant.slayer.neuron.op.plain import PlainBackend

__all__ = ["BACKENDS", "VARIABLE", "choose", "use"]

log = logging.getLogger(__name__)

VARIABLE = "LAVA_SPQUANT_NEURON"
"""Environment variable that names the implementation for a whole program; `use` has precedence."""

_chosen: ContextVar[str | None] = ContextVar("neuron backend", default=None)


PLAIN: Backend = PlainBackend()


def _plain() -> Backend:
    return PLAIN


def _compiled() -> Backend:
    from lava_spquant.slayer.neuron.op.cpu import CpuBackend

    return CpuBackend()


def _triton() -> Backend:
    from lava_spquant.slayer.neuron.op.cuda import CudaBackend

    return CudaBackend()


BACKENDS: dict[str, Callable[[], Backend]] = {"plain": _plain, "compiled": _compiled, "triton": _triton}
"""Implementations by name; each is loaded when it is first wanted, as is the library that compiles it."""

FASTEST = {"cpu": "compiled", "cuda": "triton"}
"""Implementation by device."""


@contextmanager
def use(name: str) -> Iterator[None]:
    """Run neurons with one implementation inside a `with` statement, their backward passes included.

    Raises
    ------
    ValueError
        If there is no such implementation.

    Examples
    --------
    >>> import torch
    >>> from lava_spquant.slayer import block
    >>> conv = block.Conv({"threshold": 1.0}, 2, 4, 3)
    >>> with use("plain"):
    ...     conv(torch.ones(1, 2, 5, 5, 4)).shape
    torch.Size([1, 4, 3, 3, 4])
    """
    _check(name, "use")
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def choose(z: Tensor, dynamics: Dynamics) -> Backend:
    """Return the implementation for an input current.

    That is the one that `use` or the environment variable names, or else the fastest that can do it.

    Raises
    ------
    ValueError
        If one was named that cannot, or is not installed.
    """
    name = _chosen.get() or os.environ.get(VARIABLE)
    if name:
        _check(name, VARIABLE)
        backend = _load(name)
        if backend is None or not backend.supports(z, dynamics):
            found = "one that is not installed" if backend is None else f"{z.dtype} on {z.device} with {dynamics}"
            raise ValueError(f"neuron backend {name!r}: found {found}; 'plain' runs everything")
        return backend
    fastest = _load(FASTEST.get(z.device.type, "plain"))
    return fastest if fastest is not None and fastest.supports(z, dynamics) else PLAIN


def _check(name: str, where: str) -> None:
    if name not in BACKENDS:
        raise ValueError(f"{where}: found {name!r}, expected one of {', '.join(BACKENDS)}")


@cache
def _load(name: str) -> Backend | None:
    try:
        return BACKENDS[name]()
    except ImportError as error:
        log.info("neurons run without the %s implementation: %s", name, error)
        return None

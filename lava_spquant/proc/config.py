"""Run configurations: which ProcessModels Lava picks."""

from __future__ import annotations

import importlib.util
from typing import Any

from lava.magma.core.run_configs import Loihi2HwCfg, Loihi2SimCfg, RunConfig

__all__ = ["BACKENDS", "loihi_is_installed", "run_config"]

BACKENDS = ("cpu", "loihi2")

_LOIHI_MODULE = "lava.utils.loihi2_profiler"
"""The module by which Lava itself tells whether its Loihi extension is installed."""


def loihi_is_installed() -> bool:
    """Tell whether Intel's private package `lava-loihi` is installed."""
    return importlib.util.find_spec(_LOIHI_MODULE) is not None


def run_config(backend: str = "cpu", *, exception_proc_model_map: dict[Any, Any] | None = None) -> RunConfig:
    """Return the run configuration of a backend.

    Parameters
    ----------
    backend : {"cpu", "loihi2"}
        "cpu" picks the fixed-point Python models; "loihi2" Intel's hardware models, for which a `Network`
        must have been built with `fused=False` (one Process for the whole network exists on the CPU only).
    exception_proc_model_map : dict, optional
        Processes (classes or instances) and the ProcessModels to take for them instead.

    Returns
    -------
    RunConfig

    Raises
    ------
    ValueError
        If the backend is unknown.
    ModuleNotFoundError
        If "loihi2" is asked for and Intel's private package `lava-loihi` is not installed.

    Examples
    --------
    >>> run_config("cpu").select_tag
    'fixed_pt'
    """
    if backend not in BACKENDS:
        raise ValueError(f"run_config: backend: found {backend!r}, expected one of {BACKENDS}")
    exceptions = dict(exception_proc_model_map or {})
    if backend == "cpu":
        return Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map=exceptions)
    if not loihi_is_installed():
        raise ModuleNotFoundError(
            "run_config: backend 'loihi2': found no package 'lava-loihi', expected it beside lava-nc; it is Intel's "
            "private extension, given to members of the Intel Neuromorphic Research Community; 'cpu' runs without it",
            name=_LOIHI_MODULE,
        )
    return Loihi2HwCfg(exception_proc_model_map=exceptions)

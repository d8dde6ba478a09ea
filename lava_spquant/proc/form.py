"""Whether a network becomes one Process or one per layer."""

from __future__ import annotations

import importlib.util
import logging

from lava_spquant.proc.config import loihi_is_installed

__all__ = ["is_fused"]

_log = logging.getLogger(__name__)


def is_fused(wanted: bool | None) -> bool:
    """Return `wanted`; for None, whether one Process is both possible and the better choice.

    It is not where Intel's Loihi extension is installed (hardware runs layers), nor without numba.

    Raises
    ------
    ModuleNotFoundError
        If one Process is wanted and numba is not installed.
    """
    if wanted is False or (wanted is None and loihi_is_installed()):
        return False
    if importlib.util.find_spec("numba") is not None:
        return True
    if wanted:
        raise ModuleNotFoundError(
            "Network: fused: found no package 'numba', which one Process for a whole network needs; "
            "install lava_spquant[engine], or use fused=False",
            name="numba",
        )
    _log.warning(
        "no package 'numba': building one Process per layer, which is many times slower; "
        "lava_spquant[engine] brings it, and fused=False says that this is wanted"
    )
    return False

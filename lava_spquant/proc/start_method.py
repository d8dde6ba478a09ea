"""Lets Lava be imported after torch, Lightning or anything else that has asked multiprocessing for its start method."""

from __future__ import annotations

import multiprocessing
import sys

__all__ = ["LAVA_SETS_IT", "release_start_method"]

LAVA_SETS_IT = "lava.magma.runtime.message_infrastructure.multiprocessing"
"""The module whose import sets the start method to "fork", and fails where one is set."""


def release_start_method() -> None:
    """Forget a start method of "fork", once, so that Lava's import can set it again.

    Lightning fixes the platform's default ("fork" on Linux) by asking for it, so that training and
    then running in Lava would fail in one interpreter. Another method that somebody chose stays,
    and Lava's import says that it cannot have it.
    """
    if LAVA_SETS_IT not in sys.modules and multiprocessing.get_start_method(allow_none=True) == "fork":
        multiprocessing.set_start_method(None, force=True)

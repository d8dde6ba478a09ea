"""Deterministic training is over when training is."""

from __future__ import annotations

import pytest
import torch

from lava_spquant.workflow.determinism import MEMORY, deterministic


def state() -> tuple[bool, bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        MEMORY.fill_uninitialized_memory,
    )


@pytest.mark.parametrize("before", [(False, False), (True, False), (True, True)])
@pytest.mark.parametrize("error", [None, RuntimeError("power cut")])
def test_torch_is_left_as_it_was(before: tuple[bool, bool], error: Exception | None) -> None:
    kept = state()
    torch.use_deterministic_algorithms(before[0], warn_only=before[1])
    try:
        found = state()
        if error is None:
            with deterministic():
                assert state() == (True, False, False)
        else:
            with pytest.raises(RuntimeError, match="power cut"), deterministic():
                raise error
        assert state() == found == (*before, kept[2])
    finally:
        torch.use_deterministic_algorithms(kept[0], warn_only=kept[1])

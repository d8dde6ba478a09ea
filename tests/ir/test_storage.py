"""How many bits a stored value takes."""

from __future__ import annotations

import pytest

from lava_spquant.ir.storage import stored_bits


@pytest.mark.parametrize(("declared", "stored"), [(0, 0), (1, 1), (1.58, 2), (2, 2), (4, 4), (8, 8), (16, 16)])
def test_stored_bits(declared: float, stored: int) -> None:
    assert stored_bits(declared) == stored

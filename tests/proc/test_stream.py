from __future__ import annotations

import pytest

from lava_spquant.proc.stream import Stream


@pytest.mark.parametrize(
    ("bounds", "bits"),
    [
        ((0, 1), 0),
        ((0, 0), 0),
        ((0, 2), 2),
        ((0, 255), 8),
        ((0, 256), 9),
        ((-1, 0), 1),
        ((-1, 1), 2),
        ((-128, 127), 8),
        ((-129, 0), 9),
    ],
)
def test_message_bits(bounds, bits):
    assert Stream((1,), bounds).message_bits == bits


def test_port_shape():
    assert Stream((2, 3, 4), (0, 1)).port_shape == (4, 3, 2)

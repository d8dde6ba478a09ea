from __future__ import annotations

import pytest

from lava_spquant.slayer.models import Layer, parse_architecture


def test_every_token() -> None:
    assert parse_architecture("64-32k5s2-R16-R128k1s2-AP2-AP10-FC256-FC") == [
        Layer("conv", 64, 3, 1),
        Layer("conv", 32, 5, 2),
        Layer("residual", 16, 3, 1),
        Layer("residual", 128, 1, 2),
        Layer("pool", 2, 2, 2),
        Layer("pool", 10, 10, 10),
        Layer("dense", 256),
        Layer("readout", 0),
    ]


@pytest.mark.parametrize("text", ["FC", "FC10-FC", "AP2-FC"])
def test_short_ones(text: str) -> None:
    assert parse_architecture(text)[-1].kind == "readout"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found ''"),
        ("64", "read-out: found"),
        ("64-FC-FC", "read-out: found"),
        ("FC-64", "read-out: found"),
        ("64--FC", "found ''"),
        ("64k4-FC", "found '64k4', expected a convolution such as"),
        ("64k0-FC", "found '64k0'"),
        ("64s0-FC", "found '64s0'"),
        ("0-FC", "found '0'"),
        ("FC0-FC", "found 'FC0'"),
        ("AP1-FC", "found 'AP1'"),
        ("MP1-FC", "found 'MP1'"),
        ("64 -FC", "found '64 '"),
        ("r64-FC", "found 'r64'"),
        ("FC64-32-FC", "order: found a convolution or pool behind a dense block"),
        ("32-FC64-AP2-FC", "order: found"),
    ],
)
def test_what_is_not_understood_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^architecture '{text}': .*{message}|^architecture '{text}': {message}"):
        parse_architecture(text)

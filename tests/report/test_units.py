from __future__ import annotations

import pytest

from lava_spquant.report.units import bytes_text, count_text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (23_456, "23.5 kB"), (5e6, "5 MB"), (2e9, "2 GB")]
)
def test_bytes(value: float, text: str) -> None:
    assert bytes_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (12.3, "12.3"), (1500, "1.5 k"), (2e6, "2 M"), (3.21e9, "3.21 G")]
)
def test_counts(value: float, text: str) -> None:
    assert count_text(value) == text

"""Numbers as people read them: three digits and a decimal unit."""

from __future__ import annotations

__all__ = ["bytes_text", "count_text"]


def bytes_text(value: float) -> str:
    """Write bytes with a decimal unit: 1 kB is 1,000 bytes.

    Examples
    --------
    >>> bytes_text(1536), bytes_text(12)
    ('1.54 kB', '12 B')
    """
    return _scaled(value, (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)), "B")


def count_text(value: float) -> str:
    """Write a count in thousands, millions or billions.

    Examples
    --------
    >>> count_text(1_234_567), count_text(40)
    ('1.23 M', '40')
    """
    return _scaled(value, (("G", 1e9), ("M", 1e6), ("k", 1e3)), "")


def _scaled(value: float, units: tuple[tuple[str, float], ...], plain: str) -> str:
    for unit, size in units:
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} {plain}".rstrip()

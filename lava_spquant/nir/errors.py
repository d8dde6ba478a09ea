"""The one exception that a graph raises which cannot be read, imported or written."""

from __future__ import annotations

__all__ = ["NirError", "expect"]

_TEXT_LIMIT = 160


class NirError(ValueError):
    """A NIR graph or file that has no meaning here: which node, what was found, what was expected."""


def expect(condition: bool, where: str, what: str, *, found: object, expected: object) -> None:
    """Raise `NirError` unless `condition` holds.

    Examples
    --------
    >>> expect(False, "node 'lif'", "v_reset", found=0.5, expected="0")
    Traceback (most recent call last):
    lava_spquant.nir.errors.NirError: node 'lif': v_reset: found 0.5, expected 0
    """
    if not condition:
        shown = str(found)
        shown = shown if len(shown) <= _TEXT_LIMIT else f"{shown[:_TEXT_LIMIT]}..."
        raise NirError(f"{where}: {what}: found {shown}, expected {expected}")

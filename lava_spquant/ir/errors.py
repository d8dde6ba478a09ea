"""The one exception that an impossible or unsafe network raises."""

from __future__ import annotations

__all__ = ["NetworkError", "expect"]


class NetworkError(ValueError):
    """A network that cannot be run exactly: what is wrong, where, found and expected."""


def expect(condition: bool, where: str, what: str, *, found: object, expected: object) -> None:
    """Raise `NetworkError` unless `condition` holds.

    Parameters
    ----------
    condition : bool
        What must be true.
    where, what : str
        The block or object, and the field of it, that is judged.
    found, expected : object
        Shown in the message.

    Raises
    ------
    NetworkError
        Where `condition` is false.

    Examples
    --------
    >>> expect(2 > 1, "block 0", "decay", found=2, expected="more than 1")
    """
    if not condition:
        raise NetworkError(f"{where}: {what}: found {found}, expected {expected}")

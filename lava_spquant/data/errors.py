"""The one exception that unusable data raises."""

from __future__ import annotations

__all__ = ["DataError", "expect_data"]


class DataError(ValueError):
    """Data that cannot be used as asked: what is wrong, where, found and expected."""


def expect_data(condition: bool, where: object, what: str, *, found: object, expected: object) -> None:
    """Raise `DataError` unless `condition` holds.

    Parameters
    ----------
    condition : bool
        What must be true.
    where : object
        The file or object that is judged.
    what : str
        The field of it.
    found, expected : object
        Shown in the message.

    Raises
    ------
    DataError
        Where `condition` is false.

    Examples
    --------
    >>> expect_data(False, "labels.gz", "magic", found="0x1f8b", expected="0x0801")
    Traceback (most recent call last):
        ...
    lava_spquant.data.errors.DataError: labels.gz: magic: found 0x1f8b, expected 0x0801
    """
    if not condition:
        raise DataError(f"{where}: {what}: found {found}, expected {expected}")

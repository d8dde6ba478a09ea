"""A point in time that several waits share."""

from __future__ import annotations

import time

__all__ = ["Deadline"]


class Deadline:
    """Counts down from its making.

    Parameters
    ----------
    seconds : float or None
        None never passes.

    Raises
    ------
    ValueError
        If `seconds` is not positive.

    Examples
    --------
    >>> Deadline(None).passed, Deadline(60).remaining > 59
    (False, True)
    """

    def __init__(self, seconds: float | None) -> None:
        if seconds is not None and not seconds > 0:
            raise ValueError(f"deadline: found {seconds}, expected a positive number of seconds, or None")
        self.seconds = seconds
        self._end = float("inf") if seconds is None else time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left, at least 0."""
        return max(0.0, self._end - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.remaining == 0.0

from __future__ import annotations

import time


class PlainError(Exception):
    pass


class NeedsTwoArgumentsError(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


class SlowError(Exception):
    """Takes a while to travel, so that those who are ended because of it are gone before it arrives."""

    def __reduce__(self) -> tuple[type[SlowError], tuple[object, ...]]:
        time.sleep(0.5)
        return type(self), self.args

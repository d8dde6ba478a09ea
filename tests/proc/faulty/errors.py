from __future__ import annotations


class PlainError(Exception):
    pass


class NeedsTwoArgumentsError(Exception):
    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")

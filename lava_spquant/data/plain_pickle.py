"""Reading plain data from a pickle by parsing it: nothing in it is imported, called or run.

A pickle is a program for a small stack machine. This interpreter knows the instructions that build numbers, strings,
lists, tuples and dictionaries. Where a pickle names a function and calls it, name and arguments are written down and
that is all; `read_array` recognises among these the way in which NumPy writes an array of bytes.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NotPlainError", "Written", "read_array", "read_plain"]

RECONSTRUCT = {("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")}
DTYPE = ("numpy", "dtype")
STATE_FIELDS = 5
"""Version, shape, dtype, whether it is in Fortran's order, and the bytes."""


class NotPlainError(ValueError):
    """A pickle that holds something else than plain data, or is damaged."""


@dataclass(eq=False)
class Written:
    """A call that a pickle asks for and that nobody makes.

    Attributes
    ----------
    name : (module, function)
    arguments, state : object
        What it would be called with, and what would then be put into it.
    """

    name: tuple[str, str]
    arguments: Any = None
    state: Any = None


def read_plain(data: bytes) -> Any:
    """Return what a pickle holds: numbers, strings, bytes, None, lists, tuples, dictionaries and `Written` calls.

    Raises
    ------
    NotPlainError
        If it is damaged, or holds an instruction that plain data does not need.
    """
    machine = _Machine()
    try:
        for instruction, argument, _ in pickletools.genops(data):
            if instruction.name == "STOP":
                return machine.stack[-1]
            machine.do(instruction.name, argument)
    except NotPlainError:
        raise
    # What the parser and a stack that runs empty raise on damaged data.
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise NotPlainError(f"a damaged pickle ({error})") from error
    raise NotPlainError("a pickle without an end")


def read_array(value: Any) -> NDArray[np.uint8]:
    """Return the array of bytes that a call writes down.

    Raises
    ------
    NotPlainError
        If it is anything else.
    """
    if not (isinstance(value, Written) and value.name in RECONSTRUCT):
        raise NotPlainError(f"a {type(value).__name__} in place of an array")
    state = value.state
    if not (isinstance(state, tuple) and len(state) == STATE_FIELDS):
        raise NotPlainError("an array without its contents")
    _, shape, dtype, fortran, content = state
    if isinstance(content, str):  # Python 2 wrote bytes as text
        content = content.encode("latin-1")
    named = isinstance(dtype, Written) and dtype.name == DTYPE and dtype.arguments[:1] == ("u1",)
    sides = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not (named and sides and isinstance(content, bytes) and len(content) == math.prod(shape)):
        raise NotPlainError("an array that is not of bytes, or not as long as its shape")
    return np.frombuffer(content, np.uint8).reshape(shape, order="F" if fortran else "C")


_MARK = object()


class _Machine:
    """The stack and the memory of a pickle."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def do(self, name: str, argument: Any) -> None:
        if name in _VALUES:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        elif name not in _IGNORED:
            raise NotPlainError(f"the instruction {name}")

    def pop(self, count: int) -> tuple[Any, ...]:
        if len(self.stack) < count:
            raise IndexError("too few values")
        taken = tuple(self.stack[-count:])
        del self.stack[-count:]
        return taken

    def pop_to_mark(self) -> tuple[Any, ...]:
        place = len(self.stack) - 1
        while self.stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise IndexError("no mark")
        taken = tuple(self.stack[place + 1 :])
        del self.stack[place:]
        return taken

    def append(self, values: tuple[Any, ...]) -> None:
        if type(self.stack[-1]) is not list:
            raise TypeError("no list to append to")
        self.stack[-1].extend(values)

    def set_items(self, values: tuple[Any, ...]) -> None:
        if type(self.stack[-1]) is not dict:
            raise TypeError("no dictionary to fill")
        self.stack[-1].update(zip(values[::2], values[1::2], strict=True))

    def name(self, module: Any, function: Any) -> None:
        self.stack.append(Written((str(module), str(function))))

    def call(self) -> None:
        function, arguments = self.pop(2)
        if not (isinstance(function, Written) and isinstance(arguments, tuple)):
            raise TypeError("a call of what is no function")
        self.stack.append(Written(function.name, arguments))

    def build(self) -> None:
        (state,) = self.pop(1)
        if not isinstance(self.stack[-1], Written):
            raise TypeError("a state for what has none")
        self.stack[-1].state = state


_VALUES = {
    *("BININT", "BININT1", "BININT2", "LONG1", "INT", "BINFLOAT"),
    *("BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE", "BINBYTES", "SHORT_BINBYTES"),
}
_IGNORED = {"PROTO", "FRAME"}
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": lambda: _MARK,
}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "APPEND": lambda m, _: m.append(m.pop(1)),
    "APPENDS": lambda m, _: m.append(m.pop_to_mark()),
    "SETITEM": lambda m, _: m.set_items(m.pop(2)),
    "SETITEMS": lambda m, _: m.set_items(m.pop_to_mark()),
    "TUPLE": lambda m, _: m.stack.append(m.pop_to_mark()),
    "TUPLE1": lambda m, _: m.stack.append(m.pop(1)),
    "TUPLE2": lambda m, _: m.stack.append(m.pop(2)),
    "TUPLE3": lambda m, _: m.stack.append(m.pop(3)),
    "GLOBAL": lambda m, a: m.name(*a.split(" ", 1)),
    "STACK_GLOBAL": lambda m, _: m.name(*m.pop(2)),
    "REDUCE": lambda m, _: m.call(),
    "BUILD": lambda m, _: m.build(),
    "BINPUT": lambda m, a: m.memory.__setitem__(a, m.stack[-1]),
    "LONG_BINPUT": lambda m, a: m.memory.__setitem__(a, m.stack[-1]),
    "MEMOIZE": lambda m, _: m.memory.__setitem__(len(m.memory), m.stack[-1]),
    "BINGET": lambda m, a: m.stack.append(m.memory[a]),
    "LONG_BINGET": lambda m, a: m.stack.append(m.memory[a]),
}

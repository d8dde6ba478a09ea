"""What a file holds for each kind of neuron and synapse, derived from the dataclasses of `ir`.

One schema serves writing and reading, so the two sides cannot drift apart. A new neuron or synapse
needs nothing here, or one line in `_RENAMED` where a field already has another name in NetX files.
"""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass
from enum import Enum
from types import NoneType

import numpy as np

from lava_spquant import ir

__all__ = ["NEURON_SCHEMAS", "SYNAPSE_SCHEMAS", "Entry", "Form", "Schema"]


class Form(Enum):
    """How a field of a dataclass is stored."""

    INT = "int"
    FLOAT = "float"
    TEXT = "text"
    PAIR = "pair"
    ARRAY = "array"
    RECORD = "record"


@dataclass(frozen=True)
class Entry:
    """One field of a neuron or synapse.

    Parameters
    ----------
    attribute : str
        Name in `ir`.
    name : str
        Name in the file.
    form : Form
    optional : bool
        None in `ir`, absent from the file.
    record : Schema or None
        The nested dataclass where `form` is RECORD.
    """

    attribute: str
    name: str
    form: Form
    optional: bool
    record: Schema | None = None


@dataclass(frozen=True)
class Schema:
    """All fields of one dataclass of `ir`."""

    cls: type
    entries: tuple[Entry, ...]


_RENAMED: dict[str, dict[str, str]] = {
    "qlif": {"decay": "vDecay", "vth": "vTh"},
    "cuba": {"current_decay": "iDecay", "voltage_decay": "vDecay", "vth": "vTh"},
    "pool": {"kernel": "kernelSize"},
}
"""Fields that lava-dl has a word for, and the threshold, which `vThMant` counts in other units."""


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def _form(hint: object) -> tuple[Form, Schema | None]:
    if dataclasses.is_dataclass(hint):
        return Form.RECORD, _schema(typing.cast(type, hint), "")
    if hint is int or hint is float or hint is str:
        return {int: Form.INT, float: Form.FLOAT, str: Form.TEXT}[typing.cast(type, hint)], None
    if hint == tuple[int, int]:
        return Form.PAIR, None
    if typing.get_origin(hint) is np.ndarray:
        return Form.ARRAY, None
    raise TypeError(f"a field of type {hint} has no form in a .net file; add one to netx.schema.Form")


def _schema(cls: type, kind: str) -> Schema:
    hints = typing.get_type_hints(cls)
    renamed = _RENAMED.get(kind, {})
    entries = []
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        choices = [arg for arg in typing.get_args(hint) if arg is not NoneType]
        optional = NoneType in typing.get_args(hint)
        form, record = _form(choices[0] if optional else hint)
        entries.append(Entry(field.name, renamed.get(field.name, _camel(field.name)), form, optional, record))
    return Schema(cls, tuple(entries))


NEURON_SCHEMAS: dict[str, Schema] = {kind: _schema(cls, kind) for kind, cls in ir.NEURONS.items()}
"""By `ir` kind; a file says the kind in capitals, as lava-dl does."""

SYNAPSE_SCHEMAS: dict[str, Schema] = {kind: _schema(cls, kind) for kind, cls in ir.SYNAPSES.items()}
"""By `ir` kind, which is also the type of a layer with one such branch."""

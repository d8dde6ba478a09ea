"""A checked view of an HDF5 group: every read says what it expects, and every error says where."""

from __future__ import annotations

import h5py
import numpy as np
from h5py import h5a, h5d, h5g, h5l, h5o, h5s, h5t
from numpy.typing import NDArray

from lava_spquant.ir import IntArray, Shape
from lava_spquant.netx.dataset import Budget, Header, expect_numbers, read_numbers, read_text, read_texts
from lava_spquant.netx.errors import Place, reading
from lava_spquant.netx.limits import LAYERS_MAX, METADATA_MAX, TEXT_MAX

__all__ = ["Node"]


class Node:
    """One group of an untrusted file.

    Parameters
    ----------
    group : h5py.Group
    place : Place
    budget : Budget
        Shared by all nodes of a file.
    """

    def __init__(self, group: h5py.Group, place: Place, budget: Budget) -> None:
        self.place = place
        self._group = group
        self._budget = budget

    def has(self, name: str) -> bool:
        """Tell whether a link `name` exists, without following it."""
        with reading(self.place, name, "a readable group"):
            return bool(self._group.id.links.exists(name.encode()))

    def group(self, name: str) -> Node:
        """Return the group `name`; links to other files and other paths are refused."""
        opened = self._open(name, "a group")
        self.place.expect(isinstance(opened, h5g.GroupID), name, found="no group", expected="a group")
        path = f"{self.place.path}/{name}".strip("/")
        return Node(h5py.Group(opened), Place(self.place.file, path), self._budget)

    def members(self) -> list[Node]:
        """Return the groups "0", "1", ... that this group consists of, at least one.

        Raises
        ------
        NetXError
            If one is missing, or the file has more than `LAYERS_MAX` layers in all.
        """
        with reading(self.place, "", "a readable group"):
            count = len(self._group)
        self.take_layers(count)
        return [self.group(str(index)) for index in range(count)]

    def names(self) -> list[str]:
        """Return the names of what this group holds, sorted.

        Raises
        ------
        NetXError
            If the file has more than `LAYERS_MAX` of them in all, or a name is no UTF-8 text or too long.
        """
        with reading(self.place, "", "a readable group"):
            count = len(self._group)
        self._budget.layers += count
        self.place.expect(
            self._budget.layers <= LAYERS_MAX, "", found=f"{count} members", expected=f"at most {LAYERS_MAX} in all"
        )
        with reading(self.place, "", "names that are UTF-8 text"):
            names = sorted(raw.decode("utf-8") for raw in self._group.id)
        longest = max((len(name) for name in names), default=0)
        self.place.expect(longest <= TEXT_MAX, "", found=f"a name of {longest} letters", expected=f"<= {TEXT_MAX}")
        return names

    def is_group(self, name: str) -> bool:
        """Tell whether `name` is a group, as complex weights are."""
        return isinstance(self._open(name, "a dataset"), h5g.GroupID)

    def dims(self, name: str) -> Shape:
        """Return the declared shape of dataset `name` without reading it."""
        return self._header(name).dims

    def text(self, name: str) -> str:
        """Return a short string."""
        return read_text(self._header(name), self._budget)

    def texts(self, name: str, limit: int = TEXT_MAX) -> NDArray[np.object_]:
        """Return an array of any shape of variable-length strings, each of at most `limit` bytes."""
        return read_texts(self._header(name), self._budget, limit)

    def is_text(self, name: str) -> bool:
        """Tell whether dataset `name` holds strings."""
        opened = self._open(name, "a dataset")
        with reading(self.place, name, "a readable dataset"):
            return isinstance(opened, h5d.DatasetID) and isinstance(opened.get_type(), h5t.TypeStringID)

    def integers(self, name: str, *allowed: Shape) -> IntArray:
        """Return whole numbers (int64) whose shape is one of `allowed`, checked before reading; -1 fits any length.

        Raises
        ------
        NetXError
            If the field is missing, of another type or shape, or holds fractions.
        """
        values = self.numbers(name, *allowed)
        self.place.expect(values.dtype.kind == "i", name, found="fractions or huge values", expected="whole numbers")
        return values.astype(np.int64)

    def numbers(self, name: str, *allowed: Shape) -> NDArray[np.generic]:
        """Return numbers as int64, or as float64 where not all are whole."""
        header = self._header(name)
        expect_numbers(header)
        dims = header.dims
        good = any(_fits(dims, shape) for shape in allowed)
        wanted = " or ".join(str(shape).replace("-1", "n") for shape in allowed)
        self.place.expect(good, name, found=f"shape {dims}", expected=f"shape {wanted}")
        return read_numbers(header, self._budget)

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """Return one whole number in `low..high`, stored as a scalar or an array of one."""
        if default is not None and not self.has(name):
            return default
        value = int(self.integers(name, (), (1,)).reshape(-1)[0])
        self.place.expect(low <= value <= high, name, found=value, expected=f"{low}..{high}")
        return value

    def number(self, name: str) -> float:
        """Return one real number."""
        return float(self.numbers(name, (), (1,)).reshape(-1)[0])

    def pair(self, name: str) -> tuple[int, int]:
        """Return a (height, width) pair; one number stands for both."""
        values = self.integers(name, (), (1,), (2,)).reshape(-1)
        low, high = int(values.min()), int(values.max())
        self.place.expect(low >= 0 and high < 2**31, name, found=values.tolist(), expected="whole numbers >= 0")
        return int(values[0]), int(values[-1])

    def shape(self, name: str = "shape") -> Shape:
        """Return a shape of one to three axes, each at least 1, and count its neurons against `NEURONS_MAX`."""
        values = tuple(int(n) for n in self.integers(name, (1,), (2,), (3,)))
        self.place.expect(min(values) >= 1, name, found=values, expected="axes >= 1")
        self.take_neurons(values, name)
        return values

    def take_neurons(self, shape: Shape, name: str) -> None:
        """Count the neurons of `shape`, which field `name` claims, against `NEURONS_MAX`."""
        self._budget.take_shape(shape, self.place, name)

    def take_padding(self, count: int) -> None:
        """Count `count` zeros around a source against `NEURONS_MAX`: executors hold them, and no data stand behind."""
        self._budget.take_neurons(count, f"{count} values of padding", self.place, "padding")

    def take_layers(self, count: int, name: str = "") -> None:
        """Count the members that field `name`, or this group, claims to have against `LAYERS_MAX`; at least one."""
        self._budget.layers += count
        good = count > 0 and self._budget.layers <= LAYERS_MAX
        self.place.expect(good, name, found=f"{count} members", expected=f"1..{LAYERS_MAX} in the whole file")

    def attribute(self, name: str, limit: int = METADATA_MAX) -> str | int | None:
        """Return a text or integer attribute, or None where there is none.

        Raises
        ------
        NetXError
            If it is anything else, or text longer than `limit` bytes.
        """
        field = f"attribute {name!r}"
        with reading(self.place, field, "a readable attribute"):
            if not h5a.exists(self._group.id, name.encode()):
                return None
            opened = h5a.open(self._group.id, name.encode())
            kind, scalar = opened.get_type(), opened.get_space().get_simple_extent_type() == h5s.SCALAR
            fixed = isinstance(kind, h5t.TypeStringID) and not kind.is_variable_str()
            good = scalar and (fixed or isinstance(kind, h5t.TypeIntegerID)) and kind.get_size() <= limit
            value: str | int | None = None
            if good:
                raw = np.empty((), dtype=kind.dtype)
                opened.read(raw)
                value = raw.item().decode() if fixed else int(raw)
        self.place.expect(value is not None, field, found="another type", expected="a text or a whole number")
        return value

    def _open(self, name: str, wanted: str) -> h5o.ObjectID:
        self.place.expect(self.has(name), name, found="nothing", expected=wanted)
        with reading(self.place, name, wanted):
            hard = self._group.id.links.get_info(name.encode()).type == h5l.TYPE_HARD
            self.place.expect(hard, name, found="a link elsewhere", expected=wanted)
            return h5o.open(self._group.id, name.encode())

    def _header(self, name: str) -> Header:
        opened = self._open(name, "a dataset")
        self.place.expect(isinstance(opened, h5d.DatasetID), name, found="no dataset", expected="a dataset")
        return Header(opened, self.place, name)


def _fits(dims: Shape, shape: Shape) -> bool:
    return len(dims) == len(shape) and all(want in (-1, have) for have, want in zip(dims, shape, strict=True))

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from lava_spquant.netx.storage import LIBVER, packed_bits, write_array, write_text, write_weight


@pytest.mark.parametrize("bits", [1, 1.58, 2, 3, 4, 5, 7, 8, 9, 12, 16])
def test_every_width_reads_back_as_plain_integers(bits: float, tmp_path: Path) -> None:
    top = 1 if bits < 2 else 2 ** (int(bits) - 1) - 1
    weight = np.random.default_rng(0).integers(-top, top + 1, (50, 3, 2, 5))
    weight.flat[:2] = -top, top
    with h5py.File(tmp_path / "a.h5", "w", libver=LIBVER) as file:
        write_weight(file, "weight", weight, bits)
    with h5py.File(tmp_path / "a.h5") as file:
        stored = file["weight"]
        assert stored.dtype == (np.int8 if bits <= 8 else np.int16)
        assert np.array_equal(stored[()], weight)
        assert stored.id.get_type().get_precision() == packed_bits(bits)
        # Random values of n bits cannot be squeezed further; a little framing comes on top.
        assert stored.id.get_storage_size() <= 1.05 * weight.size * packed_bits(bits) / 8 + 64


@pytest.mark.parametrize(("bits", "most"), [(1, 1.02), (1.58, 1.63), (2, 2.02), (4, 4.02)])
def test_weights_take_little_more_than_their_information(bits: float, most: float, tmp_path: Path) -> None:
    top = 1 if bits < 2 else 2 ** (int(bits) - 1) - 1
    values = [-1, 1] if bits == 1 else np.arange(-top, top + 1)
    weight = np.random.default_rng(0).choice(values, (1100, 64, 3, 3))  # two chunks, the second not full
    with h5py.File(tmp_path / "a.h5", "w", libver=LIBVER) as file:
        write_weight(file, "weight", weight, bits)
    with h5py.File(tmp_path / "a.h5") as file:
        assert np.array_equal(file["weight"][()], weight)
        assert 8 * file["weight"].id.get_storage_size() <= most * weight.size


def test_chunks_of_large_weights_stay_small(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver=LIBVER) as file:
        write_weight(file, "weight", np.zeros((3000, 1000), np.int8), 1.58)
        assert file["weight"].chunks == (1048, 1000)


def test_small_values_live_in_the_header(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver=LIBVER) as file:
        write_array(file, "small", np.arange(5))
        write_array(file, "large", np.arange(5000))
        write_text(file, "text", "conv", shape=(1,))
        assert file["small"].id.get_create_plist().get_layout() == h5py.h5d.COMPACT
        assert file["large"].compression == "gzip"
        assert file["text"][0] == b"conv"
        assert np.array_equal(file["large"][()], np.arange(5000))

"""A tiny data set in CIFAR-10's formats, written by the tests."""

from __future__ import annotations

import io
import pickle
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
SIZE = 4
"""Images per batch."""


def tiny(batch: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a batch's random pixels (4, 3072) and labels (4,)."""
    rng = np.random.default_rng(BATCHES.index(batch))
    return rng.integers(0, 256, (SIZE, 3072), dtype=np.uint8), rng.integers(0, 10, SIZE, dtype=np.uint8)


def write_binary(folder: Path) -> Path:
    """Write the six files of the binary distribution."""
    folder.mkdir(parents=True, exist_ok=True)
    for batch in BATCHES:
        pixels, labels = tiny(batch)
        (folder / f"{batch}.bin").write_bytes(np.column_stack([labels, pixels]).tobytes())
    return folder


def write_python(folder: Path) -> Path:
    """Write the six files of the Python distribution, as Python 2 wrote them."""
    folder.mkdir(parents=True, exist_ok=True)
    for batch in BATCHES:
        (folder / batch).write_bytes(old_pickle(*tiny(batch)))
    return folder


def old_pickle(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> bytes:
    """Return a batch as Python 2's pickle, protocol 2, has it: text and bytes are the same there."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    rows, columns = (b"J" + struct.pack("<i", n) for n in pixels.shape)
    dtype = b"cnumpy\ndtype\nq\x0a" + text(b"u1") + b"K\x00K\x01\x87Rq\x0b(K\x03" + text(b"|") + b"NNNJ\xff\xff\xff\xff"
    dtype += b"J\xff\xff\xff\xffK\x00tb"
    content = pixels.tobytes()
    array = b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85" + text(b"b") + b"\x87Rq\x09"
    array += b"(K\x01" + rows + columns + b"\x86" + dtype + b"\x89T" + struct.pack("<i", len(content)) + content + b"tb"
    numbers = b"]q\x05(" + b"".join(b"K" + bytes([n]) for n in labels) + b"e"
    fields = text(b"batch_label") + text(b"a batch") + text(b"labels") + numbers + text(b"data") + array
    return b"\x80\x02}q\x01(" + fields + text(b"filenames") + b"]q\x0c(" + text(b"a.png") + b"eu."


def new_pickle(pixels: NDArray[np.uint8], labels: NDArray[np.uint8], protocol: int) -> bytes:
    """Return the same as today's Python writes it."""
    return pickle.dumps({b"labels": labels.tolist(), b"data": pixels}, protocol)


def write_jpeg(path: Path, **changes: NDArray[np.generic]) -> dict[str, list[NDArray[np.uint8]]]:
    """Write an archive of JPEG images; return what they decode to, (3, 32, 32) each."""
    arrays: dict[str, NDArray[np.generic]] = {}
    decoded: dict[str, list[NDArray[np.uint8]]] = {}
    for split, count in (("train", 5), ("test", 3)):
        files = [jpeg(seed) for seed in range(count)]
        joined = np.frombuffer(b"".join(files), np.uint8)
        arrays |= {f"{split}_jpeg": joined, f"{split}_offsets": np.cumsum([0, *map(len, files)])}
        arrays[f"{split}_labels"] = np.arange(count, dtype=np.uint8)
        decoded[split] = [np.asarray(Image.open(io.BytesIO(file))).transpose(2, 0, 1) for file in files]
    np.savez_compressed(path, **(arrays | changes))
    return decoded


def jpeg(seed: int, size: tuple[int, int] = (32, 32), mode: str = "RGB") -> bytes:
    """Return a JPEG image with a gradient and a bright corner."""
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    pixels = np.full(shape, 20 * seed, np.uint8)
    pixels[: size[1] // 2, : size[0] // 3] += 100
    stream = io.BytesIO()
    Image.fromarray(pixels, mode).save(stream, "JPEG", quality=90)
    return stream.getvalue()

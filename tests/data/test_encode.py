from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from lava_spquant.data import DataError, repeat

IMAGES = np.random.default_rng(1).integers(0, 256, (3, 2, 4, 5), dtype=np.uint8)


@pytest.mark.parametrize("steps", [1, 4])
def test_every_step_shows_the_image(steps: int) -> None:
    x = repeat(IMAGES, steps)
    assert (x.shape, x.dtype) == ((steps, 3, 2, 4, 5), np.int32)
    assert all(np.array_equal(frame, IMAGES) for frame in x)


def test_time_costs_no_memory() -> None:
    x = repeat(IMAGES, 1000)
    assert x.strides[0] == 0
    assert not x.flags.writeable


def test_refuses_other_input() -> None:
    with pytest.raises(DataError, match="steps: found 0"):
        repeat(IMAGES, 0)
    with pytest.raises(DataError, match=r"steps: found 1\.5"):
        repeat(IMAGES, 1.5)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="images: found float64"):
        repeat(IMAGES.astype(float), 2)
    with pytest.raises(DataError, match=r"images: found uint8 \(2, 4, 5\)"):
        repeat(IMAGES[0], 2)


def test_importing_the_data_sets_imports_no_torch() -> None:
    code = "import sys, lava_spquant.data; sys.exit(bool({'torch', 'sklearn', 'lava'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

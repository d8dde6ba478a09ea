from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lava_spquant import data, workflow
from lava_spquant.workflow import chunks

# Lightning warns of a missing validation set and of folders that exist.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:lightning")

OVERRIDES = ["model.architecture=4s2-FC", "training.epochs=1", "training.batch_size=256", "data.steps=2"]


def test_the_whole_path_in_small(tmp_path: Path) -> None:
    said: list[str] = []
    done = workflow.demo(
        tmp_path, overrides=OVERRIDES, min_accuracy=0.0, limit=30, lava_samples=3, announce=said.append
    )
    assert done.ok
    assert [result.accuracy.samples for result in done.verification.results] == [30, 30, 30, 3]
    assert done.verification.mismatches == 0
    assert [path.name for path in done.figures] == ["memory.png", "sample.png"]
    assert all(path.is_file() for path in (done.checkpoint, done.network_file, *done.figures))
    assert [line[:3] for line in said] == ["1/4", "2/4", "3/4", "4/4"]
    # What it says of the file holds for the file.
    loaded = workflow.load(done.network_file)
    assert (loaded.recipe, loaded.dataset, loaded.steps) == ("digits-cnn", "digits", 2)
    split = chunks.head(data.digits().test, 30)
    assert workflow.evaluate(loaded.network, split, 2).accuracy == done.accuracy
    # A second call trains no more, and a promise that the network cannot keep fails.
    before = done.checkpoint.read_bytes()
    again = workflow.demo(tmp_path, overrides=OVERRIDES, min_accuracy=1.0, limit=30, lava_samples=0)
    assert done.accuracy < 1
    assert not again.ok
    assert again.verification.ok
    assert again.accuracy == done.accuracy
    assert np.array_equal(workflow.load(done.network_file).network.blocks[0].bias, loaded.network.blocks[0].bias)
    assert done.checkpoint.read_bytes() == before

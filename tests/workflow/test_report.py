from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lava_spquant.data import ImageSplit
from lava_spquant.ir import reference
from lava_spquant.workflow import chunks as chunks_module
from lava_spquant.workflow import report
from tests.prune.gated_models import gated_pair, images
from tests.workflow.tiny import STEPS, tiny_network, tiny_split


def test_memory_needs_no_data(tmp_path: Path) -> None:
    made = report(tiny_network())
    assert made.activity is None
    assert made.memory.total.weights.count == 2 * 1 * 3 * 2 + 3 * 16
    assert [path.name for path in made.save_figures(tmp_path)] == ["memory.png"]


def test_activity_is_that_of_all_chunks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    network, split = tiny_network(), tiny_split(7)
    monkeypatch.setattr(chunks_module, "MAX_CHUNK", 3)
    made = report(network, split, STEPS, limit=5)
    x = np.stack([split.images[:5].astype(np.int32)] * STEPS)
    assert made.activity is not None
    assert made.activity.samples == 5
    assert made.activity.rows[0].spike_rate == pytest.approx(reference.run(network, x).blocks[0]["spikes"].mean())
    written = made.save_figures(tmp_path / "new")
    assert [path.name for path in written] == ["memory.png", "sample.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)


def test_networks_with_gates_have_their_flops_counted(tmp_path: Path) -> None:
    network = gated_pair("channel")[0]
    split = ImageSplit(images(0, steps=1)[0].astype(np.uint8), np.zeros(5, int), 5, source="random")
    made = report(network, split, STEPS)
    assert made.flops is not None
    assert made.flops.total < made.flops.dense
    assert [path.name for path in made.save_figures(tmp_path)] == ["memory.png", "sample.png", "gates.png"]
    assert report(network).flops is None
    assert report(tiny_network(), tiny_split(2), STEPS).flops is None


def test_images_need_time_steps() -> None:
    with pytest.raises(ValueError, match="report: steps: found none"):
        report(tiny_network(), tiny_split(1))

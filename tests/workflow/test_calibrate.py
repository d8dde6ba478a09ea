"""Calibrating a checkpoint looks at what training may look at, and leaves what it reads."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from lava_spquant.slayer.training import read_checkpoint
from lava_spquant.workflow import calibrate
from lava_spquant.workflow.calibrate import calibrate_checkpoint
from lava_spquant.workflow.recipe import Recipe, load_recipe
from lava_spquant.workflow.train import train, training_parts
from tests.workflow.bright_rows import TEXT, bright_rows

INT4 = ("model.weight=int4-channel",)


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    # Nothing here depends on the executor, and this one is there at once.
    monkeypatch.setattr(calibrate, "default_executor", lambda: "reference")
    return bright_rows(monkeypatch)


def test_only_what_is_trained_on_is_looked_at(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = load_recipe(TEXT, ["training.epochs=1", "training.validation=0.25", "data.samples=30"])
    source = train(chosen, tmp_path / "run", progress=False).checkpoint
    looked, real = [], calibrate.calibrate

    def look(model: Any, batches: Iterable[Tensor], *rest: Any) -> Any:
        looked.extend(batches)
        return real(model, looked, *rest)

    monkeypatch.setattr(calibrate, "calibrate", look)
    done = calibrate_checkpoint(source, tmp_path / "four.ckpt", INT4, samples=256)
    fitted, held = training_parts(chosen, chosen.data.load())
    assert held is not None
    (inputs,) = looked
    seen = {image.tobytes() for image in inputs[..., 0].numpy().astype("uint8")}
    assert seen == {image.tobytes() for image in fitted.images}
    assert len(seen) == 30 - len(held)
    assert done.recipe.model.weight == "int4-channel"
    assert "initial" not in read_checkpoint(done.checkpoint)["hyper_parameters"]


def test_the_checkpoint_that_is_read_is_not_written_over(recipe: Recipe, tmp_path: Path) -> None:
    source = train(load_recipe(TEXT, ["training.epochs=1"]), tmp_path, progress=False).checkpoint
    before = source.read_bytes()
    with pytest.raises(ValueError, match=r"last\.ckpt: checkpoint: found the one that is read, expected another file"):
        calibrate_checkpoint(source, source, INT4)
    assert source.read_bytes() == before

"""No accuracy is told of an integer network that cannot exist."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pytest
import torch

from lava_spquant.data import DATASETS, ImageData, ImageSplit
from lava_spquant.ir import InputSpec, NetworkError
from lava_spquant.slayer import SpikingNetwork, block
from lava_spquant.slayer.models import build_convnet
from lava_spquant.workflow.proof import prove
from lava_spquant.workflow.recipe import Recipe, load_recipe
from lava_spquant.workflow.train import LAST_CHECKPOINT, train

TEXT = """\
name: stream
data: {name: digits, steps: 1}
model: {architecture: C10-B10-FC, weight: binary-standard, last_weight: int8, surrogate: asymmetric, stream_bits: 9}
training: {epochs: 2, batch_size: 16}
"""
SPEC = InputSpec((1, 6, 5), 8)
TOO_WIDE = (
    r"^model: architecture 'C10-B10-FC' with stream_bits {}: block 'readout3', branch 0: largest accumulator: "
    r"found \d+, expected at most 8388607; what is too large shrinks with a narrower model.stream_bits, or a pool"
)


@pytest.fixture(autouse=True)
def _images(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.arange(40) % 3
    images = np.random.default_rng(0).integers(0, 256, (40, *SPEC.shape)).astype(np.uint8)
    split = ImageSplit(images, labels, 3, source="noise")
    monkeypatch.setitem(DATASETS, "digits", lambda path: ImageData("digits", split, split))


def made(recipe: Recipe) -> SpikingNetwork:
    torch.manual_seed(0)
    return build_convnet(recipe.model, SPEC, 3)


def as_large_as_can_be(model: Any) -> None:
    """Give the read-out weights of which every sum of 300 at 9 bits is more than 24 bits hold."""
    (readout,) = (part for part in model.modules() if isinstance(part, block.Readout))
    with torch.no_grad():
        readout.synapse.weight.fill_(1.0)


class Grows(L.Callback):
    def on_train_batch_end(self, trainer: L.Trainer, pl_module: L.LightningModule, *rest: object) -> None:
        as_large_as_can_be(pl_module)


def test_what_cannot_be_deployed_is_not_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(L.Trainer, "fit", lambda *arguments, **options: pytest.fail("trained"))
    with pytest.raises(NetworkError, match=TOO_WIDE.format(16)):
        train(load_recipe(TEXT, ["model.stream_bits=16"]), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_weights_to_start_from_are_proved(tmp_path: Path) -> None:
    recipe = load_recipe(TEXT)
    initial = made(recipe)
    as_large_as_can_be(initial)
    with pytest.raises(NetworkError, match=TOO_WIDE.format(9)):
        train(recipe, tmp_path / "run", progress=False, initial=initial)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("validation", [0.0, 0.25])
def test_what_training_made_is_proved_before_its_accuracy_is_told(tmp_path: Path, validation: float) -> None:
    recipe = load_recipe(TEXT, [f"training.validation={validation}"])
    for callbacks in ([Grows()], []):  # the second call finds a run that is done
        with pytest.raises(NetworkError, match=TOO_WIDE.format(9)):
            train(recipe, tmp_path, progress=False, callbacks=callbacks)
        assert (tmp_path / LAST_CHECKPOINT).is_file()
        with (tmp_path / "log" / "metrics.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert rows
        assert not any(row.get("test_accuracy") for row in rows)


def test_a_run_goes_on_whatever_its_first_weights_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What resumes began with other weights, perhaps with those of another network."""
    recipe = load_recipe(TEXT)
    before = train(recipe, tmp_path, progress=False)
    init = block.Readout.__init__

    def larger(self: block.Readout, *arguments: Any, **options: Any) -> None:
        init(self, *arguments, **options)
        as_large_as_can_be(self)

    monkeypatch.setattr(block.Readout, "__init__", larger)
    with pytest.raises(NetworkError):
        prove(made(recipe), recipe.model)
    assert train(recipe, tmp_path, progress=False).accuracy == before.accuracy


def test_networks_of_spikes_have_another_hint() -> None:
    recipe = load_recipe(TEXT, ["model.architecture=64-FC", "model.last_weight=int16", "model.weight=ternary"])
    expected = (
        r"^model: architecture '64-FC': block 'readout2', .* shrinks with weights of fewer bits, or fewer channels$"
    )
    with pytest.raises(NetworkError, match=expected):
        prove(made(recipe), recipe.model)


@pytest.mark.parametrize("fields", [[], ["model.architecture=4-6-R6-FC", "model.gates=both", "model.gate_cell=1"]])
def test_a_proof_leaves_everything_as_it_was(fields: list[str]) -> None:
    recipe = load_recipe(TEXT, fields)
    model = made(recipe).train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    modes, drawn = [part.training for part in model.modules()], torch.get_rng_state()
    prove(model, recipe.model)
    assert [part.training for part in model.modules()] == modes
    assert torch.equal(torch.get_rng_state(), drawn)
    assert state.keys() == model.state_dict().keys()
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())

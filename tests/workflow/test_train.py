"""Training a recipe: resuming gives the same network, and nothing that goes wrong loses the last checkpoint."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

from lava_spquant.data import DATASETS, EventData, EventLoader, EventSplit, FrameConfig
from lava_spquant.data.packing import pack_frames
from lava_spquant.ir import InputSpec, reference
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.training import TRAINING_STATE, Classifier, read_checkpoint
from lava_spquant.workflow.recipe import Recipe, load_recipe
from lava_spquant.workflow.train import LAST_CHECKPOINT, load_checkpoint, train
from tests.paths import ROOT
from tests.workflow.bright_rows import TEXT, StopAfter, assert_same_weights, bright_rows, stop_in_epoch


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    return bright_rows(monkeypatch)


@pytest.fixture
def event_recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """A recipe on 48 recordings of 3 frames, whose class is the row with most events."""
    labels = np.arange(48) % 3

    def load(path: object, frames: FrameConfig) -> EventData:
        made = (np.random.default_rng(0).random((48, frames.steps, 2, 6, 5)) < 0.1).astype(np.uint8)
        for recording, label in zip(made, labels, strict=True):
            recording[:, :, 2 * label : 2 * label + 2] |= 1
        made *= 2**frames.bits - 1
        split = EventSplit(pack_frames(made, frames.bits), labels, 3, made.shape[1:], frames.bits, "rows")
        return EventData("emulated-digits", split, split)

    monkeypatch.setitem(DATASETS, "emulated-digits", EventLoader(load))
    return load_recipe(TEXT, ["data.name=emulated-digits", "data.steps=3", "data.shift=0"])


def test_what_training_leaves(recipe: Recipe, tmp_path: Path) -> None:
    result = train(recipe, tmp_path / "run", progress=False)
    assert result.checkpoint == tmp_path / "run" / LAST_CHECKPOINT
    assert load_recipe(tmp_path / "run" / "recipe.yaml") == recipe
    assert not result.model.training
    assert result.accuracy > 0.6
    found, model = load_checkpoint(result.checkpoint)
    assert found == recipe
    assert not model.training
    assert_same_weights(model, result.model)
    # The accuracy is the integer network's.
    images = DATASETS["digits"](None).test
    x = np.repeat(images.images[None].astype(int), recipe.data.steps, axis=0)
    answers = reference.run(model.to_ir(), x).output[-1].argmax(axis=1)
    assert result.accuracy == pytest.approx((answers == images.labels).mean())


@pytest.mark.parametrize("bits", [1, 3])
def test_training_on_recordings(event_recipe: Recipe, tmp_path: Path, bits: int) -> None:
    data = replace(event_recipe.data, bits=bits, roll=1, cutout=1, flip=True)
    result = train(replace(event_recipe, data=data), tmp_path / "run", progress=False)
    _, model = load_checkpoint(result.checkpoint)
    network = model.to_ir()
    assert network.input == InputSpec((2, 6, 5), bits)
    assert result.accuracy > 0.6
    # The accuracy is the integer network's, on frames that nothing has augmented.
    test = data.load().test
    answers = reference.run(network, test.inputs(3)).output[-1].argmax(axis=1)
    assert result.accuracy == pytest.approx((answers == test.labels).mean())


def test_a_checkpoint_from_before_recordings_has_eight_bits(recipe: Recipe, tmp_path: Path) -> None:
    path = train(recipe, tmp_path / "run", progress=False).checkpoint
    checkpoint = torch.load(path, weights_only=False)
    del checkpoint["hyper_parameters"]["bits"]
    torch.save(checkpoint, path)
    assert load_checkpoint(path)[1].input_spec == InputSpec((1, 6, 5), 8)


def test_the_same_recipe_gives_the_same_network(recipe: Recipe, tmp_path: Path) -> None:
    one = train(recipe, tmp_path / "one", progress=False)
    torch.rand(5)
    assert_same_weights(one.model, train(recipe, tmp_path / "two", progress=False).model)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("power cut")])
def test_stopped_and_resumed_is_trained_straight_through(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    straight = train(recipe, tmp_path / "straight", progress=False)
    go_on = stop_in_epoch(monkeypatch, 2, error)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(type(error)):
        train(recipe, tmp_path / "stopped", progress=False)
    assert signal.getsignal(signal.SIGINT) is handler
    checkpoint = read_checkpoint(tmp_path / "stopped" / LAST_CHECKPOINT)
    assert checkpoint["epoch"] == 1  # the second of epochs 0 to 3 is complete
    go_on()
    resumed = train(recipe, tmp_path / "stopped", progress=False)
    assert_same_weights(resumed.model, straight.model)
    assert resumed.accuracy == straight.accuracy
    # A further call has nothing left to do.
    assert_same_weights(train(recipe, tmp_path / "stopped", progress=False).model, straight.model)


def test_stopped_before_the_first_checkpoint_starts_again(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = stop_in_epoch(monkeypatch, 0, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt, match="training stopped in epoch 0; call again to resume"):
        train(recipe, tmp_path / "run", progress=False)
    go_on()
    straight = train(recipe, tmp_path / "straight", progress=False)
    assert_same_weights(train(recipe, tmp_path / "run", progress=False).model, straight.model)


def test_a_finished_network_can_be_trained_for_longer(recipe: Recipe, tmp_path: Path) -> None:
    train(recipe, tmp_path / "run", progress=False)
    longer = load_recipe(TEXT, ["training.epochs=5"])
    train(longer, tmp_path / "run", progress=False)
    assert read_checkpoint(tmp_path / "run" / LAST_CHECKPOINT)["epoch"] == 4


@pytest.mark.parametrize("change", ["seed=4", "data.steps=3", "model.membrane=int4", "training.learning_rate=0.1"])
def test_the_checkpoint_of_another_recipe_is_refused(recipe: Recipe, tmp_path: Path, change: str) -> None:
    short = load_recipe(TEXT, ["training.epochs=1"])
    train(short, tmp_path / "run", progress=False)
    before = (tmp_path / "run" / LAST_CHECKPOINT).read_bytes()
    with pytest.raises(ValueError, match="recipe: found another one .*choose another folder"):
        train(load_recipe(TEXT, [change]), tmp_path / "run", progress=False)
    assert (tmp_path / "run" / LAST_CHECKPOINT).read_bytes() == before


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"text\n" * 99])
def test_a_damaged_checkpoint_is_named_and_kept(recipe: Recipe, tmp_path: Path, damage) -> None:
    path = tmp_path / "run" / LAST_CHECKPOINT
    train(load_recipe(TEXT, ["training.epochs=1"]), path.parent, progress=False)
    path.write_bytes(damage(path.read_bytes()))
    damaged = path.read_bytes()
    with pytest.raises(ValueError, match=r"last\.ckpt: checkpoint: found an unreadable file"):
        train(recipe, path.parent, progress=False)
    assert path.read_bytes() == damaged


def test_a_checkpoint_of_something_else_is_no_network_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    torch.save({"state_dict": {}}, path)
    with pytest.raises(ValueError, match=r"a\.ckpt: checkpoint: found no network of ours"):
        load_checkpoint(path)
    kept = {"recipe": TEXT, "shape": [1, 6, 5], "classes": 3}
    torch.save({"state_dict": {"model.blocks.0.x": torch.zeros(1)}, "hyper_parameters": kept}, path)
    with pytest.raises(ValueError, match=r"a\.ckpt: checkpoint: found no network of ours"):
        load_checkpoint(path)


def test_a_loss_that_is_not_finite_keeps_the_last_checkpoint(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = SpikingNetwork.forward
    factors = iter([1.0] * 5 + [float("nan")])
    monkeypatch.setattr(SpikingNetwork, "forward", lambda self, x: forward(self, x) * next(factors))
    with pytest.raises(ValueError, match="training: loss at step 5: found nan, expected a finite number"):
        train(recipe, tmp_path / "run", progress=False)
    # Three batches make an epoch, so that step 5 belongs to the second.
    assert read_checkpoint(tmp_path / "run" / LAST_CHECKPOINT)["epoch"] == 0


def test_some_of_the_training_images_are_drawn_class_by_class(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.Tensor] = []
    step = Classifier.training_step

    def training_step(self: Classifier, batch: tuple[torch.Tensor, ...], index: int) -> torch.Tensor:
        seen.append(batch[1])
        return step(self, batch, index)

    monkeypatch.setattr(Classifier, "training_step", training_step)
    found = []
    for number, share in enumerate(("0", "0.5")):
        fields = ["training.epochs=1", "data.samples=12", f"training.validation={share}"]
        train(load_recipe(TEXT, fields), tmp_path / str(number), progress=False)
        found.append(torch.bincount(torch.cat(seen)).tolist())
        seen.clear()
    assert found == [[4, 4, 4], [2, 2, 2]]


def test_a_checkpoint_of_an_earlier_release_goes_on(recipe: Recipe, tmp_path: Path) -> None:
    straight = train(recipe, tmp_path / "straight", progress=False)
    stop = StopAfter(2)
    train(recipe, tmp_path / "run", progress=False, callbacks=[stop])
    path = tmp_path / "run" / LAST_CHECKPOINT
    old = read_checkpoint(path)
    del old[TRAINING_STATE]
    old["callbacks"] = {}
    known = ("epochs", "batch_size", "learning_rate", "weight_decay", "warmup_epochs", "loss", "lam", "gradient_clip")
    fields = OmegaConf.create(old["hyper_parameters"]["recipe"])
    fields.training = {name: fields.training[name] for name in known}
    old["hyper_parameters"]["recipe"] = OmegaConf.to_yaml(fields)
    torch.save(old, path)
    assert_same_weights(train(recipe, path.parent, progress=False).model, straight.model)


@pytest.mark.parametrize("precision", ["32", "bf16-mixed"])
def test_precisions_learn(recipe: Recipe, tmp_path: Path, precision: str) -> None:
    result = train(load_recipe(TEXT, [f"training.precision={precision}"]), tmp_path, progress=False)
    assert result.accuracy > 0.6
    assert {value.dtype for value in result.model.state_dict().values()} <= {torch.float32, torch.int64}


def test_ctrl_c_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    text = TEXT.replace("epochs: 4", "epochs: 100000").replace("batch_size: 16", "batch_size: 720")
    script.write_text(
        "import sys\n"
        "from lava_spquant.workflow.recipe import load_recipe\n"
        "from lava_spquant.workflow.train import train\n"
        "try:\n"
        f"    train(load_recipe({text!r}), sys.argv[1], progress=False)\n"
        "except KeyboardInterrupt as stop:\n"
        "    sys.exit(f'stopped: {stop}')\n"
    )
    path = tmp_path / "run" / LAST_CHECKPOINT
    process = subprocess.Popen(
        [sys.executable, str(script), str(path.parent)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not path.exists():
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1, err
    assert "stopped: training stopped in epoch" in err
    assert sorted(p.name for p in path.parent.iterdir()) == [LAST_CHECKPOINT, "log", "recipe.yaml"]
    found, model = load_checkpoint(path)
    assert found == load_recipe(text)
    assert model.to_ir().output_shape == (10,)

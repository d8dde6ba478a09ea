"""The trained networks that come with the repository do what their cards say, and the cards can be made again."""

from __future__ import annotations

import hashlib
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lava_spquant import data, netx
from lava_spquant.data import DataError, Split
from lava_spquant.data.emulated import FIRST_TEST_INDEX, PREFIX, emulated_split
from lava_spquant.workflow import Loaded, evaluate, load, verify
from lava_spquant.workflow.prune import PruneConfig
from lava_spquant.workflow.recipe import load_recipe
from tests.paths import ROOT, SHARED, missing

FOLDER = ROOT / "netx_models"
NETS = sorted(FOLDER.glob("*.net"))
LAVA_SAMPLES = 3
FIRST = 500

ACCURACY = re.compile(r"\| Test accuracy \| ([\d.]+)% \(([\d,]+) of ([\d,]+) test images\) \|")

each_net = pytest.mark.parametrize("path", NETS, ids=lambda path: path.stem)


def card(path: Path) -> str:
    return path.with_suffix(".md").read_text(encoding="utf-8")


def accuracy_line(text: str) -> tuple[float, int, int]:
    """Return percentage, correct and samples of a card."""
    found = ACCURACY.search(text)
    assert found is not None, "card: no line with the test accuracy"
    percent, correct, samples = (part.replace(",", "") for part in found.groups())
    return float(percent), int(correct), int(samples)


KEPT = {"emulated-mnist": "mnist.npz", "cifar10": "cifar10_jpeg.npz"}


def images_of(path: Path) -> Split:
    """Return the test samples of the data set that a file names, or skip."""
    found = load(path)
    kept = SHARED / "data" / KEPT.get(str(found.dataset), f"{found.dataset}.npz")
    source = kept if kept.is_file() else None
    try:
        if str(found.dataset).startswith(PREFIX):
            return emulated_images(found, source)
        return found.test_data(source)
    except DataError:
        pytest.skip(missing(kept))


def emulated_images(found: Loaded, source: Path | None) -> Split:
    """Return the first test samples; to emulate all of a data set takes a minute."""
    name = str(found.dataset).removeprefix(PREFIX)
    images = data.load(name, source)
    assert isinstance(images, data.ImageData)
    first, frames = images.test.take(slice(0, FIRST)), data.FrameConfig(found.known_steps())
    return emulated_split(first, data.CAMERAS[name], frames, first_index=FIRST_TEST_INDEX)


def test_there_are_networks_and_each_has_its_card() -> None:
    assert "digits" in [path.stem for path in NETS]
    cards = {path.stem for path in FOLDER.glob("*.md")} - {"README"}
    assert cards == {path.stem for path in NETS}


@each_net
def test_the_card_belongs_to_the_file(path: Path) -> None:
    assert hashlib.sha256(path.read_bytes()).hexdigest() in card(path)
    percent, correct, samples = accuracy_line(card(path))
    about = netx.info(path).metadata
    assert (str(correct), str(samples)) == (about["test_correct"], about["test_samples"])
    assert percent == round(100 * correct / samples, 2)


@each_net
def test_the_integers_give_the_accuracy_on_the_card(path: Path) -> None:
    found, images = load(path), images_of(path)
    about = netx.info(path).metadata
    _, correct, samples = accuracy_line(card(path))
    assert len(images) in (samples, FIRST)
    first = int(about["first_samples"])
    result = evaluate(found.network, images, found.known_steps(), limit=first).result
    assert result.correct == int(about["first_correct"])
    if first == samples:
        assert result.correct == correct


@each_net
def test_lava_agrees_at_every_block_and_step(path: Path) -> None:
    found, images = load(path), images_of(path)
    checked = verify(found.network, images, found.known_steps(), samples=LAVA_SAMPLES, lava_samples=LAVA_SAMPLES)
    assert checked.spikes_compared > 0
    assert checked.ok, checked


def make(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FOLDER / "make.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=120)


def test_a_network_is_made_with_its_card(tmp_path: Path) -> None:
    done = make("digits", "--quick", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    assert values["ok"]
    assert values["mismatches"] == 0
    assert values["executors"]["lava"]["spikes_compared"] > 0
    path = tmp_path / values["path"]
    percent, correct, samples = accuracy_line(card(path))
    assert (correct, samples) == tuple(values["executors"]["reference"][k] for k in ("correct", "samples"))
    assert percent == round(100 * values["accuracy"], 2)
    assert percent > 30, "training did not learn"
    assert path.stat().st_size == values["file_bytes"]
    assert values["machine"]["cpu"] in card(path)
    again = evaluate(netx.load(path), images_of(path), 2, limit=samples).result
    assert (again.correct, again.samples) == (correct, samples)
    refused = make(
        "digits", "--checkpoint", "runs/quick/digits-cnn/last.ckpt", "--out", "other", "--json", cwd=tmp_path
    )
    assert refused.returncode == 2
    assert "recipe: found another one" in json.loads(refused.stdout)["error"]
    assert not (tmp_path / "other").exists()


def test_networks_that_begin_pruned_get_the_widths_of_their_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    script = importlib.import_module("make")
    for name in ("make", "card"):
        monkeypatch.delitem(sys.modules, name)
    assert script.PRUNED
    for name, (_, options) in script.PRUNED.items():
        # The last ones are the classes, which stay.
        assert PruneConfig(**options).widths == load_recipe(script.RECIPES[name]).model.channels[:-1]


def test_an_unknown_network_is_refused(tmp_path: Path) -> None:
    done = make("letters", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert "found 'letters', expected one of digits, mnist, emulated-mnist, cifar10" in json.loads(done.stdout)["error"]
    assert not list(tmp_path.iterdir())

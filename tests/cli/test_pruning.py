"""A checkpoint loses channels, is trained further, and becomes a smaller file."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from lava_spquant import netx
from lava_spquant.prune import CRITERIA
from lava_spquant.report import memory
from lava_spquant.workflow.recipe import load_recipe
from tests.cli.conftest import Shell

RECIPE = ("model.architecture=12s2-AP2-16-FC", "data.steps=2", "training.epochs=5")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from lava_spquant.workflow.train import train

    return train(load_recipe("digits-cnn", RECIPE), tmp_path_factory.mktemp("run"), progress=False).checkpoint


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference in place of the engine, where nothing depends on it."""
    from lava_spquant.workflow import prune

    monkeypatch.setattr(prune, "default_executor", lambda: "reference")


@pytest.fixture
def run(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same checkpoint where training leaves it by default, in the folder in which commands run."""
    target = tmp_path / "runs" / "digits-cnn" / "last.ckpt"
    target.parent.mkdir(parents=True)
    shutil.copy(checkpoint, target)
    monkeypatch.chdir(tmp_path)
    return target.relative_to(tmp_path)


@pytest.mark.parametrize("criterion", [*CRITERIA, "random:1"])
def test_every_criterion_keeps_the_budget(shell: Shell, checkpoint: Path, tmp_path: Path, criterion: str) -> None:
    small = tmp_path / "small.ckpt"
    found = shell("prune", checkpoint, "-o", small, "--criterion", criterion, "--share", 0.5, "--limit", 40, "--json")
    assert found.code == 0, found.err
    before, after = found.values["before"], found.values["after"]
    assert 0.3 * before["operations"] < after["operations"] <= 0.5 * before["operations"]
    assert after["weights"] < before["weights"]
    assert [row["kept"] for row in found.values["widths"]] == found.values["channels"]
    assert found.values["channels"][-1] == 10
    # What is printed is what the checkpoint holds.
    again = shell("run", small, "--limit", 40, "--json")
    assert again.values["correct"] / 40 == after["accuracy"]
    assert again.values["executor"] == "engine"


def test_a_pruned_network_is_trained_further_and_deployed(shell: Shell, checkpoint: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.ckpt"
    pruned = shell("prune", checkpoint, "-o", small, "--share", 0.5, "--of", "weights", "--json").values
    assert pruned["after"]["weights"] <= pruned["before"]["weights"] / 2
    options = ("--set", "training.epochs=3", "--initial", small, "--out", tmp_path / "run", "--json")
    trained = shell("train", pruned["recipe"], *options)
    assert trained.code == 0, trained.err
    assert trained.values["accuracy"] > max(0.5, pruned["after"]["accuracy"])
    large, less = tmp_path / "large.net", tmp_path / "less.net"
    shell("export", checkpoint, "-o", large)
    shell("export", trained.values["checkpoint"], "-o", less)
    checked = shell(
        "verify", less, "--checkpoint", trained.values["checkpoint"], "--lava", 3, "--reference", 50, "--json"
    )
    assert checked.code == 0, checked.err
    assert shell("report", less, "--no-data", "--json").code == 0
    assert less.stat().st_size < large.stat().st_size


def test_a_budget_of_memory(shell: Shell, checkpoint: Path, tmp_path: Path) -> None:
    small, file = tmp_path / "small.ckpt", tmp_path / "small.net"
    pruned = shell("prune", checkpoint, "-o", small, "--share", 0.6, "--of", "memory", "--limit", 20, "--json").values
    before, after = pruned["before"]["memory_bits"], pruned["after"]["memory_bits"]
    assert 0.5 * before < after <= 0.6 * before
    shell("export", small, "-o", file)
    assert after == memory(netx.load(file)).total.total.bits


def test_widths_by_number(shell: Shell, checkpoint: Path, tmp_path: Path) -> None:
    found = shell("prune", checkpoint, "-o", tmp_path / "s.ckpt", "--widths", "8,4", "--limit", 20, "--json")
    assert found.code == 0, found.err
    assert found.values["channels"] == [8, 4, 10]


def test_recipes_beside_checkpoints_never_share_a_name(shell: Shell, checkpoint: Path, tmp_path: Path) -> None:
    names = {"small.ckpt": "small.yaml", "half-0.5": "half-0.5.yaml", "odd.yaml": "odd.yaml.yaml"}
    for number, (name, recipe) in enumerate(names.items()):
        options = ("-o", tmp_path / name, "--widths", f"{8 - number},4", "--limit", 10, "--samples", 20, "--json")
        assert shell("prune", checkpoint, *options).values["recipe"] == str(tmp_path / recipe)
    assert {path.name for path in tmp_path.iterdir()} == {*names, *names.values()}
    for number, recipe in enumerate(names.values()):
        assert load_recipe(tmp_path / recipe).model.channels == (8 - number, 4, 10)


@pytest.mark.usefixtures("plain")
def test_the_command_that_is_printed_trains_what_was_pruned(shell: Shell, run: Path) -> None:
    dense, folders = run.read_bytes(), []
    for name, criterion in (("one", "weight"), ("two words", "random:1")):
        options = ("-o", f"{name}.ckpt", "--widths", "8,4", "--criterion", criterion, "--limit", 10, "--samples", 20)
        command = shlex.split(shell("prune", run, *options, "--json").values["train"])
        assert command[:2] == ["lava-spquant", "train"]
        for _ in range(2):  # once more, there is nothing left to do
            trained = shell(*command[1:], "--set", "training.epochs=1", "--json")
            assert trained.code == 0, trained.err
        assert trained.values["recipe"] == "digits-cnn-pruned"
        folders.append(Path(trained.values["checkpoint"]).parent)
    assert folders == [Path("runs/digits-cnn-pruned-one"), Path("runs/digits-cnn-pruned-two words")]
    assert run.read_bytes() == dense


@pytest.mark.usefixtures("plain")
def test_without_a_folder_another_pruning_is_no_resumed_one(shell: Shell, run: Path) -> None:
    found = []
    for criterion in ("weight", "random:1"):
        options = ("-o", f"{criterion[:6]}.ckpt", "--widths", "8,4", "--criterion", criterion, "--samples", 20)
        pruned = shell("prune", run, *options, "--limit", 10, "--json").values
        command = ("train", pruned["recipe"], "--initial", pruned["checkpoint"], "--set", "training.epochs=1")
        found.append(shell(*command, "--json"))
    assert found[0].code == 0, found[0].err
    assert Path(found[0].values["checkpoint"]).parent == Path("runs/digits-cnn-pruned")
    assert found[1].code == 2
    assert "initial: found a run that began from weights" in found[1].values["error"]


@pytest.mark.usefixtures("plain")
def test_a_recipe_with_a_teacher_gets_the_dense_network(shell: Shell, run: Path) -> None:
    from lava_spquant.slayer.training import read_checkpoint
    from lava_spquant.workflow.checkpoint import load_checkpoint
    from lava_spquant.workflow.derived import write_network

    taught = load_recipe("digits-cnn", (*RECIPE, "training.distillation=0.5"))
    write_network(run, taught, load_checkpoint(run)[1], read_checkpoint(run))
    options = ("-o", "s.ckpt", "--widths", "8,4", "--limit", 10, "--samples", 20, "--json")
    command = shlex.split(shell("prune", run, *options).values["train"])
    assert command[-2:] == ["--teacher", str(run)]
    trained = shell(*command[1:], "--set", "training.epochs=1", "--json")
    assert trained.code == 0, trained.err


def test_tables_for_people(shell: Shell, checkpoint: Path, tmp_path: Path) -> None:
    found = shell("prune", checkpoint, "-o", tmp_path / "s.ckpt", "--limit", 20, "--samples", 20)
    text = " ".join(found.out.split())
    for word in ("Channels", "times fewer operations", "lava-spquant train", "--initial"):
        assert word in text


@pytest.mark.parametrize(
    ("options", "message"),
    [(("--criterion", "size"), "criterion: found 'size'"), (("--of", "time"), "cost: found 'time'"),
     (("--widths", "8,x"), "--widths: found '8,x'"), (("--widths", "8,17"), "widths: found [8, 17], expected"),
     (("--widths", ""), "--widths: found '', expected whole numbers such as 16,32,64"),
     (("--widths", "8,4", "--share", 0.5), "--widths: found --share beside, expected none"),
     (("--of", "weights", "--widths", "8,4", "--floor", 0.2), "--widths: found --of, --floor beside, expected none"),
     (("--widths", "8,4", "--bound", 0), "--widths: found --bound beside, expected none"),
     (("--bound", "nan"), "prune: bound: found nan, expected a number"),
     (("--samples", 1), "samples: found 1, expected at least 2"),
     (("--share", 0.001), "share: found 0.001 of the operations, expected at least")],
)  # fmt: skip
@pytest.mark.usefixtures("plain")
def test_bad_requests_write_nothing(
    shell: Shell, checkpoint: Path, tmp_path: Path, options: tuple[object, ...], message: str
) -> None:
    found = shell("prune", checkpoint, "-o", tmp_path / "s.ckpt", *options, "--json")
    assert found.code == 2
    assert message in found.values["error"]
    assert not list(tmp_path.iterdir())

"""Every bad input: exit code 2, one clear line on standard error, no traceback."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lava_spquant import netx
from tests.cli.conftest import Outcome, Shell
from tests.workflow.tiny_model import tiny_model


def refused(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 2
    assert outcome.out == ""
    lines = [line for line in outcome.err.splitlines() if line]
    assert len(lines) == 1, outcome.err
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize("command", ["run", "verify", "report"])
def test_missing_file(shell: Shell, command: str) -> None:
    refused(shell(command, "nowhere.net"), "nowhere.net", "found no file")


@pytest.mark.parametrize("command", ["run", "verify", "report"])
def test_file_that_is_no_hdf5(shell: Shell, tmp_path: Path, command: str) -> None:
    (tmp_path / "text.net").write_text("a network, honestly")
    refused(shell(command, tmp_path / "text.net"), "text.net", "HDF5")


def test_truncated_file(shell: Shell, tmp_path: Path, digits_net: Path) -> None:
    whole = digits_net.read_bytes()
    (tmp_path / "cut.net").write_bytes(whole[: len(whole) // 2])
    refused(shell("run", tmp_path / "cut.net"), "cut.net")


def test_folder_in_place_of_a_file(shell: Shell, tmp_path: Path) -> None:
    refused(shell("run", tmp_path), "expected a .net file")


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 1, 1, 8, 9), np.int32), ("shape", "(2, 1, 1, 8, 9)", "1, 8, 8")),
        (np.full((2, 1, 1, 8, 8), 0.5), ("whole numbers",)),
        (np.full((2, 1, 1, 8, 8), np.nan), ("NaN",)),
        (np.full((2, 1, 1, 8, 8), -1), ("-1", "0..255")),
    ],
)
def test_input_that_does_not_fit(
    shell: Shell,
    digits_net: Path,
    tmp_path: Path,
    array: np.ndarray,
    words: tuple[str, ...],  # type: ignore[type-arg]
) -> None:
    np.save(tmp_path / "x.npy", array)
    refused(shell("run", digits_net, "--input", tmp_path / "x.npy", "--quiet"), "x.npy", *words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--executor", "abacus"), ("'abacus'", "reference, engine, slayer, lava")),
        (("--executor", "slayer"), ("trained model", "checkpoint")),
        (("--dataset", "letters"), ("'letters'", "digits")),
        (("--input-shape", "1x8x8"), ("--input-shape", "1x8x8")),
        (("--data", "/nowhere"), ("digits", "/nowhere")),
    ],
)
def test_options_that_name_nothing(
    shell: Shell, digits_net: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refused(shell("run", digits_net, *arguments), *words)


def test_images_that_a_network_cannot_read(shell: Shell, tmp_path: Path, digits_net: Path) -> None:
    archive = tmp_path / "mnist.npz"
    arrays = {f"{part}_images": np.zeros((2, 28, 28), np.uint8) for part in ("train", "test")}
    labels = {f"{part}_labels": np.arange(2, dtype=np.uint8) for part in ("train", "test")}
    np.savez(archive, **arrays, **labels)
    refused(shell("run", digits_net, "--dataset", "mnist", "--data", archive), "(1, 28, 28)", "(1, 8, 8)")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such-recipe",), ("no-such-recipe", "digits-cnn")),
        (("digits-cnn", "--set", "data.name=letters"), ("'letters'",)),
        (("digits-cnn", "--set", "model.weight=sawb3"), ("sawb3",)),
        (("digits-cnn", "--set", "model.membrane=99"), ("membrane", "99")),
        (("digits-cnn", "--set", "training.epoch=3"), ("epoch",)),
        (("digits-cnn", "--set", "training.epochs=many"), ("epochs",)),
    ],
)
def test_recipes_that_cannot_be_trained(
    shell: Shell, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refused(shell("train", *arguments, "--out", tmp_path / "run"), *words)
    assert not (tmp_path / "run").exists()


def test_checkpoints_that_are_none(shell: Shell, tmp_path: Path) -> None:
    refused(shell("export", tmp_path / "none.ckpt"), "none.ckpt", "found no file")
    (tmp_path / "odd.ckpt").write_bytes(b"\x80\x04odd")
    refused(shell("export", tmp_path / "odd.ckpt"), "odd.ckpt", "unreadable")
    refused(shell("verify", tmp_path / "odd.ckpt"), "odd.ckpt", "unreadable")


def test_a_figure_folder_that_cannot_be_made(shell: Shell, tmp_path: Path, digits_net: Path) -> None:
    (tmp_path / "file").write_text("")
    found = shell("report", digits_net, "--no-data", "--figures", tmp_path / "file" / "below")
    refused(found, "file")


def test_json_tells_of_errors_too(shell: Shell) -> None:
    found = shell("run", "nowhere.net", "--json")
    assert found.code == 2
    assert found.values["ok"] is False
    assert "nowhere.net" in found.values["error"]


def test_debug_shows_the_traceback(shell: Shell) -> None:
    found = shell("run", "nowhere.net", "--debug")
    assert found.code == 2
    assert "Traceback" in found.err
    assert "NetXError" in found.err


def test_nothing_to_compare(shell: Shell, digits_net: Path) -> None:
    refused(shell("verify", digits_net, "--lava", 0, "--reference", 0), "found engine, expected at least two")


def test_a_wrong_command_line(shell: Shell, digits_net: Path) -> None:
    for arguments in (("fly",), ("run",), ("run", digits_net, "--limit", "0"), ("run", digits_net, "--fast")):
        found = shell(*arguments)
        assert found.code == 2
        assert found.out == ""
        assert "Traceback" not in found.err


def test_a_network_that_stock_lava_cannot_hold(shell: Shell, tmp_path: Path) -> None:
    with pytest.raises(netx.NetXError, match="stock profile"):
        netx.save(tiny_model().to_ir(), tmp_path / "x.net", profile="stock")
    assert list(tmp_path.iterdir()) == []

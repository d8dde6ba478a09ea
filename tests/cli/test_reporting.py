from __future__ import annotations

from pathlib import Path

import pytest

from lava_spquant import netx
from tests.cli.conftest import Shell
from tests.workflow.tiny import tiny_network


def test_report_accounts_for_memory_and_activity(shell: Shell, digits_net: Path, tmp_path: Path) -> None:
    found = shell("report", digits_net, "--limit", 12, "--figures", tmp_path, "--json")
    assert found.code == 0
    values = found.values
    assert [row["block"] for row in values["blocks"]] == ["conv0", "readout2"]
    total = values["memory"][-1]
    assert (total["weights_count"], total["weights_bits"]) == (36 + 360, 36 * 2 + 360 * 8)
    assert values["activity"]["samples"] == 12
    assert 0 < values["activity"]["spike_rate"] < 1
    assert values["neurobench"]["activation_sparsity"] == pytest.approx(1 - values["activity"]["spike_rate"])
    assert values["neurobench"]["synaptic_operations"]["effective_macs"] > 0
    assert sorted(values["figures"]) == sorted(str(path) for path in tmp_path.iterdir())


def test_report_for_people(shell: Shell, digits_net: Path) -> None:
    found = shell("report", digits_net, "--limit", 5)
    assert found.code == 0
    for word in ("conv0", "Memory", "Activity", "1.58"):
        assert word in found.out
    assert "Activity" not in shell("report", digits_net, "--no-data").out


def test_report_needs_no_data_set(shell: Shell, tmp_path: Path) -> None:
    netx.save(tiny_network(), tmp_path / "bare.net")
    found = shell("report", tmp_path / "bare.net", "--json")
    assert found.code == 0
    assert found.values["activity"] is None


def test_report_counts_what_gates_save(shell: Shell, gated_net: Path, digits_net: Path) -> None:
    values = shell("report", gated_net, "--limit", 5, "--json").values
    found = values["flops"]
    assert found["total"] == pytest.approx(found["gated"] + found["predictors"])
    assert found["cut"] == pytest.approx(found["dense"] / found["total"])
    assert found["synops"] == pytest.approx(values["activity"]["synops"])
    assert [row["predictor"] for row in found["blocks"]] == [False, True, True, False, False]
    shown = shell("report", gated_net, "--limit", 5).out
    assert shown.index("Activity") < shown.index("Gates") < shown.index("times fewer FLOPs")
    assert "Gates" not in shell("report", digits_net, "--limit", 5).out
    assert shell("report", digits_net, "--limit", 5, "--json").values["flops"] is None


def test_report_on_a_model_that_is_not_trained(shell: Shell) -> None:
    total = shell("report", "--model", "resnet19", "--json").values["memory"][-1]
    assert total["paper_mb_at_32"] == pytest.approx(60.94, abs=0.02)
    options = ("--set", "model.weight=sawb8", "--input-shape", "3,32,32", "--classes", 100, "--json")
    wider = shell("report", "--model", "vgg9", *options).values["memory"][-1]
    assert wider["weights_bits"] > 8 * 9_000_000


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "found a file and --model, or neither"),
        (("some.net", "--model", "vgg9"), "found a file and --model, or neither"),
        (("--model", "vgg99"), "model: found 'vgg99', expected one of vgg9"),
        (("--model", "vgg9", "--set", "model.wieght=sawb8"), "model vgg9: model.wieght"),
        (("--model", "vgg9", "--set", "weight=sawb8"), "expected fields such as model.weight=sawb4"),
        (("--model", "vgg9", "--set", "model.weight=sawb99"), "sawb99"),
        (("--model", "vgg9", "--input-shape", "2,8,8"), "architecture: AP2: found an input of 1x1"),
        (("--model", "vgg9", "--dataset", "mnist"), "report: --model: found --dataset beside, expected none"),
        (("--model", "vgg9", "--steps", 3, "--limit", 9), "report: --model: found --steps, --limit beside"),
        (("--model", "vgg9", "--data", "mnist.npz"), "report: --model: found --data beside"),
        (("some.net", "--set", "model.weight=sawb8"), "report: a file: found --set beside, expected none: they change"),
        (("some.ckpt", "--classes", 5), "report: a file: found --classes beside"),
        (("a.ckpt", "--input-shape", "1,8,8", "--input-bits", 8), "a checkpoint: found --input-shape, --input-bits"),
    ],
)
def test_report_names_what_is_wrong_with_a_model(shell: Shell, words: tuple[str, ...], message: str) -> None:
    found = shell("report", *words)
    assert found.code == 2
    assert message in found.err


def test_demo_in_small(shell: Shell, tmp_path: Path) -> None:
    small = ["model.architecture=4s2-FC", "training.epochs=1", "training.batch_size=256", "data.steps=2"]
    options = [word for field in small for word in ("--set", field)]
    found = shell("demo", "--out", tmp_path, *options, "--limit", 20, "--lava", 1, "--min-accuracy", 0, "--json")
    assert found.code == 0
    values = found.values
    assert (values["ok"], values["mismatches"], values["steps"]) == (True, 0, 2)
    assert set(values["executors"]) == {"slayer", "reference", "engine", "lava"}
    assert Path(values["network_file"]).is_file()
    shown = shell("demo", "--out", tmp_path, *options, "--limit", 20, "--lava", 0, "--min-accuracy", 1)
    assert shown.code == 1
    for word in ("Accuracy", "promised 100%", "Mismatches", "Memory", "Spike rate", "at 32 bit"):
        assert word in shown.out
    assert "3/4" in shown.err

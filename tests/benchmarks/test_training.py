"""`benchmarks/training.py`: who takes part does the same work, and the figures are what they are called."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.benchmarks.scripts import run, values
from tests.paths import ROOT

KEYS = ("ours", "slayer", "spikingjelly", "snntorch", "snntorch-layers", "relu", "relu-nchw")
OPTIONAL = {"spikingjelly": "spikingjelly", "snntorch": "snntorch", "snntorch-layers": "snntorch"}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the benchmark's modules importable, as they are for its script."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield
    for name in set(sys.modules) - before:
        if name == "common" or name.startswith("training_parts"):
            del sys.modules[name]


def test_steps(tmp_path: Path) -> None:
    results = tmp_path / "results" / "training.json"
    arguments = ("--only", "steps,profile", "--contestants", "ours,slayer,relu", "--batch", "2", "--threads", "1")
    found = values("training", *arguments, "--results", str(results), cwd=tmp_path)
    assert json.loads(results.read_text()) == found
    assert found["setup"] == {"device": "cpu", "threads": 1, "warm_up": 2, "allocator": "huge"}
    assert found["libraries"]["torch"].startswith("2.")
    ours, slayer, relu = found["steps"]
    for row in found["steps"]:
        assert row["workload"]["batch"] == 2
        assert row["rounds"] == 3
        for part in ("step", "forward", "backward", "optimiser", "processor"):
            times = row[part]
            assert 0 < times["min_ms"] <= times["low_ms"] <= times["median_ms"] <= times["high_ms"]
        assert row["ratio"] == pytest.approx(row["step"]["median_ms"] / ours["step"]["median_ms"])
        assert row["ratio_of_minima"] == pytest.approx(row["step"]["min_ms"] / ours["step"]["min_ms"])
        assert row["training_mib"] > 0
        assert row["memory_over_slayer"] == pytest.approx(row["training_mib"] / slayer["training_mib"])
    # Three convolutions whose neurons all work; a ReLU has no spikes.
    assert [len(row["rates"]) for row in (ours, slayer, relu)] == [3, 3, 0]
    assert all(0.02 < rate < 0.6 for row in (ours, slayer) for rate in row["rates"])
    assert [row["contestant"] for row in found["profile"]] == ["ours", "relu"]
    for row in found["profile"]:
        kinds = row["kinds_ms"]
        assert min(kinds["conv forward"], kinds["conv backward"], kinds["neuron"]) > 0
        # Ours is part of the neuron.
        assert (kinds["batch-norm"] > 0) == (row["contestant"] != "ours")
        assert sum(kinds.values()) + row["unseen_ms"] == pytest.approx(row["step_ms"])


def test_lines(tmp_path: Path) -> None:
    figure = tmp_path / "training.png"
    arguments = ("--only", "lines", "--contestants", "ours", "--figure", str(figure))
    found = values("training", *arguments, cwd=tmp_path)
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert [line["against"] for line in found["lines"]] == ["batch", "T"]
    for line in found["lines"]:
        slope, intercept = np.polyfit(line["x"], line["y"], 1)
        assert (line["slope"], line["intercept"]) == pytest.approx((slope, intercept))
        assert line["r_squared"] == pytest.approx(np.corrcoef(line["x"], line["y"])[0, 1] ** 2)
        rest = np.array(line["y"]) - np.polyval((slope, intercept), line["x"])
        assert line["largest_residual"] == pytest.approx(np.abs(rest).max() / max(line["y"]))


def test_an_absent_library_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A module of that name that cannot be imported stands in for one that is not installed.
    shadow = tmp_path / "shadow" / "snntorch"
    shadow.mkdir(parents=True)
    (shadow / "__init__.py").write_text('raise ImportError("no snntorch here")\n')
    monkeypatch.setenv("PYTHONPATH", str(shadow.parent))
    found = values("training", "--only", "steps,lines", "--contestants", "snntorch", cwd=tmp_path)
    (row,) = found["steps"]
    assert row["absent"] == "ImportError: no snntorch here"
    assert found["lines"] == []


def test_wrong_options(tmp_path: Path) -> None:
    for arguments, message in (
        (("--only", "speed"), "--only: found speed"),
        (("--networks", "resnet"), "--networks: found resnet"),
        (("--contestants", "ours,norse"), "--contestants: found norse"),
        (("--contestants", "cupy"), "--contestants: found cupy"),
        (("--steps", "4,x"), "--steps: found '4,x'"),
        (("--device", "tpu"), "--device: found 'tpu'"),
        (("--allocator", "fast"), "--allocator: found 'fast'"),
        (("--only", "steps", "--figure", "x.png"), "--figure: found no section"),
    ):
        done = run("training", *arguments, "--json", cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert message in json.loads(done.stdout)["error"]


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("name", ["conv", "vgg9"])
def test_everyone_trains_the_same_network(name: str) -> None:
    from training_parts.contestants import CONTESTANTS
    from training_parts.trainee import batch_of
    from training_parts.workload import workloads

    workload = workloads(quick=True)[name].at(batch=2, steps=3)
    x, _ = batch_of(workload, "cpu")
    assert x.shape == (3, 2, 3, workload.size, workload.size)
    assert set(x.unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(x[0], x[1])
    shapes: dict[str, Any] = {}
    for key in KEYS:
        if key in OPTIONAL:
            pytest.importorskip(OPTIONAL[key])
        model = CONTESTANTS[key].build(workload, "cpu")
        out = model(model.lay_out(x))
        assert out.shape == (2, 10)
        out.sum().backward()
        assert all(p.grad is not None for p in model.parameters() if p.requires_grad), key
        # SLAYER's kernels have a fifth axis of one.
        weights = [p.flatten(1).shape for p in model.parameters() if p.ndim > 1]
        shapes[key] = (weights, sum(isinstance(m, torch.nn.modules.batchnorm._BatchNorm) for m in model.modules()))
    assert {key: found[0] for key, found in shapes.items()} == dict.fromkeys(shapes, shapes["ours"][0])
    # SLAYER has a batch-norm of its own.
    assert {found[1] for key, found in shapes.items() if key != "slayer"} == {len(shapes["ours"][0]) - 1}


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("key", KEYS)
def test_a_batch_does_not_remember_the_last(key: str) -> None:
    from training_parts.contestants import CONTESTANTS
    from training_parts.trainee import batch_of
    from training_parts.workload import workloads

    if key in OPTIONAL:
        pytest.importorskip(OPTIONAL[key])
    workload = workloads(quick=True)["conv"]
    model = CONTESTANTS[key].build(workload, "cpu")
    x = model.lay_out(batch_of(workload, "cpu")[0])
    # In training mode batch-norm uses the batch's own statistics, so only a state kept would show.
    assert torch.equal(model(x), model(x))


@pytest.mark.usefixtures("parts")
def test_both_forms_of_snntorch_agree_on_one_step() -> None:
    pytest.importorskip("snntorch")
    from training_parts.contestants import CONTESTANTS
    from training_parts.trainee import batch_of
    from training_parts.workload import workloads

    # Batch-norm sees one step or all steps; with one step there is no difference.
    workload = workloads(quick=True)["conv"].at(steps=1)
    x, _ = batch_of(workload, "cpu")
    loop, layers = (CONTESTANTS[key].build(workload, "cpu")(x) for key in ("snntorch", "snntorch-layers"))
    torch.testing.assert_close(loop, layers)


@pytest.mark.usefixtures("parts")
def test_the_bound_spends_the_multiplications_of_the_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    from training_parts import bound
    from training_parts.step import prepare
    from training_parts.workload import workloads

    workload = workloads(quick=True)["conv"].at(batch=4, steps=4)
    first, second, third = (8 * 8 * 16 * 9 * n for n in (3 * 8, 8 * 16, 16 * 16))
    assert bound.multiplications(workload) == (first + second + third, first + 2 * (second + third))
    spent = []
    monkeypatch.setattr(bound, "_spend", lambda images, weight, count: spent.append((weight.dtype, count)))
    for key, dtype in (("bound", torch.float32), ("bound-bf16", torch.bfloat16)):
        prepare(key, workload, "cpu").step()
        assert spent == [(dtype, count) for count in bound.multiplications(workload)]
        spent.clear()


@pytest.mark.usefixtures("parts")
def test_ours_is_in_every_group() -> None:
    from training_parts.rounds import groups

    assert groups(["ours", "slayer", "relu", "snntorch"], 2) == [["ours", "slayer", "relu"], ["ours", "snntorch"]]
    assert groups(["ours", "slayer", "relu"], None) == [["ours", "slayer", "relu"]]
    assert groups(["ours"], 3) == [["ours"]]
    assert groups(["slayer", "relu"], 1) == [["slayer"], ["relu"]]


@pytest.mark.usefixtures("parts")
def test_operators_are_sorted_by_name_and_shape() -> None:
    from training_parts.breakdown import KINDS
    from training_parts.profiled import kind_of

    weights = frozenset({(8, 3, 3, 3)})
    activation = [[4, 8, 8, 8]]
    for name, shapes, kind in (
        ("aten::mkldnn_convolution", [[4, 3, 8, 8], [8, 3, 3, 3]], "conv forward"),
        ("aten::convolution_backward", activation, "conv backward"),
        ("autograd::engine::evaluate_function: ConvolutionBackward0", [], "conv backward"),
        ("aten::native_batch_norm_backward", activation, "batch-norm"),
        ("aten::copy_", activation, "copies"),
        ("aten::mul", [[8, 3, 3, 3], []], "weights"),
        ("aten::copy_", [[8, 3, 3, 3]], "weights"),
        ("aten::avg_pool2d", activation, "read-out"),
        ("aten::addmm", [[10], [4, 16], [16, 10]], "read-out"),
        ("aten::mul", activation, "neuron"),
        ("QLifBackward", activation, "neuron"),
    ):
        assert kind_of(name, shapes, weights) == kind
        assert kind in KINDS

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from lava_spquant import data, netx
from lava_spquant.workflow import EXECUTORS, evaluate
from lava_spquant.workflow import executor as executor_module
from lava_spquant.workflow.executor import Executor
from tests.cli.conftest import STEPS, Shell
from tests.workflow.tiny_model import tiny_model


def test_run_classifies_what_the_file_was_trained_for(shell: Shell, digits_net: Path) -> None:
    found = shell("run", digits_net, "--json", "--limit", 25)
    assert found.code == 0
    expected = evaluate(tiny_model().to_ir(), data.digits().test, STEPS, limit=25)
    assert found.values["predictions"] == expected.predictions.tolist()
    assert found.values["accuracy"] == expected.accuracy
    assert (found.values["samples"], found.values["executor"], found.values["ok"]) == (25, "engine", True)


def test_run_for_people(shell: Shell, digits_net: Path) -> None:
    found = shell("run", digits_net, "--limit", 20, "--steps", 1)
    assert found.code == 0
    assert "of 20 test images" in found.out
    assert "on engine" in found.out
    assert "engine" in found.err
    quiet = shell("run", digits_net, "--limit", 20, "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


@pytest.mark.parametrize("executor", ["reference", "engine", "lava"])
def test_run_takes_an_input_of_ones_own(shell: Shell, digits_net: Path, tmp_path: Path, executor: str) -> None:
    images = data.digits().test.images[:3]
    np.save(tmp_path / "x.npy", np.stack([images] * STEPS))
    found = shell("run", digits_net, "--input", tmp_path / "x.npy", "--executor", executor, "--json")
    assert found.code == 0
    expected = evaluate(tiny_model().to_ir(), data.digits().test, STEPS, limit=3)
    assert found.values["predictions"] == expected.predictions.tolist()


def test_verify_holds_lava_against_the_reference(shell: Shell, digits_net: Path) -> None:
    found = shell("verify", digits_net, "--limit", 10, "--reference", 4, "--lava", 2, "--json")
    assert found.code == 0
    values = found.values
    spikes = 2 * STEPS * 4 * 3 * 3
    assert (values["ok"], values["baseline"]) == (True, "reference")
    assert (values["spikes_compared"], values["mismatches"]) == (3 * spikes, 0)
    lava = values["executors"]["lava"]
    assert (lava["samples"], lava["spikes_compared"], lava["mismatches"]) == (2, spikes, 0)
    assert 0 <= lava["accuracy"] <= 1
    assert values["executors"]["reference"]["samples"] == 4
    engine = values["executors"]["engine"]
    assert (engine["samples"], engine["spikes_compared"], engine["mismatches"]) == (10, 2 * spikes, 0)


def test_without_numba_the_reference_is_the_default(
    shell: Shell, digits_net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor_module, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "lava_spquant.engine", None)
    found = shell("run", digits_net, "--json", "--limit", 3)
    assert (found.code, found.values["executor"]) == (0, "reference")
    asked = shell("run", digits_net, "--json", "--limit", 3, "--executor", "engine")
    assert asked.code == 2
    assert "lava_spquant's extra" in asked.values["error"]


def test_a_mismatch_is_shown_and_fails(
    shell: Shell, digits_net: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tiny_model(seed=1).to_ir()
    run = EXECUTORS["reference"].prepare(other, None)
    monkeypatch.setitem(EXECUTORS, "lava", Executor("lava", "another network", lambda network, model: run))
    found = shell("verify", digits_net, "--limit", 4, "--lava", 4, "--json")
    assert found.code == 1
    assert found.values["ok"] is False
    lava = found.values["executors"]["lava"]
    assert lava["mismatches"] > 0
    assert lava["first_mismatch"]["step"] == 0
    shown = shell("verify", digits_net, "--limit", 4, "--lava", 4)
    assert shown.code == 1
    assert "integer reference against another network" in shown.out
    assert "step 0, sample 0" in shown.out


def test_a_file_of_another_program_is_told_what_it_lacks(shell: Shell, tmp_path: Path) -> None:
    netx.save(tiny_model().to_ir(), tmp_path / "bare.net")
    found = shell("run", tmp_path / "bare.net")
    assert found.code == 2
    assert "data set: found none in the file" in found.err
    assert shell("run", tmp_path / "bare.net", "--dataset", "digits").code == 2
    given = shell("run", tmp_path / "bare.net", "--dataset", "digits", "--steps", 2, "--limit", 5, "--json")
    assert given.values["samples"] == 5

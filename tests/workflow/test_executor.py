from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.ir import reference
from lava_spquant.workflow import executor as module
from lava_spquant.workflow.executor import EXECUTORS, default_executor, prepare
from tests.random_networks import Knobs
from tests.strategies import random_input, random_network
from tests.workflow.tiny import SHAPE, STEPS, tiny_network


def test_lava_runs_what_the_reference_runs_and_tells_how_far_it_is() -> None:
    network = tiny_network()
    x = np.random.default_rng(1).integers(0, 256, (STEPS, 4, *SHAPE)).astype(np.int32)
    told: list[int] = []
    trace = prepare("lava", network)(x, told.append)
    expected = reference.run(network, x)
    for found, wanted in zip(trace.blocks, expected.blocks, strict=True):
        assert found.keys() == wanted.keys()
        assert all(np.array_equal(found[name], wanted[name]) for name in wanted)
    assert told == sorted(told)
    assert told[-1] == 4


def test_the_reference_is_the_interpreter() -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        network = random_network(rng, Knobs())
        x = random_input(rng, network)
        done: list[int] = []
        trace = prepare("reference", network)(x, done.append)
        assert np.array_equal(trace.output, reference.run(network, x).output)
        assert done == [x.shape[1]]


def test_the_engine_runs_what_the_reference_runs() -> None:
    rng = np.random.default_rng(5)
    for _ in range(5):
        network = random_network(rng, Knobs())
        x = random_input(rng, network)
        expected = reference.run(network, x)
        done: list[int] = []
        trace = prepare("engine", network)(x, done.append)
        assert done == [x.shape[1]]
        for found, wanted in zip(trace.blocks, expected.blocks, strict=True):
            assert found.keys() == wanted.keys()
            assert all(np.array_equal(found[name], wanted[name]) for name in wanted)
        less = prepare("engine", network, output_only=True)(x, done.append)
        assert np.array_equal(less.output, expected.output)
        assert not any(less.blocks[:-1])


def test_the_fastest_that_is_installed_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_executor() == "engine"
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert default_executor() == "reference"


def test_executors_are_named_as_their_keys() -> None:
    assert [executor.name for executor in EXECUTORS.values()] == list(EXECUTORS)

"""One sample on several threads: the same integers, whatever the split."""

from __future__ import annotations

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.engine import Engine, simulator
from lava_spquant.ir import reference
from tests.strategies import ANY, random_input, random_network

TIMINGS = (ir.Timing(), ir.Timing(reset_interval=2), ir.Timing(pipelined=True, reset_interval=3, reset_offset=1))


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let every network be worth several threads; tell how often one was."""
    calls: list[int] = []
    original = simulator.run_shared

    def counted(*given: object) -> None:
        calls.append(int(given[-2]))  # type: ignore[call-overload]
        original(*given)

    monkeypatch.setattr(simulator, "SHARED_NEURONS", 0)
    monkeypatch.setattr(simulator, "run_shared", counted)
    return calls


@pytest.mark.parametrize("threads", [2, 3])
def test_equal_to_the_reference_at_every_block(shared: list[int], threads: int) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        network = random_network(rng, ANY)
        x = random_input(rng, network, (1, 4), (1, threads - 1))
        timing = TIMINGS[seed % len(TIMINGS)]
        expected = reference.run(network, x, timing)
        for vector in (True, False):
            found = Engine(network, timing, threads=threads, vector=vector).run(x, record=("outputs", "v", "u"))
            for have, want in zip(found.blocks, expected.blocks, strict=True):
                for name in want:
                    np.testing.assert_array_equal(have[name], want[name], err_msg=f"seed {seed}, {name}")
    assert set(shared) == set(range(threads))


def test_a_small_network_or_a_full_batch_does_not_share(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: object) -> None:
        raise AssertionError("shared")

    monkeypatch.setattr(simulator, "run_shared", never)
    network = random_network(np.random.default_rng(0), ANY)
    x = random_input(np.random.default_rng(0), network, (2, 2), (1, 1))
    Engine(network, threads=2).run(x)
    monkeypatch.setattr(simulator, "SHARED_NEURONS", 0)
    Engine(network, threads=2).run(np.repeat(x, 2, axis=1))


def test_samples_run_one_after_the_other(shared: list[int]) -> None:
    network = random_network(np.random.default_rng(5), ANY)
    x = random_input(np.random.default_rng(5), network, (3, 3), (2, 2))
    engine = Engine(network, threads=3)
    both = engine.run(x).output
    assert shared
    for n in range(2):
        np.testing.assert_array_equal(engine.run(x[:, n : n + 1]).output[:, 0], both[:, n])


def test_an_interrupted_thread_does_not_leave_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    network = random_network(np.random.default_rng(7), ANY)
    x = random_input(np.random.default_rng(7), network, (3, 3), (1, 1))
    expected, engine, original = reference.run(network, x), Engine(network, threads=2), simulator.run_shared
    monkeypatch.setattr(simulator, "SHARED_NEURONS", 0)

    def interrupted(*given: object) -> None:
        if given[-2] == 0:
            raise KeyboardInterrupt
        original(*given)

    with monkeypatch.context() as patch:
        patch.setattr(simulator, "run_shared", interrupted)
        with pytest.raises(KeyboardInterrupt):
            engine.run(x)
    np.testing.assert_array_equal(engine.run(x).output, expected.output)

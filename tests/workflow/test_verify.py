from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from lava_spquant import data, ir
from lava_spquant.ir import reference
from lava_spquant.ir.reference import Trace
from lava_spquant.workflow import EXECUTORS, evaluate, verify
from lava_spquant.workflow import chunks as chunks_module
from lava_spquant.workflow import executor as executor_module
from lava_spquant.workflow.executor import Executor, Run
from tests.workflow.tiny import STEPS, tiny_network, tiny_recordings, tiny_split
from tests.workflow.tiny_model import tiny_model

SPIKES_PER_SAMPLE = STEPS * 16
VALUES_PER_SAMPLE = STEPS * (16 * 2 + 3 * 2)


@contextmanager
def executor(monkeypatch: pytest.MonkeyPatch, name: str, run: Run) -> Iterator[None]:
    """Let `run` stand in the registry as the executor `name`."""
    with monkeypatch.context() as patch:
        patch.setitem(EXECUTORS, name, Executor(name, name, lambda network, model: run))
        yield


def faulty(network: ir.Network, sample: int) -> Run:
    """An executor that gets one membrane potential of one sample wrong, at step 1."""
    seen = 0

    def run(x: ir.IntArray, done: object) -> Trace:
        nonlocal seen
        trace = reference.run(network, x)
        blocks = [dict(block) for block in trace.blocks]
        if seen <= sample < seen + x.shape[1]:
            v = blocks[0]["v"].copy()
            v[1, sample - seen, 1, 3, 0] += 1
            blocks[0]["v"] = v
        seen += x.shape[1]
        return Trace(tuple(blocks), trace.output)

    return run


def test_lava_agrees_on_its_part_of_the_samples() -> None:
    checked = verify(tiny_network(), tiny_split(10), STEPS, lava_samples=4)
    assert checked.ok
    assert checked.baseline == "reference"
    base, engine, lava = checked.results
    assert (base.accuracy.executor, base.accuracy.samples, base.comparison) == ("reference", 10, None)
    assert (engine.accuracy.executor, engine.accuracy.samples, engine.accuracy.mismatches) == ("engine", 10, 0)
    assert (lava.accuracy.executor, lava.accuracy.samples, lava.accuracy.mismatches) == ("lava", 4, 0)
    assert lava.accuracy.spikes_compared == 4 * SPIKES_PER_SAMPLE
    assert checked.spikes_compared == 14 * SPIKES_PER_SAMPLE
    assert checked.values_compared == 14 * VALUES_PER_SAMPLE


def test_every_executor_reads_recordings() -> None:
    checked = verify(tiny_network(), tiny_recordings(6), STEPS, lava_samples=2)
    assert checked.ok
    assert [r.accuracy.samples for r in checked.results] == [6, 6, 2]
    assert checked.spikes_compared == 8 * SPIKES_PER_SAMPLE


@pytest.mark.parametrize("chunk", [3, 4, 256])
def test_the_engine_runs_everything_and_the_reference_some(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(chunks_module, "MAX_CHUNK", chunk)
    network, split = tiny_network(), tiny_split(30)
    checked = verify(network, split, STEPS, reference_samples=7, lava_samples=0)
    base, engine = checked.results
    assert [base.accuracy.samples, engine.accuracy.samples] == [7, 30]
    assert engine.accuracy.spikes_compared == 7 * SPIKES_PER_SAMPLE
    assert engine.accuracy.correct == evaluate(network, split, STEPS).result.correct
    assert checked.ok


def test_a_baseline_that_is_sampled_covers_lava(monkeypatch: pytest.MonkeyPatch) -> None:
    network = tiny_network()
    with executor(monkeypatch, "lava", faulty(network, 8)):
        checked = verify(network, tiny_split(12), STEPS, reference_samples=2, lava_samples=9)
    assert [result.accuracy.samples for result in checked.results] == [9, 12, 9]
    assert [result.accuracy.mismatches for result in checked.results] == [None, 0, 1]


def test_the_engine_is_the_baseline_where_nothing_else_is_wanted() -> None:
    checked = verify(tiny_network(), tiny_split(6), STEPS, reference_samples=0, lava_samples=3)
    assert checked.ok
    assert checked.baseline == "engine"
    assert [result.accuracy.samples for result in checked.results] == [6, 3]


def test_a_mistake_of_the_engine_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    network = tiny_network()
    with executor(monkeypatch, "engine", faulty(network, 5)):
        checked = verify(network, tiny_split(7), STEPS, lava_samples=0)
    assert checked.mismatches == 1
    assert not checked.ok


def test_without_numba_the_rest_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor_module, "find_spec", lambda name: None)
    checked = verify(tiny_network(), tiny_split(4), STEPS, lava_samples=2)
    assert [result.accuracy.executor for result in checked.results] == ["reference", "lava"]
    with pytest.raises(ValueError, match="verify: executors: found reference, expected at least two to compare"):
        verify(tiny_network(), tiny_split(2), STEPS, lava_samples=0)


@pytest.mark.parametrize(
    ("options", "name"), [({"reference_samples": -1}, "reference"), ({"lava_samples": -1}, "Lava")]
)
def test_fewer_than_no_samples_are_refused(options: dict[str, int], name: str) -> None:
    with pytest.raises(ValueError, match=f"verify: samples in {name}: found -1, expected at least 0"):
        verify(tiny_network(), tiny_split(2), STEPS, **options)  # type: ignore[arg-type]


def test_what_training_computed_is_the_baseline_where_there_is_a_model() -> None:
    model = tiny_model()
    checked = verify(model.to_ir(), data.digits().test, 2, model=model, samples=12, reference_samples=5, lava_samples=0)
    assert checked.ok
    assert [result.accuracy.executor for result in checked.results] == ["slayer", "reference", "engine"]
    assert [result.accuracy.samples for result in checked.results] == [12, 5, 12]
    assert checked.results[0].accuracy.correct == checked.results[2].accuracy.correct
    assert checked.spikes_compared == (5 + 12) * 2 * 4 * 3 * 3


def test_another_network_than_the_trained_one_is_found_out() -> None:
    checked = verify(tiny_model(1).to_ir(), data.digits().test, 2, model=tiny_model(0), samples=3, lava_samples=0)
    assert not checked.ok
    assert checked.mismatches > 0


@pytest.mark.parametrize("chunk", [2, 3, 256])
@pytest.mark.parametrize("sample", [0, 2, 5])
def test_a_single_wrong_value_is_found_and_named(monkeypatch: pytest.MonkeyPatch, chunk: int, sample: int) -> None:
    network = tiny_network()
    monkeypatch.setattr(chunks_module, "MAX_CHUNK", chunk)
    with executor(monkeypatch, "lava", faulty(network, sample)):
        checked = verify(network, tiny_split(7), STEPS, lava_samples=6)
    assert not checked.ok
    assert checked.mismatches == 1
    comparison = checked.results[2].comparison
    assert comparison is not None
    assert comparison.samples == 6
    first = comparison.first
    assert first is not None
    assert (first.step, first.block, first.stream, first.sample, first.index) == (1, 0, "v", sample, (1, 3, 0))
    assert first.b == first.a + 1


def test_a_wrong_value_beyond_the_compared_samples_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    network = tiny_network()
    with executor(monkeypatch, "lava", faulty(network, 6)):
        assert verify(network, tiny_split(7), STEPS, lava_samples=6).ok


def test_every_executor_tells_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, list[int]] = {}
    network = tiny_network()
    monkeypatch.setattr(chunks_module, "MAX_CHUNK", 4)

    def run(x: ir.IntArray, done: object) -> Trace:
        assert callable(done)
        done(x.shape[1])
        return reference.run(network, x)

    with executor(monkeypatch, "lava", run):
        verify(
            network,
            tiny_split(9),
            STEPS,
            lava_samples=6,
            progress=lambda name, total: told.setdefault(name, [total]).append,
        )
    assert told == {"integer reference": [9, 4, 8, 9], "engine": [9, 4, 8, 9], "lava": [6, 4, 6]}


def test_nothing_compared_is_not_ok() -> None:
    with pytest.raises(ValueError, match="verify: executors: found engine, expected at least two to compare"):
        verify(tiny_network(), tiny_split(2), STEPS, reference_samples=0, lava_samples=0)
    checked = verify(tiny_network(), tiny_split(2), STEPS, lava_samples=1)
    assert not replace(checked, results=checked.results[:1]).ok


def test_missing_samples_of_lava_are_not_invented() -> None:
    checked = verify(tiny_network(), tiny_split(2), STEPS, lava_samples=50)
    assert checked.results[2].accuracy.samples == 2


def test_predictions_of_all_executors_are_counted_alike() -> None:
    split = tiny_split(8)
    checked = verify(tiny_network(), split, STEPS, lava_samples=8)
    x = np.stack([split.images.astype(np.int32)] * STEPS)
    right = int((reference.run(tiny_network(), x).output[-1].argmax(-1) == split.labels).sum())
    assert [result.accuracy.correct for result in checked.results] == [right] * 3

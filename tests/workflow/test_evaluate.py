from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from lava_spquant.ir import reference
from lava_spquant.workflow import chunks as chunks_module
from lava_spquant.workflow import evaluate, traces
from tests.workflow.tiny import STEPS, tiny_network, tiny_split
from tests.workflow.tiny_model import tiny_model


@pytest.mark.parametrize("output", ["readout", "spikes"])
def test_the_prediction_is_the_largest_sum_at_the_last_step(output: str) -> None:
    network, split = tiny_network(output=output), tiny_split(30)
    x = np.stack([split.images.astype(np.int32)] * STEPS)
    out = reference.run(network, x).output
    expected = (out[-1] if output == "readout" else out.sum(axis=0)).argmax(axis=-1)
    found = evaluate(network, split, STEPS)
    assert np.array_equal(found.predictions, expected)
    assert len(set(found.predictions.tolist())) > 1
    assert found.accuracy == np.mean(expected == split.labels)
    assert found.result.samples == 30
    assert found.seconds > 0


def test_chunks_change_nothing_but_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    network, split = tiny_network(), tiny_split(7)
    whole = evaluate(network, split, STEPS)
    monkeypatch.setattr(chunks_module, "MAX_CHUNK", 3)
    told: list[tuple[str, int, int]] = []
    parts = evaluate(network, split, STEPS, progress=lambda name, total: lambda done: told.append((name, total, done)))
    assert np.array_equal(whole.predictions, parts.predictions)
    assert told == [("integer reference", 7, done) for done in (3, 6, 7)]


@pytest.mark.parametrize("chunk", [2, 256])
def test_the_engine_classifies_alike(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    for output in ("readout", "spikes"):
        network, split = tiny_network(output=output), tiny_split(30)
        expected = evaluate(network, split, STEPS)
        monkeypatch.setattr(chunks_module, "MAX_CHUNK", chunk)
        assert np.array_equal(evaluate(network, split, STEPS, "engine").predictions, expected.predictions)


def test_memory_does_not_grow_with_the_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Traces are let go of, one chunk after the other."""
    monkeypatch.setattr(chunks_module, "MAX_CHUNK", 4)
    peaks = []
    for samples in (8, 400):
        split = tiny_split(samples)
        for output_only in (False, True):
            tracemalloc.start()
            for _ in traces(tiny_network(), split, STEPS, "engine", output_only=output_only):
                pass
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert max(peaks[2:]) < 1.5 * max(peaks[:2])


def test_limit() -> None:
    network, split = tiny_network(), tiny_split(7)
    assert np.array_equal(
        evaluate(network, split, STEPS, limit=4).predictions, evaluate(network, split, STEPS).predictions[:4]
    )


def test_one_step() -> None:
    assert evaluate(tiny_network(), tiny_split(1), 1).predictions.shape == (1,)


def test_slayer_agrees_with_the_reference_on_its_integers() -> None:
    model = tiny_model()
    network = model.to_ir()
    split = _digits(20)
    slayer = evaluate(network, split, 2, "slayer", model=model)
    assert np.array_equal(slayer.predictions, evaluate(network, split, 2).predictions)
    assert len(set(slayer.predictions.tolist())) > 1


def test_bad_requests_are_refused() -> None:
    network, split = tiny_network(), tiny_split(2)
    with pytest.raises(ValueError, match="executor: found 'gpu', expected one of reference, engine, slayer, lava"):
        evaluate(network, split, STEPS, "gpu")
    with pytest.raises(ValueError, match="executor 'slayer': found a network without its trained model"):
        evaluate(network, split, STEPS, "slayer")
    with pytest.raises(ValueError, match="steps: found 0"):
        evaluate(network, split, 0)
    with pytest.raises(ValueError, match="input shape: found images of"):
        next(traces(network, _digits(1), STEPS))


def _digits(samples: int):  # type: ignore[no-untyped-def]
    from lava_spquant import data

    return data.digits().test.take(slice(0, samples))

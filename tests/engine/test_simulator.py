from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant import ir
from lava_spquant.engine import Engine, simulator
from lava_spquant.engine.inputs import Laid
from lava_spquant.ir import ALIGNED, Timing, reference
from tests.engine.harness import EVERYTHING, assert_exact, assert_same, random_timing
from tests.engine.layers import Stack, conv, dense, dense_input
from tests.paths import ROOT
from tests.strategies import Knobs, cases, random_input, random_network

LAVA = Timing(pipelined=True)


@given(cases(), st.sampled_from([ALIGNED, Timing(reset_interval=2), LAVA, Timing(True, 3), Timing(True, 4, 6)]))
def test_equal_to_the_reference(case: tuple[ir.Network, ir.IntArray], timing: Timing) -> None:
    assert_exact(*case, timing)


@pytest.mark.parametrize("seed", range(12))
def test_equal_to_the_reference_on_many_random_networks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(25):
        network = random_network(rng, Knobs(max_blocks=6, stock_cuba=bool(seed % 2)))
        x = random_input(rng, network, (1, 12), (1, 5))
        assert_exact(network, x, random_timing(rng), threads=(1 + seed % 3,))


@pytest.mark.parametrize(("steps", "batch"), [(1, 1), (1, 32), (6, 1), (6, 32), (3, 0)])
def test_steps_and_batch(steps: int, batch: int) -> None:
    rng = np.random.default_rng(steps + batch)
    for timing in (ALIGNED, Timing(True, 3)):
        network = random_network(rng)
        assert_exact(network, random_input(rng, network, (steps, steps), (batch, batch)), timing)


def wide_network() -> ir.Network:
    rng = np.random.default_rng(5)
    stack = Stack(rng, ir.InputSpec((2, 7, 9), 4))
    stack.add((ir.INPUT, conv(rng, (2, 33), padding=(1, 1))), per_neuron=True)
    stack.add((0, ir.SumPool(2)), neuron=ir.Relay())
    stack.add((1, conv(rng, (33, 18), stride=(1, 2))), neuron=ir.Cuba(1024, 256, 256))
    stack.add((2, dense(rng, 18 * 3 * 1, 70)))
    stack.add((3, dense(rng, 70, 10)), (2, dense(rng, 18 * 3 * 1, 10)), neuron=ir.Readout())
    return stack.network()


def test_threads_do_not_matter() -> None:
    network = wide_network()
    x = dense_input(np.random.default_rng(0), network.input, 0.3, steps=6, batch=13)
    for timing in (ALIGNED, Timing(True, 4)):
        first = Engine(network, timing, threads=1).run(x, record=EVERYTHING)
        for threads in (2, 2, 3, 16, 256):
            assert_same(Engine(network, timing, threads=threads).run(x, record=EVERYTHING), first)


@pytest.mark.parametrize("timing", [ALIGNED, Timing(reset_interval=2), LAVA, Timing(True, 3, 2)])
@pytest.mark.parametrize("seed", range(10))
def test_a_repeated_image_equals_its_copies(timing: Timing, seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng) if seed else wide_network()
    image = random_input(rng, network, (1, 1), (3, 3))
    shown = np.broadcast_to(image, (7, *image.shape[1:]))
    expected = assert_exact(network, np.ascontiguousarray(shown), timing)
    for vector in (True, False):
        assert_same(Engine(network, timing, vector=vector).run(shown, record=EVERYTHING), expected)


def test_memory_layout_and_type_of_the_input_do_not_matter() -> None:
    network = wide_network()
    x = dense_input(np.random.default_rng(1), network.input, 0.5)
    engine = Engine(network)
    expected = engine.run(x, record=EVERYTHING)
    unaligned = np.frombuffer(b"\0" + x.tobytes(), np.int32, offset=1).reshape(x.shape)
    assert not unaligned.flags.aligned
    strided = np.repeat(x, 2, axis=1)[:, ::2]
    others = (strided, np.asfortranarray(x), unaligned, x.astype(np.uint8), x.astype(float), x.astype(">i4"))
    for other in others:
        assert_same(engine.run(other, record=EVERYTHING), expected)


def test_only_what_is_asked_for_is_recorded() -> None:
    network = wide_network()
    x = dense_input(np.random.default_rng(2), network.input, 0.5)
    expected = reference.run(network, x)
    outputs = ["spikes", "graded", "spikes", "spikes", "graded"]
    states = [{"v"}, set(), {"u", "v"}, {"v"}, {"v"}]
    for record in ((), ("v",), ("u",), ("outputs",), ("v", "u"), ["outputs", "u"]):
        trace = Engine(network).run(x, record=record)
        for b, block in enumerate(trace.blocks):
            wanted = {outputs[b]} if "outputs" in record or b == 4 else set()
            assert block.keys() == wanted | (states[b] & set(record))
            assert all(np.array_equal(block[name], expected.blocks[b][name]) for name in block)
        assert np.array_equal(trace.output, expected.output)


@pytest.mark.parametrize("limit", [1, 5_000, 60_000])
def test_a_batch_beyond_the_memory_limit_runs_in_parts(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    network = wide_network()
    x = dense_input(np.random.default_rng(3), network.input, 0.3, batch=11)
    engine = Engine(network, threads=2)
    whole = engine.run(x, record=EVERYTHING)
    parts: list[int] = []
    run = Engine._execute

    def counted(self: Engine, piece: Laid, *rest: object, **options: bool) -> None:
        parts.append(piece.batch)
        run(self, piece, *rest, **options)

    monkeypatch.setattr(Engine, "_execute", counted)
    monkeypatch.setattr(simulator, "MEMORY_LIMIT", limit)
    assert_same(engine.run(x, record=EVERYTHING), whole)
    assert sum(parts) == 11
    assert len(parts) > 1
    assert max(parts) * _record_bytes(engine, x) <= limit or max(parts) == 1


def _record_bytes(engine: Engine, x: ir.IntArray) -> int:
    one = engine.run(x[:, :1], record=EVERYTHING)
    return 4 * sum(values.size for block in one.blocks for values in block.values())


@pytest.mark.parametrize("record", [(), EVERYTHING])
def test_the_limit_counts_what_is_recorded(monkeypatch: pytest.MonkeyPatch, record: tuple[str, ...]) -> None:
    network = wide_network()
    x = dense_input(np.random.default_rng(4), network.input, 0.3, batch=4)
    calls: list[int] = []
    run = Engine._execute
    monkeypatch.setattr(Engine, "_execute", lambda self, *a, **k: (calls.append(a[0].batch), run(self, *a, **k)))
    monkeypatch.setattr(simulator, "MEMORY_LIMIT", 4 * x.shape[1] * x.shape[0] * 16)
    Engine(network, threads=1).run(x, record=record)
    assert (len(calls) > 1) == bool(record)


BAD_INPUTS = {
    "shape": (np.zeros((2, 1, 2, 9, 7), int), "input: shape: found"),
    "one axis too few": (np.zeros((2, 2, 7, 9), int), "input: shape: found"),
    "no step": (np.zeros((0, 1, 2, 7, 9), int), "input: shape: found"),
    "fraction": (np.full((2, 1, 2, 7, 9), 0.5), "input: values: found dtype float64, expected whole numbers"),
    "NaN": (np.full((2, 1, 2, 7, 9), np.nan), "input: values"),
    "complex": (np.zeros((2, 1, 2, 7, 9), complex), "input: values"),
    "text": (np.full((2, 1, 2, 7, 9), "1"), "input: values"),
    "negative": (np.full((2, 1, 2, 7, 9), -1), r"input: values: found -1\.\.-1, expected 0\.\.15"),
    "too large": (np.full((2, 1, 2, 7, 9), 16), r"input: values: found 16\.\.16, expected 0\.\.15"),
    "beyond 32 bits": (np.full((2, 1, 2, 7, 9), 2**32), "input: values"),
}


@pytest.mark.parametrize("what", BAD_INPUTS)
def test_bad_input_is_refused_before_the_first_step(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    x, message = BAD_INPUTS[what]
    monkeypatch.setattr(Engine, "_execute", lambda *a, **k: pytest.fail("a step ran"))
    with pytest.raises(ir.NetworkError, match=message):
        Engine(wide_network()).run(x)


@pytest.mark.parametrize("record", [("spikes",), ("v", "w"), "uv "])
def test_names_that_nothing_has_are_refused_before_the_first_step(
    monkeypatch: pytest.MonkeyPatch, record: tuple[str, ...]
) -> None:
    network = wide_network()
    monkeypatch.setattr(Engine, "_execute", lambda *a, **k: pytest.fail("a step ran"))
    with pytest.raises(ValueError, match="record: found .*, expected names among outputs, u, v"):
        Engine(network).run(np.zeros((1, 1, *network.input.shape), int), record=record)


@pytest.mark.parametrize("threads", [0, -1, 257, 1.5, "2"])
def test_thread_counts_that_make_no_sense_are_refused(threads: int) -> None:
    with pytest.raises(ValueError, match=r"Engine: threads: found .*, expected a whole number in 1\.\.256"):
        Engine(wide_network(), threads=threads)


def test_one_engine_serves_several_threads_of_a_program() -> None:
    network = wide_network()
    x = dense_input(np.random.default_rng(6), network.input, 0.3, steps=8, batch=8)
    engine = Engine(network, threads=2)
    expected = engine.run(x, record=EVERYTHING)
    found: list[object] = []
    workers = [
        threading.Thread(target=lambda: found.extend(engine.run(x, record=EVERYTHING) for _ in range(5)))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(found) == 20
    for trace in found:
        assert_same(trace, expected)


FORKED = """
import os, numpy as np
from tests.engine.test_simulator import wide_network
from lava_spquant.engine import Engine
network = wide_network()
x = np.ones((3, 4, *network.input.shape), np.int32)
expected = Engine(network, threads=2).run(x).output
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(Engine(network, threads=2).run(x).output, expected) else 1)
print(os.waitpid(child, 0)[1])
"""


def test_a_forked_child_runs_too() -> None:
    """Lava forks its Processes, after whatever the program ran before."""
    result = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, cwd=ROOT, env=dict(os.environ), check=False
    )
    assert (result.returncode, result.stdout.strip()) == (0, "0"), result.stderr

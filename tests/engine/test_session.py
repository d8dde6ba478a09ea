from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lava_spquant import ir
from lava_spquant.engine import Engine, Session
from lava_spquant.ir import ALIGNED, Timing, reference
from lava_spquant.ir.reference import Trace
from tests.engine.harness import EVERYTHING, assert_same, random_timing
from tests.engine.test_simulator import wide_network
from tests.strategies import Knobs, random_input, random_network

TIMINGS = [ALIGNED, Timing(reset_interval=3), Timing(pipelined=True), Timing(True, 4), Timing(True, 5, 3)]


def cut(rng: np.random.Generator, steps: int) -> list[slice]:
    """Return 0..steps in random pieces."""
    marks = sorted({0, steps, *rng.integers(0, steps + 1, 3).tolist()})
    return [slice(a, b) for a, b in pairwise(marks)]


def part(trace: Trace, piece: slice) -> Trace:
    return Trace(tuple({name: v[piece] for name, v in block.items()} for block in trace.blocks), trace.output[piece])


@pytest.mark.parametrize("seed", range(40))
def test_pieces_of_a_run_equal_the_run(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = random_network(rng, Knobs(max_blocks=6))
    x, timing = random_input(rng, network, (2, 12), (1, 4)), random_timing(rng)
    expected = reference.run(network, x, timing)
    session = Session(Engine(network, timing, threads=1 + seed % 2, vector=seed % 3 > 0), x.shape[1])
    for piece in cut(rng, len(x)):
        assert_same(session.run(x[piece], record=EVERYTHING), part(expected, piece))
        assert session.steps == piece.stop
        for b, block in enumerate(network.blocks):
            for name in block.neuron.state_names:
                assert np.array_equal(session.state(b, name), expected.blocks[b][name][piece.stop - 1])


@pytest.mark.parametrize("timing", TIMINGS, ids=str)
def test_what_a_session_records_changes_nothing(timing: Timing) -> None:
    network = wide_network()
    x = random_input(np.random.default_rng(0), network, (9, 9), (2, 2))
    expected = reference.run(network, x, timing)
    session = Session(Engine(network, timing), 2)
    for at, record in enumerate(((), ("v",), EVERYTHING, (), ("outputs",), ("u", "v"), EVERYTHING, (), EVERYTHING)):
        trace = session.run(x[at : at + 1], record=record)
        assert np.array_equal(trace.output[0], expected.output[at])
        for mine, theirs in zip(trace.blocks, expected.blocks, strict=True):
            assert all(np.array_equal(values[0], theirs[name][at]) for name, values in mine.items())


@pytest.mark.parametrize("timing", TIMINGS, ids=str)
def test_a_repeated_image_in_pieces(timing: Timing) -> None:
    network = wide_network()
    image = random_input(np.random.default_rng(1), network, (1, 1), (2, 2))
    shown = np.broadcast_to(image, (11, *image.shape[1:]))
    expected = reference.run(network, shown, timing)
    session = Session(Engine(network, timing), 2)
    for piece in (slice(0, 1), slice(1, 5), slice(5, 6), slice(6, 11)):
        assert_same(session.run(shown[piece], record=EVERYTHING), part(expected, piece))


@pytest.mark.parametrize("timing", TIMINGS, ids=str)
def test_saved_sessions_go_on_as_if_nothing_had_been(timing: Timing) -> None:
    rng = np.random.default_rng(2)
    network = wide_network()
    x = random_input(rng, network, (10, 10), (3, 3))
    expected = reference.run(network, x, timing)
    session = Session(Engine(network, timing), 3)
    session.run(x[:4])
    saved = session.save()
    session.run(random_input(rng, network, (5, 5), (3, 3)))
    other = Session(Engine(network, timing, threads=1, vector=False), 3)
    for target in (session, other):
        target.restore(saved)
        assert target.steps == 4
        assert_same(target.run(x[4:], record=EVERYTHING), part(expected, slice(4, 10)))
    session.restore(saved)
    assert_same(session.run(x[4:7], record=EVERYTHING), part(expected, slice(4, 7)))


@pytest.mark.parametrize("timing", TIMINGS, ids=str)
def test_reset_forgets_everything(timing: Timing) -> None:
    rng = np.random.default_rng(3)
    network = wide_network()
    x = random_input(rng, network, (6, 6), (2, 2))
    session = Session(Engine(network, timing), 2)
    first = session.run(x, record=EVERYTHING)
    assert any(session.state(b, "v").any() for b in (0, 2, 3, 4))
    session.reset()
    assert session.steps == 0
    for b, block in enumerate(network.blocks):
        for name in block.neuron.state_names:
            assert not session.state(b, name).any()
    assert_same(session.run(x, record=EVERYTHING), first)


def test_a_new_session_is_at_rest() -> None:
    session = Session(Engine(wide_network()), 2)
    assert session.state(2, "u").shape == (2, *wide_network().shapes[2])
    assert not session.state(2, "u").any()


def test_sessions_of_one_engine_are_their_own() -> None:
    rng = np.random.default_rng(4)
    network = wide_network()
    engine = Engine(network)
    x, y = random_input(rng, network, (4, 4), (1, 1)), random_input(rng, network, (4, 4), (1, 1))
    a, b = Session(engine), Session(engine)
    found = [(a.run(x[k : k + 1]).output, b.run(y[k : k + 1]).output) for k in range(4)]
    assert np.array_equal(np.concatenate([o for o, _ in found]), engine.run(x).output)
    assert np.array_equal(np.concatenate([o for _, o in found]), engine.run(y).output)


def test_a_state_is_a_copy() -> None:
    network = wide_network()
    session = Session(Engine(network))
    x = random_input(np.random.default_rng(5), network, (2, 2), (1, 1))
    session.run(x)
    state = session.state(0, "v")
    state[...] = 77
    assert not (session.state(0, "v") == 77).all()


def test_what_does_not_fit_is_refused() -> None:
    network = wide_network()
    engine = Engine(network)
    session = Session(engine, 2)
    zeros = np.zeros((1, 2, *network.input.shape), int)
    with pytest.raises(ir.NetworkError, match="session: batch: found 3, expected 2"):
        session.run(np.zeros((1, 3, *network.input.shape), int))
    with pytest.raises(ir.NetworkError, match=r"input: values: found 16\.\.16"):
        session.run(zeros + 16)
    with pytest.raises(ValueError, match="record: found spikes"):
        session.run(zeros, record=("spikes",))
    with pytest.raises(ir.NetworkError, match="session: state of block 1: found 'v', expected one of"):
        session.state(1, "v")
    with pytest.raises(ValueError, match="snapshot: found one of another network or batch"):
        session.restore(Session(engine, 3).save())
    with pytest.raises(ValueError, match="Session: batch: found 0, expected at least 1"):
        Session(engine, 0)
    assert session.steps == 0

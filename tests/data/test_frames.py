from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.data import DataError, FrameConfig
from lava_spquant.data.emulator import EVENT_DTYPE
from lava_spquant.data.frames import frames_of

SENSOR = (4, 6)


def stream(*events: tuple[int, int, int, int]) -> np.ndarray:
    """Return events (x, y, t, p)."""
    return np.array(list(events), EVENT_DTYPE)


def drawn(seed: int, count: int = 50) -> np.ndarray:
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, 6, count), rng.integers(0, 4, count), np.sort(rng.integers(0, 900, count))
    return stream(*zip(*columns, rng.integers(0, 2, count), strict=True))


def test_by_hand() -> None:
    events = stream((5, 0, 100, 1), (5, 0, 120, 1), (0, 3, 149, 0), (5, 0, 150, 1), (1, 1, 199, 0))
    frames = frames_of(events, SENSOR, FrameConfig(steps=2, bits=8))
    assert frames.shape == (2, 2, 4, 6)
    assert frames.dtype == np.uint8
    # (step, polarity, row, column): the recording lasts 100 us, of which the first 50 are step 0.
    assert {tuple(at): int(frames[tuple(at)]) for at in np.argwhere(frames)} == {
        (0, 1, 0, 5): 2,
        (0, 0, 3, 0): 1,
        (1, 1, 0, 5): 1,
        (1, 0, 1, 1): 1,
    }
    by_count = frames_of(events, SENSOR, FrameConfig(steps=5, bits=1), "count")
    assert by_count.sum(axis=(1, 2, 3)).tolist() == [1] * 5


@given(st.integers(0, 999), st.integers(1, 9), st.sampled_from(["time", "count"]))
def test_every_event_is_counted_once(seed: int, steps: int, cut: str) -> None:
    events = drawn(seed)
    frames = frames_of(events, SENSOR, FrameConfig(steps, 8), cut)  # type: ignore[arg-type]
    assert frames.sum() == len(events)
    assert frames[:, 1].sum() == events["p"].sum()
    if cut == "count":
        parts = frames.sum(axis=(1, 2, 3))
        assert parts.max() - parts.min() <= 1


@given(st.integers(0, 999), st.integers(1, 7))
def test_counts_are_clipped(seed: int, bits: int) -> None:
    events = drawn(seed, 300)
    whole = frames_of(events, SENSOR, FrameConfig(2, 8))
    clipped = frames_of(events, SENSOR, FrameConfig(2, bits))
    assert np.array_equal(clipped, np.minimum(whole, 2**bits - 1))


@given(st.integers(0, 999))
def test_a_smaller_frame_adds_up_neighbours(seed: int) -> None:
    events = drawn(seed)
    whole = frames_of(events, SENSOR, FrameConfig(3, 8)).astype(int)
    half = frames_of(events, SENSOR, FrameConfig(3, 8, size=2))
    assert np.array_equal(half, whole.reshape(3, 2, 2, 2, 2, 3).sum(axis=(3, 5)))


def test_no_events_and_one() -> None:
    assert not frames_of(stream(), SENSOR, FrameConfig(3)).any()
    frames = frames_of(stream((2, 1, 7, 0)), SENSOR, FrameConfig(3))
    assert np.argwhere(frames).tolist() == [[0, 0, 1, 2]]


@pytest.mark.parametrize(
    ("events", "message"),
    [
        (stream((6, 0, 1, 1)), r"places: found x 6\.\.6, y 0\.\.0, expected x 0\.\.5, y 0\.\.3"),
        (stream((0, -1, 1, 1)), "places"),
        (stream((0, 0, 2, 1), (0, 0, 1, 1)), "times: found 1 that run backwards"),
    ],
)
def test_impossible_events(events: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        frames_of(events, SENSOR, FrameConfig(2))

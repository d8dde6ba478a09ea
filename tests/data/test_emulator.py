from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lava_spquant.data import DataError, EmulatorConfig, SaccadeConfig, emulate
from lava_spquant.data.emulator import EVENT_DTYPE, crossings

PLAIN = EmulatorConfig(
    sensor=(10, 12), image=(6, 8), saccades=SaccadeConfig(amplitude=3, instants=8), mismatch=0, phase=0, refractory_us=0
)
seeds = st.integers(0, 2**20)


def pictures(seed: int, samples: int = 2, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (samples, channels, 6, 8), dtype=np.uint8)


def step_edge(step: float) -> tuple[np.ndarray, EmulatorConfig]:
    """A dark left and a bright right half, and a camera that moves by one pixel to the right."""
    image = np.zeros((1, 1, 4, 6), np.uint8)
    image[..., 3:] = 255
    saccades = SaccadeConfig(path=((0, 0), (1, 0)), amplitude=1, saccade_us=1000, instants=64)
    # Light goes from 255 to 510: log intensity changes by log 2 = 0.693.
    config = replace(PLAIN, sensor=(4, 6), image=(4, 6), saccades=saccades, dark=1.0, threshold=step, border="edge")
    return image, config


def test_an_edge_by_hand() -> None:
    image, config = step_edge(np.log(2) / 2.5)
    (events,) = emulate(image, config)
    assert events.dtype == EVENT_DTYPE
    # Only the column left of the edge gets brighter, by two and a half thresholds: two ON events per row.
    assert len(events) == 4 * 2
    assert set(events["x"]) == {2}
    assert events["p"].all()
    times = events["t"].reshape(2, 4)
    assert (times == times[:, :1]).all()
    # Light 255 * (1 + s) passes 255 * 2**(k / 2.5) at s = 2**(k / 2.5) - 1, and s = (1 - cos(pi * t)) / 2.
    for k, time in enumerate(times[:, 0], start=1):
        share = 2 ** (k / 2.5) - 1
        assert time == pytest.approx(1000 * np.arccos(1 - 2 * share) / np.pi, abs=8)


def test_the_way_back_gives_off_events() -> None:
    image, config = step_edge(np.log(2) / 2.5)
    back = replace(config.saccades, path=((0, 0), (1, 0), (0, 0)))
    (events,) = emulate(image, replace(config, saccades=back))
    # Two up; then down from 2.5 to 0 with the reference at 2: two OFF events, at 1 and at 0.
    assert events["p"].reshape(4, 4).tolist() == [[True] * 4, [True] * 4, [False] * 4, [False] * 4]
    assert (np.diff(events["t"]) >= 0).all()
    assert set(events["x"]) == {2}


@given(seeds, st.floats(0, 0.99), st.floats(0, 0.2))
def test_without_motion_there_are_no_events(seed: int, phase: float, mismatch: float) -> None:
    still = replace(PLAIN, saccades=replace(PLAIN.saccades, amplitude=0), phase=phase, mismatch=mismatch)
    assert not len(crossings(pictures(seed), np.arange(2), still).time)


@given(st.integers(0, 255), st.sampled_from([1, 3]))
def test_a_uniform_scene_gives_no_events(grey: int, channels: int) -> None:
    image = np.full((1, channels, 6, 8), grey, np.uint8)
    assert not len(emulate(image, replace(PLAIN, border="edge", phase=0.9, mismatch=0.1))[0])


@given(seeds)
def test_a_larger_threshold_gives_fewer_events(seed: int) -> None:
    counts = [
        len(crossings(pictures(seed), np.arange(2), replace(PLAIN, threshold=threshold)).time)
        for threshold in (0.1, 0.2, 0.4, 0.8)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]


@given(seeds)
def test_a_longer_refractory_time_gives_fewer_events(seed: int) -> None:
    images = pictures(seed)
    streams = {
        refractory: emulate(images, replace(PLAIN, refractory_us=refractory, threshold=0.1))
        for refractory in (0, 3000, 50_000)
    }
    counts = [sum(map(len, found)) for found in streams.values()]
    assert counts == sorted(counts, reverse=True)
    for refractory, found in streams.items():
        for events in found:
            for y, x in ((3, 4), (5, 7)):
                times = events["t"][(events["y"] == y) & (events["x"] == x)]
                assert (np.diff(times) >= refractory).all()


@given(seeds, st.booleans(), st.booleans())
def test_a_mirrored_world_gives_mirrored_events(seed: int, across: bool, down: bool) -> None:
    signs = (-1 if across else 1, -1 if down else 1)
    turned = replace(PLAIN.saccades, path=tuple((x * signs[0], y * signs[1]) for x, y in PLAIN.saccades.path))
    images = pictures(seed, 1)
    (one,) = emulate(images, PLAIN)
    (other,) = emulate(images[:, :, :: signs[1], :: signs[0]].copy(), replace(PLAIN, saccades=turned))
    back = other.copy()
    if across:
        back["x"] = PLAIN.sensor[1] - 1 - other["x"]
    if down:
        back["y"] = PLAIN.sensor[0] - 1 - other["y"]
    assert len(one) > 0
    assert np.array_equal(np.sort(one, order=("t", "y", "x", "p")), np.sort(back, order=("t", "y", "x", "p")))


@given(seeds, st.integers(0, 10**6))
def test_an_image_and_its_index_decide(seed: int, index: int) -> None:
    config = replace(PLAIN, phase=0.9, mismatch=0.05, refractory_us=1000)
    images = pictures(seed, 3)
    together = emulate(images, config, first_index=index)
    for k in range(3):
        (alone,) = emulate(images[k : k + 1], config, first_index=index + k)
        assert np.array_equal(alone, together[k])
    assert not np.array_equal(emulate(images[:1], config, first_index=index + 1)[0], together[0])
    assert not np.array_equal(emulate(images[:1], replace(config, seed=1), first_index=index)[0], together[0])


@given(seeds)
def test_events_lie_within_sensor_and_recording(seed: int) -> None:
    found = crossings(pictures(seed), np.arange(2), replace(PLAIN, threshold=0.05))
    assert found.time.min() >= 0
    assert found.time.max() < PLAIN.saccades.duration_us
    assert found.pixel.max() < 10 * 12
    assert set(found.sample) == {0, 1}


def test_a_pixel_ends_near_where_it_began() -> None:
    # The path is closed: as many ON as OFF events in every pixel, but for one that the reference's hysteresis keeps.
    (events,) = emulate(pictures(5, 1), replace(PLAIN, threshold=0.1))
    balance = np.zeros(PLAIN.sensor, int)
    np.add.at(balance, (events["y"], events["x"]), np.where(events["p"], 1, -1))
    assert np.abs(balance).max() <= 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sensor": (0, 4)}, r"emulator: sensor: found \(0, 4\)"),
        ({"image": (4,)}, "image"),
        ({"threshold": 0}, r"threshold: found 0, expected 0\.01\.\.10"),
        ({"mismatch": 1}, "mismatch"),
        ({"phase": 1}, "phase"),
        ({"dark": 0}, "dark"),
        ({"refractory_us": -1}, "refractory_us"),
        ({"border": "white"}, "border: found 'white', expected 'black' or 'edge'"),
        ({"seed": -1}, "seed"),
    ],
)
def test_refusals(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        EmulatorConfig(**changes)  # type: ignore[arg-type]

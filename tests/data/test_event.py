from __future__ import annotations

import numpy as np
import pytest

from lava_spquant.data import DataError, EventData, EventSplit, FrameConfig
from lava_spquant.data.packing import pack_frames

FRAMES = np.random.default_rng(1).integers(0, 2, (6, 3, 2, 4, 5), dtype=np.uint8)
LABELS = np.arange(6) % 3


def split(**changes: object) -> EventSplit:
    fields = {
        "packed": pack_frames(FRAMES, 1),
        "labels": LABELS,
        "num_classes": 3,
        "frame_shape": FRAMES.shape[1:],
        "source": "here",
    } | changes
    return EventSplit(**fields)  # type: ignore[arg-type]


def test_a_split_gives_its_frames_back_read_only_and_time_major() -> None:
    made = split()
    assert (len(made), made.steps, made.shape, made.bits) == (6, 3, (2, 4, 5), 1)
    np.testing.assert_array_equal(made.frames(), FRAMES)
    np.testing.assert_array_equal(made.inputs(3), FRAMES.transpose(1, 0, 2, 3, 4))
    assert made.inputs(3).dtype == np.uint8
    for array in (made.packed, made.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_graded_frames() -> None:
    counts = FRAMES * 7
    made = split(packed=pack_frames(counts, 3), bits=3)
    np.testing.assert_array_equal(made.frames(), counts)
    with pytest.raises(DataError, match="largest value: found 7, expected at most 3"):
        split(packed=pack_frames(counts, 3), bits=2)


def test_a_part_shares_memory_and_keeps_order() -> None:
    whole = split()
    assert np.shares_memory(whole.take(slice(1, 3)).packed, whole.packed)
    part = whole.take(np.array([4, 0]))
    np.testing.assert_array_equal(part.frames(), FRAMES[[4, 0]])
    assert part.labels.tolist() == [1, 0]


def test_recordings_have_steps_of_their_own() -> None:
    with pytest.raises(DataError, match="here: time steps: found 4, expected its own, 3"):
        split().inputs(4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"packed": pack_frames(FRAMES, 1)[:, :-1]}, r"packed shape: found \(6, 14\), expected \(N, 15\) for frames"),
        ({"packed": pack_frames(FRAMES, 1)[:0], "labels": LABELS[:0]}, "packed shape"),
        ({"packed": pack_frames(FRAMES, 1).astype(int)}, "packed dtype: found int64"),
        ({"frame_shape": (3, 2, 4)}, r"frame shape: found \(3, 2, 4\)"),
        ({"bits": 0}, r"bits: found 0, expected 1\.\.8"),
        ({"labels": LABELS[:-1]}, r"labels shape: found \(5,\)"),
        ({"num_classes": 2}, r"labels: found 0\.\.2"),
    ],
)
def test_split_refuses(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        split(**changes)


def test_data_refuses_splits_that_do_not_belong_together() -> None:
    with pytest.raises(DataError, match="mixed: test"):
        EventData("mixed", split(), split(frame_shape=(3, 2, 5, 4)))
    data = EventData("same", split(), split())
    assert (data.shape, data.steps, data.num_classes, data.bits) == ((2, 4, 5), 3, 3, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, r"data: steps: found 0, expected 1\.\.1024"),
        ({"steps": 2.5}, r"steps: found 2\.5"),
        ({"bits": 9}, r"bits: found 9, expected 1\.\.8"),
        ({"size": -1}, r"size: found -1, expected 0\.\.1024"),
    ],
)
def test_frame_config_refuses(changes: dict[str, int], message: str) -> None:
    with pytest.raises(DataError, match=message):
        FrameConfig(**changes)

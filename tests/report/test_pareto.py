from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import LogNorm, to_rgba

from lava_spquant.report import ParetoPoint, pareto_figure, save_figure
from lava_spquant.report.pareto import staircase
from lava_spquant.report.style import INK

POINTS = [
    ParetoPoint("0", 0.90, 2000.0, 5e4, True),
    ParetoPoint("1", 0.95, 8000.0, 9e4, True),
    ParetoPoint("2", 0.80, 9000.0, 9e5),
    ParetoPoint("3", 0.85, 4000.0, 2e4, True),
]

points = st.builds(
    ParetoPoint, st.just("x"), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([1.0, 2.0, 3.0]), st.just(0.0)
)


def test_what_the_figure_shows() -> None:
    figure = pareto_figure(POINTS, "net", "4 networks")
    ax, bar = figure.axes
    (dots,) = ax.collections
    assert np.array_equal(dots.get_offsets(), [(p.memory_bytes, 100 * p.accuracy) for p in POINTS])
    assert dots.get_array().tolist() == [p.synops for p in POINTS]
    assert isinstance(dots.norm, LogNorm)
    edges = [tuple(edge) == to_rgba(INK) for edge in dots.get_edgecolors()]
    assert edges == [p.front for p in POINTS]
    assert sorted(text.get_text() for text in ax.texts) == ["0", "1", "3"]
    (line,) = ax.lines
    # The third point on the front is beaten in accuracy and memory, and is there for its few operations.
    assert line.get_xydata().tolist() == [[2000, 90], [8000, 95]]
    assert (ax.get_xscale(), bar.get_ylabel()) == ("log", "synaptic operations per sample")
    low, high = ax.get_xlim()
    assert low < 2000 < 9000 < high
    assert {text.get_text() for text in figure.texts} == {"net", "4 networks"}


@pytest.mark.parametrize("shown", [POINTS[:1], [replace(p, synops=0.0) for p in POINTS], [POINTS[0]] * 3])
def test_one_network_and_ties_can_be_drawn(shown: list[ParetoPoint], tmp_path: Path) -> None:
    for name in ("a.png", "a.svg"):
        assert save_figure(pareto_figure(shown, "net"), tmp_path / name).stat().st_size > 1000


def test_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="pareto_figure: points: found none"):
        pareto_figure([], "net")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((1.1, 1.0, 1.0), "x: accuracy: found 1.1, expected 0..1"),
        ((float("nan"), 1.0, 1.0), "x: accuracy: found nan"),
        ((0.5, 0.0, 1.0), "x: memory_bytes: found 0.0, expected a positive number"),
        ((0.5, 1.0, -1.0), "x: synops: found -1.0, expected at least 0"),
    ],
)
def test_a_point_that_is_none(values: tuple[float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ParetoPoint("x", *values)


@given(shown=st.lists(points, min_size=1, max_size=10))
def test_the_line_is_the_front_of_accuracy_and_memory(shown: list[ParetoPoint]) -> None:
    def beaten(p: ParetoPoint) -> bool:
        return any(
            q.accuracy >= p.accuracy
            and q.memory_bytes <= p.memory_bytes
            and (q.accuracy, q.memory_bytes) != (p.accuracy, p.memory_bytes)
            for q in shown
        )

    found = [(p.memory_bytes, p.accuracy) for p in staircase(shown)]
    assert found == sorted({(p.memory_bytes, p.accuracy) for p in shown if not beaten(p)})

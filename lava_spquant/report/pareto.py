"""What networks of a search trade for each other: accuracy, memory and synaptic operations in one figure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from lava_spquant.report.style import BLUE, GREY, INK, MUTED, open_frame, style
from lava_spquant.report.units import bytes_text, count_text

__all__ = ["ParetoPoint", "pareto_figure", "staircase"]

COLOURS = "viridis"
"""Even in lightness: it reads in grey and under every kind of colour blindness."""

TICKS = (1.0, 2.0, 5.0)


@dataclass(frozen=True)
class ParetoPoint:
    """One network of a search.

    Parameters
    ----------
    label : str
        Written beside the point where it is on the front.
    accuracy : float
        0..1.
    memory_bytes : float
    synops : float
        Synaptic operations per sample.
    front : bool
        Whether no other network is at least as good in all three and better in one.

    Raises
    ------
    ValueError
        If the accuracy is out of range, memory is not positive, or there is less than no operation.
    """

    label: str
    accuracy: float
    memory_bytes: float
    synops: float
    front: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.accuracy <= 1:
            raise ValueError(f"{self.label}: accuracy: found {self.accuracy}, expected 0..1")
        if not self.memory_bytes > 0:
            raise ValueError(f"{self.label}: memory_bytes: found {self.memory_bytes}, expected a positive number")
        if not self.synops >= 0:
            raise ValueError(f"{self.label}: synops: found {self.synops}, expected at least 0")


def staircase(points: Iterable[ParetoPoint]) -> list[ParetoPoint]:
    """Return the points that no smaller or equal network matches in accuracy, by memory.

    It is the front of two of the three objectives, and the line that the figure draws.

    Examples
    --------
    >>> points = [ParetoPoint("a", 0.9, 20, 0), ParetoPoint("b", 0.8, 10, 0), ParetoPoint("c", 0.7, 15, 0)]
    >>> [point.label for point in staircase(points)]
    ['b', 'a']
    """
    kept: list[ParetoPoint] = []
    for point in sorted(points, key=lambda p: (p.memory_bytes, -p.accuracy, p.synops)):
        if not kept or point.accuracy > kept[-1].accuracy:
            kept.append(point)
    return kept


def pareto_figure(points: Sequence[ParetoPoint], title: str, subtitle: str = "") -> Figure:
    """Draw accuracy against memory, coloured by synaptic operations.

    Networks on the front of all three objectives are large and carry their label; the line joins
    those that are best in accuracy and memory alone, so a labelled network off the line is one
    that needs fewer operations.

    Parameters
    ----------
    points : sequence of ParetoPoint
    title, subtitle : str

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot's global state; see `save_figure`.

    Raises
    ------
    ValueError
        If there are no points.
    """
    if not points:
        raise ValueError("pareto_figure: points: found none, expected at least one")
    with style():
        figure = Figure(figsize=(8.2, 5.0), facecolor="white")
        figure.text(0.03, 0.965, title, fontsize=14, fontweight="bold", va="top")
        figure.text(0.03, 0.905, subtitle, fontsize=9.5, color=MUTED, va="top")
        ax = figure.add_axes((0.09, 0.11, 0.74, 0.72))
        open_frame(ax)
        _draw_front(ax, staircase(points))
        dots = _draw_points(ax, points)
        _label(ax, [point for point in points if point.front])
        _axes(ax, points)
        bar = figure.colorbar(dots, cax=figure.add_axes((0.87, 0.11, 0.018, 0.72)))
        bar.set_label("synaptic operations per sample")
        bar.ax.spines["outline"].set_visible(False)
        if isinstance(dots.norm, LogNorm):
            bar.ax.yaxis.set_major_locator(LogLocator(subs=TICKS))
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: count_text(value)))
        bar.ax.minorticks_off()
    return figure


def _draw_front(ax: Axes, steps: Sequence[ParetoPoint]) -> None:
    ax.step(
        [point.memory_bytes for point in steps],
        [100 * point.accuracy for point in steps],
        where="post",
        color=BLUE,
        linewidth=1.4,
        zorder=1,
    )


def _draw_points(ax: Axes, points: Sequence[ParetoPoint]) -> PathCollection:
    operations = np.array([point.synops for point in points])
    return ax.scatter(
        [point.memory_bytes for point in points],
        [100 * point.accuracy for point in points],
        c=operations,
        norm=_norm(operations.min(), operations.max()),
        cmap=COLOURS,
        s=[70 if point.front else 22 for point in points],
        edgecolors=[INK if point.front else GREY for point in points],
        linewidths=[1.1 if point.front else 0.5 for point in points],
        zorder=2,
    )


def _norm(low: float, high: float) -> Normalize:
    """Return the scale of the colours: operations differ by factors, but none at all has no logarithm."""
    return LogNorm(low, high) if 0 < low < high else Normalize(0, max(high, 1))


def _label(ax: Axes, front: Sequence[ParetoPoint]) -> None:
    for point in front:
        place = (point.memory_bytes, 100 * point.accuracy)
        ax.annotate(point.label, place, (0, 7), textcoords="offset points", ha="center", fontsize=7.5, color=INK)


def _axes(ax: Axes, points: Sequence[ParetoPoint]) -> None:
    sizes = [point.memory_bytes for point in points]
    ax.set_xscale("log")
    ax.set_xlim(min(sizes) / 1.2, max(sizes) * 1.2)
    ax.margins(y=0.12)
    ax.xaxis.set_major_locator(LogLocator(subs=TICKS))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: bytes_text(value)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    ax.minorticks_off()
    ax.set_xlabel("memory: weights and state")
    ax.set_ylabel("validation accuracy")

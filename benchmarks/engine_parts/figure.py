"""The straight lines, drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from engine_parts.scaling import SIZE, Line
from lava_spquant.report.machine import machine
from lava_spquant.report.style import BLUE, GREY, MUTED, ORANGE, open_frame, style

__all__ = ["scaling_figure"]

WIDTH, HEIGHT = 9.5, 6.8
ROOM = 1.3
"""Times the largest cost that an axis reaches: room for the legend."""

COLOURS = {1: BLUE, 2: ORANGE}


def scaling_figure(lines: Sequence[Line]) -> Figure:
    """Show measured cost and the line through it, one panel for every quantity."""
    names = list(dict.fromkeys(line.name for line in lines))
    with style():
        figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
        figure.text(0.07, 0.965, "Cost of one time step of the engine", fontsize=14, fontweight="bold", va="top")
        where = f"3x3 convolutions on {SIZE}x{SIZE} neurons; medians on {machine()}"
        figure.text(0.07, 0.915, where, fontsize=8.5, color=MUTED, va="top")
        panels = figure.subplots(
            2, 2, gridspec_kw={"left": 0.07, "right": 0.98, "top": 0.81, "bottom": 0.08, "hspace": 0.55, "wspace": 0.2}
        )
        for ax, name in zip(np.ravel(panels), names, strict=False):
            _draw(ax, [line for line in lines if line.name == name])
    return figure


def _draw(ax: Axes, lines: Sequence[Line]) -> None:
    open_frame(ax)
    for line in lines:
        colour = COLOURS.get(line.threads, GREY)
        ends = np.array([0.0, line.x[-1]])
        threads = "1 thread" if line.threads == 1 else f"{line.threads} threads"
        label = f"{threads}: {line.intercept:,.1f} + {line.slope:,.4g} {line.name}, R² = {line.r_squared:.4f}"
        ax.plot(ends, line.slope * ends + line.intercept, color=colour, linewidth=1.2, label=label)
        ax.plot(line.x, line.y, "o", color=colour, markersize=5)
    ax.set_xlim(0, 1.05 * lines[0].x[-1])
    ax.set_ylim(0, ROOM * max(max(line.y) for line in lines))
    ax.set_xlabel(f"{lines[0].name} ({lines[0].unit})")
    ax.set_ylabel("microseconds per time step")
    ax.text(0, 1.17, lines[0].name, transform=ax.transAxes, fontsize=10, fontweight="bold")
    ax.text(0, 1.06, lines[0].what, transform=ax.transAxes, fontsize=8, color=MUTED)
    ax.legend(loc="upper left", handlelength=1.4)

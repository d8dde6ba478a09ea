"""Accuracy against synaptic operations, and against the energy of their arithmetic."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lava_spquant.report.energy import ENERGY_SOURCE
from lava_spquant.report.style import BLUE, FAINT, MUTED, ORANGE, open_frame, style
from lava_spquant.report.units import count_text

__all__ = ["sweep_figure"]


def sweep_figure(
    title: str,
    accuracy: Sequence[float],
    synops: Sequence[float],
    energy: Sequence[float],
    raised: Sequence[float],
    chosen: int,
) -> Figure:
    """Show one point per operating point, joined in the order of the sweep.

    Parameters
    ----------
    title : str
    accuracy : sequence of float
        0..1.
    synops : sequence of float
        Synaptic operations per sample.
    energy : sequence of float
        Nanojoules per sample; see `report.energy`.
    raised : sequence of float
        By how much thresholds were raised.
    chosen : int
        Which point is marked.
    """
    with style():
        figure = Figure(figsize=(9.0, 4.2), facecolor="white")
        figure.text(0.07, 0.965, title, fontsize=14, fontweight="bold", va="top")
        figure.text(0.07, 0.89, f"Energy: {ENERGY_SOURCE}", fontsize=8, color=MUTED, va="top")
        panels = figure.subplots(
            1, 2, gridspec_kw={"left": 0.07, "right": 0.98, "top": 0.8, "bottom": 0.13, "wspace": 0.18}
        )
        names = [f"+{value:g}" for value in raised]
        percent = [100 * value for value in accuracy]
        _draw(panels[0], synops, percent, names, chosen, "synaptic operations per sample")
        panels[0].xaxis.set_major_formatter(lambda value, _: count_text(value))
        _draw(panels[1], energy, percent, names, chosen, "nanojoules of arithmetic per sample")
        panels[0].set_ylabel("test accuracy, percent")
    return figure


def _draw(ax: Axes, x: Sequence[float], y: Sequence[float], names: Sequence[str], chosen: int, label: str) -> None:
    open_frame(ax)
    ax.grid(color=FAINT)
    ax.set_axisbelow(True)
    ax.plot(x, y, "-o", color=BLUE, linewidth=1.2, markersize=4)
    ax.plot(x[chosen], y[chosen], "o", color=ORANGE, markersize=9, markerfacecolor="none", markeredgewidth=1.6)
    for place in sorted({0, chosen, len(x) - 1}):
        ax.annotate(names[place], (x[place], y[place]), (6, -10), textcoords="offset points", fontsize=8, color=MUTED)
    ax.set_xlim(0, 1.08 * max(x))  # room for the names of the outermost points
    ax.margins(y=0.1)
    ax.set_xlabel(label)

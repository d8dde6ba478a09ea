"""Accuracy against operations, for every kind of masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gates_parts.masks import ALONE, KINDS, OPEN, RANDOM, TRAINED
from lava_spquant.report.style import ACCENT, BLUE, FAINT, INK, MUTED, ORANGE, open_frame, style

__all__ = ["gates_figure"]

Row = dict[str, Any]

COLOURS = {OPEN: INK, TRAINED: BLUE, RANDOM: ORANGE, ALONE: ACCENT}

LABELS = {
    OPEN: "all open",
    TRAINED: "what predictors open",
    RANDOM: "others, as many at every step",
    ALONE: "others, predictors see the outcome",
}

PANELS = (
    ("synops", 0.09, "synaptic operations per sample, as they happen"),
    ("flops", 0.56, "FLOPs per sample, the paper's count"),
)


def gates_figure(title: str, rows: Sequence[Row]) -> Figure:
    """Show a dot per network, over what it costs by either count, as a share of the network with all gates open.

    Parameters
    ----------
    title : str
    rows : sequence of dict
        `masks`, `accuracy` (0..1), `synops` and `flops` of each network.
    """
    (dense,) = (row for row in rows if row["masks"] == OPEN)
    with style():
        figure = Figure(figsize=(9.0, 4.3), facecolor="white")
        figure.text(0.09, 0.965, title, fontsize=13, fontweight="bold", va="top")
        for name, left, label in PANELS:
            ax = figure.add_axes((left, 0.14, 0.41, 0.63))
            _draw(ax, rows, name, dense)
            ax.set_xlabel(f"{label}\nas a share of the open network's", fontsize=8.5)
            if name == PANELS[0][0]:
                ax.set_ylabel("test accuracy, percent")
                handles, names = ax.get_legend_handles_labels()
                figure.legend(handles, names, loc="upper left", bbox_to_anchor=(0.08, 0.89), ncols=4, handletextpad=0.3)
    return figure


def _draw(ax: Axes, rows: Sequence[Row], name: str, dense: Row) -> None:
    open_frame(ax)
    ax.grid(color=FAINT)
    ax.set_axisbelow(True)
    ax.axhline(100 * dense["accuracy"], color=MUTED, linewidth=0.8)
    for masks in KINDS:
        mine = [row for row in rows if row["masks"] == masks]
        costs = [row[name] / dense[name] for row in mine]
        accuracies = [100 * row["accuracy"] for row in mine]
        ax.plot(
            costs, accuracies, "o", color=COLOURS[masks], markersize=6, alpha=0.8, markeredgewidth=0,
            label=LABELS[masks],
        )  # fmt: skip
    ax.set_xlim(0, max(1.05, *ax.get_xlim()))

"""Accuracy against operations, a line per criterion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from lava_spquant.report.style import FAINT, MUTED, open_frame, style

__all__ = ["pruning_figure"]

Row = dict[str, Any]


def pruning_figure(title: str, rows: Sequence[Row], dense: Row) -> Figure:
    """Show what every criterion leaves of the accuracy.

    Parameters
    ----------
    title : str
    rows : sequence of dict
        `criterion`, `accuracy` (0..1) and `synops` of each pruned network.
    dense : dict
        The same of the network before.
    """
    with style():
        figure = Figure(figsize=(7.5, 4.5), facecolor="white")
        figure.text(0.08, 0.96, title, fontsize=13, fontweight="bold", va="top")
        ax = figure.add_axes((0.08, 0.13, 0.68, 0.72))
        open_frame(ax)
        ax.grid(color=FAINT)
        ax.set_axisbelow(True)
        for criterion in dict.fromkeys(row["criterion"] for row in rows):
            points = sorted((dense, *(row for row in rows if row["criterion"] == criterion)), key=lambda r: r["synops"])
            dashes = "--" if criterion.startswith("random") else "-"
            ax.plot(
                [point["synops"] / dense["synops"] for point in points],
                [100 * point["accuracy"] for point in points],
                f"{dashes}o", linewidth=1.3, markersize=4, label=criterion,
            )  # fmt: skip
        ax.axhline(100 * dense["accuracy"], color=MUTED, linewidth=0.8)
        ax.set_xlabel("synaptic operations per sample, as a share of the dense network's")
        ax.set_ylabel("test accuracy, percent")
        ax.set_xlim(0, 1.03)
        ax.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), frameon=False, fontsize=9)
    return figure

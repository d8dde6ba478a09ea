"""Every run as a dot, every variant's mean as a bar between them."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from ablation_parts.table import Outcome
from lava_spquant.report.style import BLUE, FAINT, MUTED, ORANGE, open_frame, style

__all__ = ["ablation_figure"]

HALF = 0.28
"""Half the height of the bar of a mean."""


def ablation_figure(outcomes: Sequence[Outcome], base: str, setting: str) -> Figure:
    """Show one line per variant, the first on top."""
    with style():
        figure = Figure(figsize=(8.0, 1.3 + 0.36 * len(outcomes)), facecolor="white")
        figure.text(0.02, 0.97, "Test accuracy of the integer network", fontsize=13, fontweight="bold", va="top")
        inches = figure.get_figheight()
        figure.text(0.02, 1 - 0.38 / inches, setting, fontsize=8.5, color=MUTED, va="top")
        ax = figure.add_axes((0.34, 0.5 / inches, 0.63, 1 - 1.15 / inches))
        open_frame(ax)
        for place, outcome in enumerate(outcomes):
            colour = ORANGE if outcome.name == base else BLUE
            values = [100 * value for value in outcome.accuracy]
            ax.plot(values, [place] * len(values), "o", color=colour, markersize=5, alpha=0.7, markeredgewidth=0)
            ax.plot([100 * outcome.mean] * 2, [place - HALF, place + HALF], color=colour, linewidth=2)
        ax.set_yticks(range(len(outcomes)), [outcome.title for outcome in outcomes])
        ax.set_ylim(len(outcomes) - 0.4, -0.6)
        ax.grid(axis="x", color=FAINT)
        ax.set_axisbelow(True)
        ax.set_xlabel("percent; dots are seeds, bars their means")
    return figure

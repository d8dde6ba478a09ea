"""What gates save in every block, in one figure."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from lava_spquant.report.flops import Flops
from lava_spquant.report.style import BLUE, FAINT, GREY, INK, MUTED, ORANGE, open_frame, style
from lava_spquant.report.units import count_text

__all__ = ["flops_figure"]

WIDTH, HEADER, FOOTER, ROW = 9.5, 1.25, 0.55, 0.55
LEFT, PANEL = 1.25, 7.6
"""Left edge and width of the panel, in inches."""

BAR = 0.26
"""Height of a bar, in rows."""

ROOM = 6.0
"""Factor by which the axis reaches beyond its longest bar: room for the numbers."""


def flops_figure(count: Flops, title: str) -> Figure:
    """Show per block its FLOPs before and behind its gates by the paper's count, and what really happens.

    The predictors share a row of their own. The axis is logarithmic.

    Parameters
    ----------
    count : Flops
    title : str

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot's global state; see `save_figure`.
    """
    rows = [(row.name, float(row.dense), row.gated, row.synops) for row in count.rows if not row.predictor]
    rows.append(("predictors", 0.0, count.predictors, count.synops_predictors))
    rows.append(("whole network", float(count.dense), count.total, count.synops))
    height = HEADER + ROW * len(rows) + FOOTER
    with style():
        figure = Figure(figsize=(WIDTH, height), facecolor="white")
        figure.text(0.03, 1 - 0.25 / height, title, fontsize=14, fontweight="bold", va="top")
        facts = f"{count.cut:.2f} times fewer FLOPs by the paper's count, with the predictors' own counted in"
        figure.text(0.03, 1 - 0.57 / height, facts, fontsize=9.5, color=MUTED, va="top")
        keys = [
            Patch(color=FAINT, label="dense"),
            Patch(color=BLUE, label="behind gates, the paper's count"),
            Patch(color=ORANGE, label="synaptic operations that happen"),
        ]
        anchor = (LEFT / WIDTH, 1 - 0.78 / height)
        figure.legend(handles=keys, loc="upper left", bbox_to_anchor=anchor, ncols=3, handlelength=1, borderaxespad=0)
        _draw(figure, rows, (LEFT / WIDTH, FOOTER / height, PANEL / WIDTH, ROW * len(rows) / height))
    return figure


def _draw(figure: Figure, rows: list[tuple[str, float, float, float]], box: tuple[float, float, float, float]) -> None:
    ax = figure.add_axes(box)
    open_frame(ax)
    values = np.array([row[1:] for row in rows])
    places = np.arange(len(rows))
    low = max(values[values > 0].min(initial=values.max() + 1) / 3, 0.1)
    for number, colour in enumerate((FAINT, BLUE, ORANGE)):
        offset = (number - 1) * BAR
        ax.barh(places + offset, values[:, number], height=BAR * 0.92, color=colour)
        for place, value in zip(places, values[:, number], strict=True):
            if value:
                spot = (value, place + offset)
                ax.annotate(
                    count_text(value), spot, (4, 0), textcoords="offset points", va="center", fontsize=7, color=INK
                )
    ax.set_xlim(low, max(values.max(), 1) * ROOM)
    ax.set_xscale("log")
    ax.set_ylim(len(rows) - 0.45, -0.55)
    ax.axhline(len(rows) - 1.5, color=GREY, linewidth=0.8)
    ax.set_yticks(places, [row[0] for row in rows])
    ax.tick_params(axis="y", length=0, labelcolor=INK, labelsize=9)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: count_text(value)))
    ax.minorticks_off()
    ax.set_xlabel("per sample", fontsize=9)

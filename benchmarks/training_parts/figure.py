"""Cost against time steps and against the batch, drawn."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lava_spquant.report.style import ACCENT, BLUE, GREY, INK, MUTED, ORANGE, open_frame, style
from training_parts.contestants import CONTESTANTS, OURS, RELU, SLAYER
from training_parts.lines import Line

__all__ = ["lines_figure"]

COLOURS = {
    OURS: BLUE,
    SLAYER: ORANGE,
    "spikingjelly": ACCENT,
    "cupy": ACCENT,
    "snntorch": MUTED,
    "snntorch-layers": MUTED,
    RELU: INK,
}
DASHES = {"ours-bf16": ":", "relu-bf16": ":", "cupy": "--", "snntorch-layers": "--", "relu-nchw": "--"}
SPAN = 1.05
"""Times the largest value that an axis reaches."""


def lines_figure(lines: Sequence[Line], device: str) -> Figure:
    """Show medians and the line through them, one panel per quantity."""
    quantities = list(dict.fromkeys(line.against for line in lines))
    with style():
        figure = Figure(figsize=(9.5, 4.4), facecolor="white")
        figure.text(0.07, 0.965, "Cost of one training step", fontsize=14, fontweight="bold", va="top")
        where = f"Forward, backward and optimiser; medians on {device}"
        figure.text(0.07, 0.895, where, fontsize=8.5, color=MUTED, va="top")
        panels = figure.subplots(
            1,
            len(quantities),
            squeeze=False,
            gridspec_kw={"left": 0.07, "right": 0.98, "top": 0.74, "bottom": 0.12, "wspace": 0.2},
        )
        for ax, against in zip(panels[0], quantities, strict=True):
            _draw(ax, [line for line in lines if line.against == against])
    return figure


def _draw(ax: Axes, lines: Sequence[Line]) -> None:
    open_frame(ax)
    for line in lines:
        colour, dashes = COLOURS.get(line.contestant.removesuffix("-bf16"), GREY), DASHES.get(line.contestant, "-")
        ends = (0.0, line.x[-1])
        label = f"{CONTESTANTS[line.contestant].title}, R² = {line.r_squared:.4f}"
        ax.plot(ends, [line.slope * x + line.intercept for x in ends], dashes, color=colour, linewidth=1.2, label=label)
        ax.plot(line.x, line.y, "o", color=colour, markersize=4)
    ax.set_xlim(0, SPAN * lines[0].x[-1])
    ax.set_ylim(0, SPAN * max(max(line.y) for line in lines))
    ax.set_xlabel("time steps T" if lines[0].against == "T" else "batch, samples")
    ax.set_ylabel("milliseconds")
    ax.text(0, 1.06, lines[0].workload, transform=ax.transAxes, fontsize=9, fontweight="bold")
    ax.legend(loc="upper left", handlelength=1.6)

"""What a network's blocks store, in one figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from lava_spquant.ir import Network
from lava_spquant.report.memory import Storage, memory
from lava_spquant.report.style import BLUE, FAINT, GREY, INK, MUTED, open_frame, style
from lava_spquant.report.units import bytes_text

__all__ = ["network_figure"]

WIDTH, MARGIN, HEADER, FOOTER, ROW = 9.5, 1.25, 1.2, 0.55, 0.42
PANELS = ((MARGIN, 4.0), (MARGIN + 4.4, 3.55))
"""(left, width) of the two panels, in inches."""

ROOM = 12.0
"""Factor by which an axis reaches beyond its longest bar: room for the numbers."""


def network_figure(network: Network, title: str | None = None) -> Figure:
    """Show per block what its parameters and its state take, as built and at 32 bits a value.

    Parameters are weights, gains and biases; see `memory` for how each is counted. The axes are
    logarithmic, so that a first convolution shows beside a large dense block.

    Parameters
    ----------
    network : Network
    title : str, optional
        Headline; the network's name by default.

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot's global state; see `save_figure`.
    """
    account = memory(network)
    rows = (*account.rows, account.total)
    names = [row.name for row in account.rows] + ["whole network"]
    height = HEADER + ROW * len(rows) + FOOTER
    total = account.total
    with style():
        figure = Figure(figsize=(WIDTH, height), facecolor="white")
        figure.text(0.03, 1 - 0.25 / height, title or network.name, fontsize=14, fontweight="bold", va="top")
        before, after = bytes_text(total.total.bits_at_32 / 8), bytes_text(total.total.bits / 8)
        facts = f"{after} instead of {before}: {total.ratio:.1f} times less"
        figure.text(0.03, 1 - 0.55 / height, facts, fontsize=9.5, color=MUTED, va="top")
        keys = [Patch(color=BLUE, label="as built"), Patch(color=FAINT, label="at 32 bits a value")]
        figure.legend(
            handles=keys, loc="upper right", bbox_to_anchor=(0.98, 1 - 0.25 / height), ncols=2, handlelength=1
        )
        panels = (
            ("Parameters", [row.weights + row.gains + row.biases for row in rows]),
            ("State", [row.state for row in rows]),
        )
        for (left, width), (heading, parts) in zip(PANELS, panels, strict=True):
            box = (left / WIDTH, FOOTER / height, width / WIDTH, ROW * len(rows) / height)
            _draw_panel(figure.add_axes(box), heading, parts, names if left == MARGIN else None)
    return figure


def _draw_panel(ax: Axes, heading: str, parts: Sequence[Storage], names: list[str] | None) -> None:
    built = np.array([part.bits / 8 for part in parts])
    full = np.array([part.bits_at_32 / 8 for part in parts])
    places = np.arange(len(parts))
    open_frame(ax)
    ax.barh(places, full, height=0.66, color=FAINT)
    ax.barh(places, built, height=0.36, color=BLUE)
    low = max(built[built > 0].min(initial=full.max() + 1) / 3, 0.1)
    ax.set_xlim(low, max(full.max(), 1) * ROOM)
    ax.set_xscale("log")
    for place, part, end in zip(places, parts, full, strict=True):
        text = f"{bytes_text(part.bits / 8)}  ({part.bits_at_32 / part.bits:.1f}x)" if part.bits else "none"
        ax.annotate(
            text, (max(end, low), place), (5, 0), textcoords="offset points", va="center", fontsize=8, color=INK
        )
    ax.set_ylim(len(parts) - 0.45, -0.55)
    ax.axhline(len(parts) - 1.5, color=GREY, linewidth=0.8)
    ax.set_yticks(places, names if names is not None else [""] * len(parts))
    ax.tick_params(axis="y", length=0, labelcolor=INK, labelsize=9)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: bytes_text(value)))
    ax.minorticks_off()
    ax.set_title(heading, loc="left", fontsize=9, fontweight="bold", pad=6)

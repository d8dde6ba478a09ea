"""The panels of the demonstration figure, each drawing one thing into given axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from lava_spquant.ir import Block
from lava_spquant.ir.arrays import IntArray
from lava_spquant.report.activity import level_counts
from lava_spquant.report.mosaic import GAP, grid_columns, mosaic, spread
from lava_spquant.report.style import BLUE, FAINT, GREY, ORANGE, SILENT, bare, open_frame

__all__ = ["draw_final", "draw_frame", "draw_levels", "draw_maps", "draw_raster", "draw_trajectories"]

MAX_MAPS = 64
MAX_RASTER = 128
MAX_NUMBERED_LEVELS = 8
MAX_NUMBERED_STEPS = 16
SPIKE_COLOURS = ListedColormap(["white", SILENT, BLUE])
POTENTIAL_BINS = 41


def draw_frame(
    ax: Axes, image: NDArray[np.floating[Any]] | IntArray, low: int, high: int, stretch: bool = False
) -> None:
    """Draw input values in low..high as an image (H, W), dark for large ones, and red to blue where signed."""
    colours = "gray_r" if low >= 0 else "RdBu_r"
    bound = max(-low, high)
    ax.imshow(image, cmap=colours, vmin=low and -bound, vmax=bound, aspect="auto" if stretch else "equal")
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_color(FAINT)


def draw_maps(axes: Sequence[Axes], spikes: IntArray, aspect: float) -> int:
    """Draw the spikes (T, C, H, W) of one sample as channel maps, one image per time step.

    Parameters
    ----------
    axes : sequence of Axes
        One per time step.
    spikes : numpy.ndarray, 0 or 1
    aspect : float
        Width over height of the axes.

    Returns
    -------
    int
        How many channels are shown: all, or 64 evenly spread.
    """
    shown = spread(spikes.shape[1], MAX_MAPS)
    height, width = spikes.shape[2:]
    columns = grid_columns(len(shown), height, width, aspect)
    for ax, frame in zip(axes, spikes, strict=True):
        ax.imshow(mosaic(frame[shown], columns), cmap=SPIKE_COLOURS, vmin=GAP, vmax=1)
        bare(ax)
    return len(shown)


def draw_raster(ax: Axes, spikes: IntArray, gap: float) -> int:
    """Draw the spikes (T, M) of one sample, one row per neuron, one column per step.

    Parameters
    ----------
    ax : Axes
    spikes : numpy.ndarray, 0 or 1
    gap : float
        White space between two steps, in points; 0 for none.

    Returns
    -------
    int
        How many neurons are shown: all, or 128 evenly spread.
    """
    shown = spread(spikes.shape[1], MAX_RASTER)
    steps, count = len(spikes), len(shown)
    ax.imshow(
        spikes[:, shown].T, cmap=SPIKE_COLOURS, vmin=GAP, vmax=1, aspect="auto", extent=(0.5, steps + 0.5, count, 0)
    )
    if gap:
        ax.vlines(np.arange(0.5, steps + 1), 0, count, colors="white", linewidth=gap)
    bare(ax)
    ax.set_yticks([0.5, count - 0.5], ["1", str(count)])
    ax.tick_params(axis="y", length=0, pad=2)
    return count


def draw_levels(ax: Axes, block: Block, v: IntArray) -> None:
    """Draw how often each membrane level occurs in `v`; an unquantised membrane in bins of its range."""
    membrane = getattr(block.neuron, "membrane", None)
    vth = getattr(block.neuron, "vth", 2**block.frac_bits)
    open_frame(ax)
    if membrane is None:
        _draw_potentials(ax, v / max(vth, 1))
        return
    counts = level_counts(v, membrane.step_exp, membrane.q_min, membrane.q_max)
    share, levels = counts / max(counts.sum(), 1), np.arange(membrane.q_min, membrane.q_max + 1)
    ax.bar(levels, share, width=0.72, color=[BLUE if level else GREY for level in levels])
    ax.set_xlim(levels[0] - 0.7, levels[-1] + 0.7)
    ax.set_ylim(0, max(share.max() * 1.28, 0.01))
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    if len(levels) <= MAX_NUMBERED_LEVELS:
        ax.set_xticks(levels, [f"{level:+d}".replace("-", "\N{MINUS SIGN}") if level else "0" for level in levels])
        for level, part in zip(levels, share, strict=True):
            ax.annotate(_percent(part), (level, part), (0, 2), textcoords="offset points", ha="center", fontsize=8)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.tick_params(axis="x", length=0)
    step = 2**membrane.step_exp / vth
    ax.set_xlabel(
        "level, in thresholds" if step == 1 else f"level, in steps of {step:.3g} thresholds", fontsize=7.5, labelpad=2
    )


def draw_trajectories(ax: Axes, scores: NDArray[np.floating[Any]], winner: int, rival: int | None) -> None:
    """Draw the scores (T, classes) over the steps, the winner and its closest rival in colour."""
    steps = np.arange(1, len(scores) + 1)
    open_frame(ax)
    ax.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    for c, line in enumerate(scores.T):
        colour, width, order = _rank(c, winner, rival)
        marker = "o" if len(steps) <= MAX_NUMBERED_STEPS else None
        look: dict[str, Any] = {
            "color": colour,
            "linewidth": width,
            "zorder": order,
            "marker": marker,
            "markersize": 2 + width,
        }
        ax.plot(steps, line, clip_on=False, **look)
    ax.set_xlim(0.5, len(steps) + 0.5)
    if len(steps) <= MAX_NUMBERED_STEPS:
        ax.set_xticks(steps)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(12, integer=True, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.margins(y=0.12)


def draw_final(ax: Axes, scores: NDArray[np.floating[Any]], winner: int, rival: int | None) -> None:
    """Draw the final scores (classes,) as bars, on the scale of the trajectories beside them."""
    classes = np.arange(len(scores))
    open_frame(ax)
    ax.spines["bottom"].set_visible(False)
    ax.bar(classes, scores, width=0.72, color=[_rank(c, winner, rival)[0] for c in classes])
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.set_xlim(-0.7, len(scores) - 0.3)
    if len(classes) <= 20:
        ax.set_xticks(classes, [str(c) for c in classes])
        ax.get_xticklabels()[winner].set(color=BLUE, fontweight="bold")
    ax.tick_params(axis="x", length=0)
    ax.tick_params(axis="y", labelleft=False, length=0)
    ax.spines["left"].set_visible(False)


def _rank(c: int, winner: int, rival: int | None) -> tuple[str, float, int]:
    if c == winner:
        return BLUE, 2.2, 3
    return (ORANGE, 1.6, 2) if c == rival else (GREY, 1.0, 1)


def _draw_potentials(ax: Axes, v: NDArray[np.floating[Any]]) -> None:
    weights = np.full(v.size, 1 / max(v.size, 1))
    ax.hist(v.ravel(), bins=POTENTIAL_BINS, weights=weights, color=BLUE)
    ax.set_ylim(0, ax.get_ylim()[1] * 1.15)
    ax.axvline(1, color=ORANGE, linewidth=1)
    look: dict[str, Any] = {"fontsize": 7, "color": ORANGE, "ha": "right", "va": "top"}
    ax.annotate("threshold", (1, 1), (-3, 0), xycoords=("data", "axes fraction"), textcoords="offset points", **look)
    ax.yaxis.set_major_locator(MaxNLocator(2))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    ax.set_xlabel("potential, in thresholds", fontsize=7.5, labelpad=2)


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "<1 %"
    return f"{share:.0%}".replace("%", " %")

"""Colours and type of all figures; the colours stay apart under every kind of colour blindness."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = [
    "ACCENT",
    "BLUE",
    "FAINT",
    "GREY",
    "INK",
    "MUTED",
    "ORANGE",
    "SILENT",
    "bare",
    "open_frame",
    "save_figure",
    "style",
]

# Okabe and Ito's palette (jfly.uni-koeln.de/color), and greys that differ in lightness alone.
BLUE = "#0072B2"
ORANGE = "#D55E00"
ACCENT = "#E69F00"
INK = "#1b1f24"
MUTED = "#5f6873"
GREY = "#b3bac3"
FAINT = "#dde2e8"
SILENT = "#eef1f5"

DPI = 160

RC = {
    "font.family": "DejaVu Sans",  # ships with matplotlib, so a figure looks the same everywhere
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.titlesize": 9,
    "axes.unicode_minus": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "image.interpolation": "nearest",
    "svg.hashsalt": "lava_spquant",  # the same figure gives the same file
}


def style() -> AbstractContextManager[None]:
    """Return a context in which figures are drawn in the house style; the reader's own settings return after it."""
    return rc_context(RC)


def bare(ax: Axes) -> None:
    """Take ticks and frame off `ax`."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)


def open_frame(ax: Axes) -> None:
    """Keep the left and lower axis only."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)


def save_figure(figure: Figure, path: str | os.PathLike[str], dpi: int = DPI) -> Path:
    """Write a figure; an interrupted call leaves either the old file or the new one.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path-like
        The suffix decides the format: `.png`, `.svg` or `.pdf`. Missing folders are made.
    dpi : int
        Of raster formats.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the suffix names no format that matplotlib writes.
    OSError
        If the file cannot be written.
    """
    target = Path(path)
    known = sorted(figure.canvas.get_supported_filetypes())
    kind = target.suffix.lstrip(".").lower()
    if kind not in known:
        raise ValueError(f"{target}: suffix: found {target.suffix!r}, expected one of {', '.join(known)}")
    buffer = io.BytesIO()
    with style():
        figure.savefig(buffer, format=kind, dpi=dpi)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(buffer.getvalue())
        temporary.chmod(0o644)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return target

"""One sample's way through a network, in one figure: time runs to the right, depth runs down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lava_spquant.ir import Network
from lava_spquant.ir.arrays import IntArray, Shape
from lava_spquant.ir.reference import Trace
from lava_spquant.report.accuracy import scores
from lava_spquant.report.panels import (
    draw_final,
    draw_frame,
    draw_levels,
    draw_maps,
    draw_raster,
    draw_trajectories,
)
from lava_spquant.report.style import BLUE, GREY, INK, MUTED, ORANGE, SILENT, style
from lava_spquant.report.traces import TraceError, check_trace, stream

__all__ = ["demo_figure"]

# Inches. Every panel is placed by hand: only so do the columns of all rows share one time axis.
WIDTH = 11.0
HEADER, GAP, FOOTER = 1.42, 0.4, 0.55
INPUT_ROW, ROW, OUTPUT_ROW = 1.0, 1.35, 1.7
LABELS, STEPS, LEVELS = (0.45, 1.55), (2.25, 5.7), (8.4, 2.15)
"""(left, width) of the three columns."""

STEP_GAP = 0.1
"""Share of a step's width that stays white."""

MAX_FRAMES = 8
"""Up to so many steps, a spatial block shows channel maps at each; beyond, a raster."""


@dataclass(frozen=True)
class _Canvas:
    """A figure on which axes and text are placed in inches from the upper left corner."""

    figure: Figure
    height: float

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        box = (left / WIDTH, 1 - (top + height) / self.height, width / WIDTH, height / self.height)
        return self.figure.add_axes(box)

    def text(
        self, left: float, top: float, text: str, size: float = 9, color: str = INK, weight: str = "normal"
    ) -> None:
        x, y = left / WIDTH, 1 - top / self.height
        self.figure.text(x, y, text, fontsize=size, color=color, fontweight=weight, va="top", linespacing=1.45)

    def label(self, top: float, name: str, lines: list[str]) -> None:
        """Write what a row shows into the first column."""
        self.text(LABELS[0], top, name, 10, weight="bold")
        self.text(LABELS[0], top + 0.22, "\n".join(lines), 8.5, color=MUTED)


@dataclass(frozen=True)
class _Sample:
    """What the figure is about."""

    network: Network
    x: IntArray
    trace: Trace
    index: int
    label: int | None

    @property
    def steps(self) -> int:
        return len(self.x)

    @property
    def spiking(self) -> list[int]:
        return [i for i, block in enumerate(self.network.blocks) if "spikes" in block.neuron.outputs]


def demo_figure(
    network: Network, x: IntArray, trace: Trace, sample: int = 0, title: str | None = None, label: int | None = None
) -> Figure:
    """Show what one sample does in every block.

    From top to bottom: the input; for every spiking block its spikes, as channel maps where it is
    spatial and has at most 8 steps, else as a raster of neurons over steps; the scores of the
    classes. To the right of each block, how its membrane levels are used over all samples of the
    trace; to the right of the scores, their final values.

    Parameters
    ----------
    network : Network
    x : numpy.ndarray of int, shape (T, N, *input shape)
    trace : Trace
        Of `network` on `x`, in aligned time (`lava_spquant.ir.ALIGNED`).
    sample : int
        Which of the N samples to show.
    title : str, optional
        Headline; the network's name by default.
    label : int, optional
        The true class of the sample.

    Returns
    -------
    matplotlib.figure.Figure
        Free of pyplot's global state; see `save_figure`.

    Raises
    ------
    TraceError
        If trace and input do not belong to the network or to each other, or there is no such sample.
    """
    steps, samples = check_trace(trace, network)
    expected = (steps, samples, *network.input.shape)
    if x.shape != expected:
        raise TraceError(f"demo_figure: input: found {x.shape}, expected {expected} as in the trace")
    if not 0 <= sample < samples:
        raise TraceError(f"demo_figure: sample: found {sample}, expected 0..{samples - 1}")
    shown = _Sample(network, x, trace, sample, label)
    rows = len(shown.spiking)
    height = HEADER + INPUT_ROW + GAP + rows * (ROW + GAP) + OUTPUT_ROW + FOOTER
    with style():
        canvas = _Canvas(Figure(figsize=(WIDTH, height), facecolor="white"), height)
        _draw_header(canvas, shown, title or network.name, samples)
        _draw_input(canvas, shown, HEADER)
        top = HEADER + INPUT_ROW + GAP
        for index in shown.spiking:
            _draw_block(canvas, shown, index, top)
            top += ROW + GAP
        _draw_output(canvas, shown, top)
    return canvas.figure


def _draw_header(canvas: _Canvas, shown: _Sample, title: str, samples: int) -> None:
    winner = int(scores(shown.network, shown.trace.output)[-1, shown.index].argmax())
    facts = [f"sample {shown.index}", f"T = {shown.steps}", f"predicted class {winner}"]
    facts += [] if shown.label is None else [f"true class {shown.label}"]
    canvas.text(LABELS[0], 0.32, title, 15, weight="bold")
    canvas.text(LABELS[0], 0.62, "   \N{MIDDLE DOT}   ".join(facts), 9.5, color=MUTED)
    canvas.text(STEPS[0], HEADER - 0.46, "Input and spikes at each time step", 9, weight="bold")
    number = "this sample" if samples == 1 else f"{samples:,} samples"
    canvas.text(LEVELS[0], HEADER - 0.46, f"Membrane levels, {number}", 9, weight="bold")
    keys = [
        Patch(facecolor=BLUE, label="spike"),
        Patch(facecolor=SILENT, edgecolor=GREY, label="silent", linewidth=0.5),
    ]
    anchor = ((LEVELS[0] + LEVELS[1]) / WIDTH, 1 - 0.30 / canvas.height)
    canvas.figure.legend(
        handles=keys, loc="upper right", bbox_to_anchor=anchor, ncols=2, handlelength=1, handleheight=1, borderaxespad=0
    )


def _draw_input(canvas: _Canvas, shown: _Sample, top: float) -> None:
    spec, frames = shown.network.input, shown.x[:, shown.index]
    kind = f"{spec.bits}-bit graded" if spec.bits > 1 else "spikes"
    still = shown.steps > 1 and bool(np.all(frames == frames[0]))
    canvas.label(
        top,
        "input",
        [_shape_text(spec.shape).replace("neurons", "values"), kind, *(["the same at every step"] if still else [])],
    )
    if len(spec.shape) == 1:
        draw_frame(canvas.axes(STEPS[0], top, STEPS[1], INPUT_ROW), frames.T, *spec.bounds, stretch=True)
        return
    count = min(shown.steps, MAX_FRAMES)
    width = STEPS[1] / count
    for k in range(count):
        step = int((k + 0.5) * shown.steps / count)
        ax = canvas.axes(STEPS[0] + (k + STEP_GAP / 2) * width, top, width * (1 - STEP_GAP), INPUT_ROW)
        ax.set_title(f"step {step + 1}", fontsize=8, color=MUTED, pad=3)
        draw_frame(ax, frames[step].mean(axis=0), *spec.bounds)


def _draw_block(canvas: _Canvas, shown: _Sample, index: int, top: float) -> None:
    network, block = shown.network, shown.network.blocks[index]
    everything = stream(shown.trace, network, index, "spikes")
    spikes = everything[:, shown.index]
    if spikes.ndim == 4 and shown.steps <= MAX_FRAMES:
        width = STEPS[1] / shown.steps
        inner = width * (1 - STEP_GAP)
        lefts = [STEPS[0] + t * width + (width - inner) / 2 for t in range(shown.steps)]
        drawn = draw_maps([canvas.axes(left, top, inner, ROW) for left in lefts], spikes, inner / ROW)
        total, unit = spikes.shape[1], "maps shown"
    else:
        flat = spikes.reshape(shown.steps, -1)
        drawn = draw_raster(canvas.axes(STEPS[0], top, STEPS[1], ROW), flat, _gap_points(shown.steps))
        total, unit = flat.shape[1], "shown"
    part = [] if drawn == total else [f"{drawn} of {total:,} {unit}"]
    lines = [_shape_text(network.shapes[index]), f"spike rate {spikes.mean():.2f}", *part]
    canvas.label(top, block.name, lines)
    if "v" in shown.trace.blocks[index]:
        ax = canvas.axes(LEVELS[0], top, LEVELS[1], ROW - 0.1)
        draw_levels(ax, block, stream(shown.trace, network, index, "v"))


def _draw_output(canvas: _Canvas, shown: _Sample, top: float) -> None:
    block = shown.network.blocks[-1]
    unit = 2**block.frac_bits if block.neuron.kind == "readout" else 1
    values = scores(shown.network, shown.trace.output)[:, shown.index] / unit
    order = np.argsort(-values[-1], kind="stable")
    winner, rival = int(order[0]), int(order[1]) if len(order) > 1 else None
    what = "spike count" if "spikes" in block.neuron.outputs else "sum of currents"
    what += f" / {unit}" if unit > 1 else ""
    canvas.label(top, block.name, [f"{len(order)} classes", what])
    lines = canvas.axes(STEPS[0], top, STEPS[1], OUTPUT_ROW)
    draw_trajectories(lines, values, winner, rival)
    lines.set_xlabel("time step", fontsize=9)
    bars = canvas.axes(LEVELS[0], top, LEVELS[1], OUTPUT_ROW)
    bars.sharey(lines)
    draw_final(bars, values[-1], winner, rival)
    bars.set_xlabel("class, at the last step", fontsize=9)
    if rival is not None:
        keys = _rank_keys(winner, rival)
        lines.legend(handles=keys, loc="lower right", bbox_to_anchor=(1, 1), ncols=3, handlelength=1, handleheight=1)


def _gap_points(steps: int) -> float:
    """Return the white space between two steps of a raster, in points; none where steps are narrow."""
    return STEP_GAP * STEPS[1] / steps * 72 if steps <= MAX_FRAMES else 0.0


def _rank_keys(winner: int, rival: int) -> list[Patch]:
    named = ((BLUE, f"winner: class {winner}"), (ORANGE, f"runner-up: class {rival}"), (GREY, "other classes"))
    return [Patch(facecolor=colour, label=text) for colour, text in named]


def _shape_text(shape: Shape) -> str:
    times = " \N{MULTIPLICATION SIGN} ".join(str(n) for n in shape)
    return times if len(shape) > 1 else f"{times} neurons"

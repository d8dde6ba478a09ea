from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings

from lava_spquant import ir
from lava_spquant.ir.arrays import IntArray
from lava_spquant.ir.reference import run
from lava_spquant.report import TraceError, demo_figure
from lava_spquant.report.mosaic import GAP
from tests.report.networks import classified, stock
from tests.strategies import cases


def words(figure: object) -> str:
    found = [t.get_text() for t in figure.texts]  # type: ignore[attr-defined]
    for ax in figure.axes:  # type: ignore[attr-defined]
        found += [ax.get_title(), ax.get_xlabel(), *(t.get_text() for t in ax.texts)]
        found += [t.get_text() for t in ax.get_legend().get_texts()] if ax.get_legend() else []
    return "\n".join(found)


def test_the_figure_shows_the_numbers_of_the_trace() -> None:
    network, x, trace = classified()
    figure = demo_figure(network, x, trace, sample=2, title="Five blocks", label=1)
    said = words(figure)
    winner = int(trace.output[-1, 2].argmax())
    for text in ("Five blocks", "sample 2", "T = 4", f"predicted class {winner}", "true class 1", "6 samples",
                 "the same at every step", f"winner: class {winner}", "level, in thresholds",
                 "level, in steps of 0.5 thresholds"):  # fmt: skip
        assert text in said
    for index in (0, 2, 3):
        assert f"spike rate {trace.blocks[index]['spikes'][:, 2].mean():.2f}" in said
        assert network.blocks[index].name in said
    drawn = [image.get_array() for ax in figure.axes for image in ax.images]
    maps = sum(int((image == 1).sum()) for image in drawn if (image == GAP).any())
    assert maps == sum(int(trace.blocks[i]["spikes"][:, 2].sum()) for i in (0, 2))


def test_levels_are_of_all_samples_and_steps() -> None:
    network, x, trace = classified()
    figure = demo_figure(network, x, trace)
    heights = [[bar.get_height() for bar in ax.patches] for ax in figure.axes if "thresholds" in ax.get_xlabel()]
    expected = [(-64, 0, 64), tuple(32 * q for q in range(-3, 2)), (-64, 0, 64)]
    for index, bars, levels in zip((0, 2, 3), heights, expected, strict=True):
        assert bars == pytest.approx([(trace.blocks[index]["v"] == level).mean() for level in levels])


def test_trajectories_end_at_the_read_out() -> None:
    network, x, trace = classified()
    axes = demo_figure(network, x, trace, 4).axes
    lines = next(ax for ax in axes if ax.get_xlabel() == "time step").lines[1:]
    values = np.stack([line.get_ydata() for line in lines], axis=1)
    np.testing.assert_allclose(values, trace.blocks[-1]["v"][:, 4] / 64)


def test_many_steps_make_rasters_of_at_most_128_neurons() -> None:
    network, _, _ = classified()
    wide = ir.Network(ir.InputSpec((1, 12, 11), 8), (network.blocks[0],), "wide")
    x = np.random.default_rng(0).integers(0, 256, (20, 1, 1, 12, 11))
    figure = demo_figure(wide, x, run(wide, x))
    assert "128 of 480 shown" in words(figure)
    assert any(image.get_array().shape == (128, 20) for ax in figure.axes for image in ax.images)


@settings(max_examples=10)
@given(case=cases())
def test_any_network_can_be_drawn(case: tuple[ir.Network, IntArray]) -> None:
    network, x = case
    before = dict(mpl.rcParams)
    figure = demo_figure(network, x, run(network, x))
    figure.canvas.draw()
    assert dict(mpl.rcParams) == before
    assert len(figure.axes) >= 2


def test_other_input_is_refused() -> None:
    network, x, trace = classified()
    with pytest.raises(TraceError, match=r"sample: found 6, expected 0\.\.5"):
        demo_figure(network, x, trace, sample=6)
    with pytest.raises(TraceError, match="demo_figure: input"):
        demo_figure(network, x[1:], trace)
    with pytest.raises(TraceError, match="blocks: found 5, expected 2"):
        demo_figure(stock(), x, trace)

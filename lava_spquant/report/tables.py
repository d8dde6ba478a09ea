"""Reports as rich tables: renderables only, whoever asked for one prints it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from lava_spquant.ir import Network
from lava_spquant.report.accuracy import Accuracy
from lava_spquant.report.activity import Activity
from lava_spquant.report.compare import Comparison
from lava_spquant.report.flops import Flops
from lava_spquant.report.memory import Memory, MemoryRow
from lava_spquant.report.rows import network_rows

__all__ = ["accuracy_table", "activity_table", "comparison_table", "flops_table", "memory_table", "network_table"]

NOTHING = "-"
LEFT = ("block", "stream", "synapse", "from", "gated by", "neuron", "executor", "first mismatch")


def network_table(network: Network) -> Table:
    """Return the blocks of a network; a block with several branches or gates takes as many lines."""
    gated = any(block.gates for block in network.blocks)
    gates = ("gated by",) if gated else ()
    columns = ("block", "synapse", "from", *gates, "shape", "neuron", "weights", "weight bits", "state bits", "depth")
    signed = "signed " if network.input.signed else ""
    spec = f"{signed}{network.input.bits} bit" if network.input.bits > 1 else "spikes"
    table = _table(f"{network.name}: input {_shape(network.input.shape)}, {spec}", columns)
    for block, shape, depth, row in zip(
        network.blocks, network.shapes, network.depths, network_rows(network), strict=True
    ):
        _add(
            table,
            block.name,
            _lines(row["synapses"]),
            _lines(row["sources"]),
            *((_lines(row["gates"]) or NOTHING,) if gated else ()),
            _shape(shape),
            block.neuron.kind,
            _lines(_count(branch.synapse.num_weights) for branch in block.branches),
            _lines(_widths((branch.synapse.weight_bits,)) for branch in block.branches),
            _state_text(block.neuron.state_bits, row["state_levels"]),
            str(depth),
        )
    return table


def memory_table(account: Memory) -> Table:
    """Return what every block stores, as built and at 32 bits, in kB (10**3 bytes)."""
    columns = ("block", "weight bits", "weights kB", "gain, bias kB", "state kB", "total kB", "at 32 bit kB", "ratio")
    table = _table("Memory", columns)
    for row in account.rows:
        _add(table, *_memory_cells(row))
    table.add_section()
    _add(table, *_memory_cells(account.total), style="bold")
    total = account.total
    table.caption = Text(
        f"paper's convention, kernels + 2 x state: {total.paper_mb:.4g} MB, {total.paper_mb_at_32:.4g} MB at 32 bit, "
        f"{total.paper_ratio:.1f} times smaller"
    )
    return table


def activity_table(measured: Activity) -> Table:
    """Return spike rates, synaptic operations per sample, and shares of membrane levels and of open neurons."""
    gated = any(row.open_share is not None for row in measured.rows)
    gates = ("open",) if gated else ()
    columns = ("block", "spike rate", *gates, "synops", "by graded", "weight not 0", "of dense", "membrane levels")
    table = _table(f"Activity: means over {measured.samples:,} samples of {measured.steps} steps", columns)
    for row in measured.rows:
        _add(
            table,
            row.name,
            NOTHING if row.spike_rate is None else f"{row.spike_rate:.3f}",
            *((NOTHING if row.open_share is None else f"{row.open_share:.1%}",) if gated else ()),
            f"{row.synops:,.0f}",
            f"{row.synops_graded:,.0f}" if row.synops_graded else NOTHING,
            f"{row.synops_effective:,.0f}",
            f"{row.synops / row.synops_dense:.1%}",
            _level_text(row.levels),
        )
    rate = measured.spike_rate
    table.add_section()
    dense = sum(row.synops_dense for row in measured.rows)
    _add(
        table,
        "total",
        NOTHING if rate is None else f"{rate:.3f}",
        *((NOTHING,) if gated else ()),
        f"{measured.synops:,.0f}",
        f"{sum(row.synops_graded for row in measured.rows):,.0f}",
        f"{sum(row.synops_effective for row in measured.rows):,.0f}",
        f"{measured.synops / dense:.1%}",
        "",
        style="bold",
    )
    return table


def flops_table(count: Flops) -> Table:
    """Return what gates save by the paper's count, and what happens; what predictors cost is no part of "dense"."""
    columns = ("block", "dense", "open", "behind gates", "synops")
    table = _table("Gates: FLOPs per sample by the paper's count, and what happens", columns)
    for row in count.rows:
        dense = NOTHING if row.predictor else _count(row.dense)
        share = NOTHING if row.open_share is None else f"{row.open_share:.1%}"
        _add(table, row.name, dense, share, f"{row.gated:,.0f}", f"{row.synops:,.0f}")
    table.add_section()
    parts = count.predictors, count.synops_predictors
    _add(table, "predictors", NOTHING, "", *(f"{part:,.0f}" for part in parts))
    cells = _count(count.dense), "", f"{count.total:,.0f}", f"{count.synops:,.0f}"
    _add(table, "total", *cells, style="bold")
    table.caption = Text(f"{count.cut:.2f} times fewer FLOPs, predictors counted in")
    return table


def comparison_table(comparison: Comparison, a: str = "a", b: str = "b") -> Table:
    """Return how many values were compared and how many differ.

    Parameters
    ----------
    comparison : Comparison
    a, b : str
        Names of the two executors.
    """
    title = f"{a} against {b}: {comparison.samples:,} samples of {comparison.steps} steps"
    table = _table(title, ("block", "stream", "compared", "mismatches", "first mismatch"))
    for row in comparison.rows:
        first = row.first
        place = NOTHING
        if first is not None:
            index = ", ".join(str(i) for i in first.index)
            place = f"step {first.step}, sample {first.sample}, ({index}): {first.a:g} and {first.b:g}"
        table.add_row(row.block, row.stream, _count(row.compared), _verdict(row.mismatches), place)
    table.add_section()
    _add(table, "total", "", _count(comparison.compared), _verdict(comparison.mismatches), "", style="bold")
    return table


def accuracy_table(results: Iterable[Accuracy]) -> Table:
    """Return the accuracy of every executor and its agreement with the reference."""
    table = _table("Accuracy", ("executor", "samples", "accuracy", "spikes compared", "mismatches"))
    for result in results:
        _add(
            table,
            result.executor,
            _count(result.samples),
            f"{result.accuracy:.2%}" if result.samples else NOTHING,
            NOTHING if result.spikes_compared is None else _count(result.spikes_compared),
            NOTHING if result.mismatches is None else _verdict(result.mismatches),
        )
    return table


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(
        title=Text(title), title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD, title_style="bold"
    )
    for name in columns:
        table.add_column(name, justify="left" if name in LEFT else "right", overflow="fold")
    return table


def _add(table: Table, *cells: str | Text, style: str | None = None) -> None:
    """Add a row of literal text: names may come from files, and rich would read `[...]` as markup."""
    table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells), style=style)


def _memory_cells(row: MemoryRow) -> tuple[str, ...]:
    return (
        row.name,
        _widths(row.weight_bits),
        _kb(row.weights.bits),
        _kb((row.gains + row.biases).bits),
        _kb(row.state.bits),
        _kb(row.total.bits),
        _kb(row.total.bits_at_32),
        f"{row.ratio:.1f}x",
    )


def _kb(bits: int) -> str:
    return f"{bits / 8e3:,.3f}" if bits < 8e6 else f"{bits / 8e3:,.0f}"


def _count(number: int) -> str:
    return f"{number:,}"


def _shape(shape: Sequence[int]) -> str:
    return "x".join(str(n) for n in shape)


def _widths(bits: Sequence[float]) -> str:
    return ", ".join(f"{b:g}" for b in bits if b) or NOTHING


def _lines(cells: Iterable[str]) -> str:
    return "\n".join(cells)


def _state_text(bits: int, levels: int | None) -> str:
    if not bits:
        return NOTHING
    return str(bits) if levels is None else f"{bits} ({levels} levels)"


def _level_text(levels: Sequence[tuple[int, float]]) -> str:
    return "  ".join(f"{level:+d}: {share:.0%}" if level else f"0: {share:.0%}" for level, share in levels) or NOTHING


def _verdict(mismatches: int) -> Text:
    return Text(_count(mismatches), style="green" if mismatches == 0 else "bold red")

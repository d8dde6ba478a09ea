"""The demo in one table."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from lava_spquant.report import Storage
from lava_spquant.workflow import EXECUTORS, Demo

__all__ = ["demo_table"]


def demo_table(done: Demo) -> Table:
    """Return accuracy, widths, memory against 32 bit, spike rates and the comparison of all executors."""
    table = Table(
        title=f"{done.recipe}: {done.dataset}, T = {done.steps}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_header=False,
    )
    table.add_column(style="bold")
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for section in (_accuracy(done), _comparison(done), _widths(done), _memory(done), _rates(done)):
        for heading, name, value, note in section:
            table.add_row(Text(heading), Text(name), value, Text(note))
        table.add_section()
    return table


Line = tuple[str, str, Text, str]


def _accuracy(done: Demo) -> Iterable[Line]:
    for number, result in enumerate(done.verification.results):
        account = result.accuracy
        good = account.accuracy >= done.min_accuracy or number > 0
        value = Text(f"{account.accuracy:.2%}", style="" if good else "bold red")
        promised = "" if number else f", promised {done.min_accuracy:.0%}"
        yield (
            _heading("Accuracy", number),
            EXECUTORS[account.executor].label,
            value,
            (f"of {account.samples:,} test images{promised}"),
        )


def _comparison(done: Demo) -> Iterable[Line]:
    compared = [r for r in done.verification.results if r.comparison is not None]
    for number, result in enumerate(compared):
        found = result.comparison
        assert found is not None
        wrong = Text(f"{found.mismatches:,}", style="green" if found.equal else "bold red")
        label = EXECUTORS[result.accuracy.executor].label
        note = f"of {found.spikes_compared:,} spikes and {found.compared - found.spikes_compared:,} other values"
        yield _heading("Mismatches", number), label, wrong, note


def _widths(done: Demo) -> Iterable[Line]:
    for number, (block, row) in enumerate(zip(done.report.network.blocks, done.report.memory.rows, strict=True)):
        weights = ", ".join(f"{bits:g}" for bits in row.weight_bits) or "none"
        yield _heading("Bits", number), block.name, Text(weights), f"weights; membrane {block.neuron.state_bits}"


def _memory(done: Demo) -> Iterable[Line]:
    total = done.report.memory.total
    for number, (name, part) in enumerate((("weights", total.weights), ("state", total.state), ("all", total.total))):
        yield _heading("Memory", number), name, Text(_kb(part.bits)), _against_32(part)


def _against_32(part: Storage) -> str:
    ratio = part.bits_at_32 / part.bits if part.bits else 1.0
    return f"against {_kb(part.bits_at_32)} at 32 bit: {ratio:.1f} times less"


def _rates(done: Demo) -> Iterable[Line]:
    measured = done.report.activity
    if measured is None:
        return
    spiking = [row for row in measured.rows if row.spike_rate is not None]
    for number, row in enumerate(spiking):
        yield _heading("Spike rate", number), row.name, Text(f"{row.spike_rate:.3f}"), "spikes per neuron and step"


def _heading(text: str, number: int) -> str:
    return text if number == 0 else ""


def _kb(bits: int) -> str:
    return f"{bits / 8e3:,.1f} kB"

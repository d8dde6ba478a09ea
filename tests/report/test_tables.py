from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.table import Table

from lava_spquant.ir import Network
from lava_spquant.ir.reference import run
from lava_spquant.report import (
    Accuracy,
    accuracy_table,
    activity,
    activity_table,
    compare,
    comparison_table,
    flops_table,
    memory,
    memory_table,
    network_table,
)
from tests.netx.samples import gated
from tests.report.networks import classified, stock
from tests.report.test_compare import damaged
from tests.report.test_flops import counted, tiny, two_samples

NETWORK, X, TRACE = classified()


def text(table: Table) -> str:
    file = io.StringIO()
    Console(file=file, width=160).print(table)
    return file.getvalue()


def line(table: Table, name: str) -> list[str]:
    """Return the cells of the row that starts with `name`."""
    return next(row.split() for row in text(table).splitlines() if row.strip().startswith(name))


def test_network_table_has_a_line_per_branch() -> None:
    shown = text(network_table(NETWORK))
    assert "classifier: input 1x6x5, 8 bit" in shown
    cells = "conv-1 conv 3x2 p1x0 input 4x6x4 qlif 24 8 2 (3 levels) 1"
    assert line(network_table(NETWORK), "conv-1") == cells.split(" ")
    assert "identity" in shown
    assert "stock: input 3, spikes" in text(network_table(stock()))


def test_tables_show_gates_where_there_are_any() -> None:
    network = gated()
    x = np.random.default_rng(2).integers(0, 2, (4, 3, 2, 3, 4))
    table, measured = network_table(network), activity(network, [(x, run(network, x))])
    assert "gated by" in text(table)
    assert line(table, "head") == ["head", "dense", "average", "channels", "2", "readout", "48", "4", "24", "3"]
    assert line(table, "spatial")[:9] == ["spatial", "conv", "2x2", "/2", "p1x0", "input", "-", "1x2x2", "qlif"]
    joined = text(table).splitlines()
    first = next(i for i, row in enumerate(joined) if row.strip().startswith("joined"))
    cells = [joined[first + i].split() for i in range(3)]
    assert ("spatial" in cells[0], "channels" in cells[1], cells[2]) == (True, True, ["channel-maps"])
    shown = activity_table(measured)
    assert "open" in text(shown)
    assert line(shown, "spatial")[2] == line(shown, "total")[2] == "-"
    assert line(shown, "average")[2] == f"{measured.rows[4].open_share:.1%}"
    assert "gated by" not in text(network_table(NETWORK))
    assert "open" not in text(activity_table(activity(NETWORK, [(X, TRACE)])))


def test_flops_table_keeps_predictors_apart() -> None:
    table = flops_table(counted(tiny(), two_samples()))
    assert line(table, "gate ") == ["gate", "-", "-", "4", "3"]
    assert line(table, "gated") == ["gated", "160", "37.5%", "60", "16"]
    assert line(table, "predictors") == ["predictors", "-", "12", "8"]
    assert line(table, "total") == ["total", "178", "90", "28"]
    assert "1.98 times fewer FLOPs" in text(table)


def test_memory_table_sums_up() -> None:
    table = memory_table(memory(NETWORK))
    assert table.row_count == 6
    assert line(table, "conv-1") == ["conv-1", "8", "0.024", "0.024", "0.024", "0.072", "0.512", "7.1x"]
    assert line(table, "classifier")[:3] == ["classifier", "1.58,", "4,"]
    assert "kernels + 2 x state" in text(table)


def test_activity_table_shows_shares() -> None:
    table = activity_table(activity(NETWORK, [(X, TRACE)]))
    assert "means over 6 samples of 4 steps" in text(table)
    assert line(table, "dense")[1] == f"{TRACE.blocks[3]['spikes'].mean():.3f}"
    assert line(table, "pool")[1] == "-"
    assert "-3: " in text(table)


def test_comparison_table_names_the_first_mismatch() -> None:
    good = comparison_table(compare(TRACE, TRACE, NETWORK), "reference", "lava")
    assert "reference against lava: 6 samples of 4 steps" in text(good)
    assert line(good, "total")[2] == "0"
    bad = comparison_table(compare(TRACE, damaged((3, "v", (1, 2, 4))), NETWORK))
    assert line(bad, "total")[2] == "1"
    assert "step 1, sample 2, (4): " in text(bad)


def test_accuracy_table_leaves_out_what_was_not_measured() -> None:
    table = accuracy_table([Accuracy("reference", 200, 197), Accuracy("lava", 0, 0, 1_234_567, 0)])
    assert line(table, "reference") == ["reference", "200", "98.50%", "-", "-"]
    assert line(table, "lava") == ["lava", "0", "-", "1,234,567", "0"]


def test_names_are_shown_as_they_are() -> None:
    blocks = (replace(NETWORK.blocks[0], name="[red]x[/nothing]"), *NETWORK.blocks[1:])
    network = Network(NETWORK.input, blocks, name="[bold]")
    for table in (network_table(network), memory_table(memory(network))):
        assert "[red]x[/nothing]" in text(table)
    assert "[bold]: input" in text(network_table(network))

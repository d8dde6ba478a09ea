"""What trained gates are worth: against the same network with all of them open, and against random masks.

python benchmarks/gates.py runs/gated/last.ckpt --seeds 0,1,2,3
python benchmarks/gates.py CKPT --results benchmarks/results/gates.json --figure benchmarks/results/gates.png

Every network is the integer one, on the whole test split. FLOPs are the paper's count (a dense network times what its
masks leave, and the predictors), beside synaptic operations as they happen on test samples, the predictors' included.
The engine's time is beside that of the network with all gates open, both taking turns.

`random` opens as many channels (or cells) as the predictors do, of every block, for every sample and at every step, but
others: a permutation of the masks that the trained network has beside it. That network's own work is left out, and the
time with it. `random alone` permutes the predictors' rows in the network itself. It costs what it costs and can be
timed, but its later predictors see what earlier wrong masks leave, so that they open another share.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from common import QUICK_LIMIT, FigurePath, Quick, Results, commit, seed_list, table, write_json
from gates_parts.figure import gates_figure
from gates_parts.masks import Bench, summary
from pruning_parts.speed import some_samples
from rich.table import Table

from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import DataPath, Debug, Json, Limit, Quiet
from lava_spquant.cli.session import session
from lava_spquant.report.machine import machine
from lava_spquant.report.style import save_figure

QUICK_SEEDS = 2

Row = dict[str, Any]


def main(
    checkpoint: Annotated[Path, typer.Argument(metavar="CKPT", help="A trained network with gates.")],
    seeds: Annotated[str, typer.Option("--seeds", metavar="N,N", help="One permutation each.")] = "0,1,2",
    figure: FigurePath = None,
    results: Results = None,
    limit: Limit = None,
    data_path: DataPath = None,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compare trained gates with none and with random ones."""
    with session(json_output, quiet, debug) as now:
        numbers = seed_list(seeds)
        if quick:
            numbers, limit = numbers[:QUICK_SEEDS], min(limit or QUICK_LIMIT, QUICK_LIMIT)
        load_training(debug)
        recipe, bench = _bench(checkpoint, limit, data_path)
        now.note(f"{bench.network.name}: {len(bench.test):,} samples, {2 + 2 * len(numbers)} networks")
        rows = bench.rows(numbers)
        means = summary(rows)
        values = {
            "ok": True,
            "machine": machine().values(),
            "commit": commit(),
            "checkpoint": checkpoint.name,
            "recipe": recipe,
            "samples": len(bench.test),
            "seeds": list(numbers),
            "rows": rows,
            "means": means,
        }
        if results is not None:
            write_json(results, values)
        if figure is not None:
            save_figure(gates_figure(f"{bench.network.name}: what its gates are worth", rows), figure)
        now.finish(values, _shown(means))


def _bench(checkpoint: Path, limit: int | None, data_path: Path | None) -> tuple[str, Bench]:
    """Return the recipe of a checkpoint, and its network with test samples."""
    from lava_spquant.workflow.chunks import head
    from lava_spquant.workflow.recipe import recipe_text
    from lava_spquant.workflow.train import load_checkpoint

    recipe, model = load_checkpoint(checkpoint)
    network = model.to_ir()
    if not any(block.gates for block in network.blocks):
        raise ValueError(f"{checkpoint}: gates: found none, expected a network trained with model.gates")
    test = head(recipe.data.load(data_path).test, limit)
    x = some_samples(network, recipe.data, data_path)
    return recipe_text(recipe), Bench(network, test, recipe.data.steps, x)


def _shown(means: Sequence[Row]) -> Table:
    columns = (
        "masks", "seeds", "accuracy", "open", "synops", "fewer synops", "FLOPs", "fewer FLOPs", "engine faster",
    )  # fmt: skip
    cells = (
        (
            row["masks"],
            str(row["seeds"]),
            f"{row['accuracy']:.2%}{_spread(row, 'accuracy', '.2%')}",
            f"{row['open_share']:.1%}{_spread(row, 'open_share', '.1%')}",
            f"{row['synops']:,.0f}",
            f"{row['fewer_synops']:.2f}{_spread(row, 'fewer_synops', '.2f')}",
            f"{row['flops']:,.0f}",
            f"{row['fewer_flops']:.2f}{_spread(row, 'fewer_flops', '.2f')}",
            "-" if row["engine_faster"] is None else f"{row['engine_faster']:.2f}",
        )
        for row in means
    )
    return table("Gates: integer networks on the test split, means over seeds", columns, cells)


def _spread(row: Row, name: str, form: str) -> str:
    """Write the deviation of one seed, where there are several."""
    return f" \N{PLUS-MINUS SIGN} {row['deviation'][name]:{form}}" if row["seeds"] > 1 else ""


if __name__ == "__main__":
    typer.run(main)

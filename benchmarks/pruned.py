"""Networks that were pruned and trained further, beside the dense one that they come from.

python benchmarks/pruned.py runs/cifar10-vgg-small/last.ckpt runs/cifar10-vgg-small-pruned/last.ckpt
python benchmarks/pruned.py DENSE PRUNED --results benchmarks/results/pruned-cifar10.json

Every network is the integer one, on the whole test split. Operations are counted as they happen on test samples
(synaptic operations), and as if every input were active; the engine's time is beside the dense network's, both taking
turns.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from common import QUICK_LIMIT, Quick, Results, commit, write_json
from pruning_parts.rows import pruned_row, pruned_table
from pruning_parts.speed import some_samples

from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import DataPath, Debug, Json, Limit, Quiet
from lava_spquant.cli.session import session
from lava_spquant.report.machine import machine


def main(
    dense: Annotated[Path, typer.Argument(metavar="DENSE", help="A checkpoint.")],
    pruned: Annotated[list[Path], typer.Argument(metavar="PRUNED...", help="Checkpoints of smaller networks.")],
    results: Results = None,
    limit: Limit = None,
    data_path: DataPath = None,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure pruned networks and the dense one."""
    with session(json_output, quiet, debug) as now:
        load_training(debug)
        from lava_spquant.workflow.chunks import head
        from lava_spquant.workflow.prune import measure
        from lava_spquant.workflow.recipe import recipe_text
        from lava_spquant.workflow.train import load_checkpoint

        limit = min(limit or QUICK_LIMIT, QUICK_LIMIT) if quick else limit
        recipe, model = load_checkpoint(dense)
        test = head(recipe.data.load(data_path).test, limit)
        first = measure(model.to_ir(), test, recipe.data.steps)
        x = some_samples(first.network, recipe.data, data_path)
        rows = [{**pruned_row(recipe.name, 1.0, first, first, x), "recipe": recipe_text(recipe)}]
        for path in pruned:
            own, smaller = load_checkpoint(path)
            found, expected = ((r.data.name, r.data.frames()) for r in (own, recipe))
            if found != expected:
                raise ValueError(f"{path}: data: found {found}, expected {expected}, as the dense network's")
            now.note(f"Measuring {own.name}")
            side = measure(smaller.to_ir(), test, recipe.data.steps)
            row = pruned_row(own.name, side.operations / first.operations, side, first, x)
            rows.append({**row, "recipe": recipe_text(own)})
        values = {
            "ok": True,
            "machine": machine().values(),
            "commit": commit(),
            "dataset": recipe.data.name,
            "samples": len(test),
            "name": recipe.name,
            "rows": rows,
        }
        if results is not None:
            write_json(results, values)
        now.finish(values, pruned_table(rows))


if __name__ == "__main__":
    typer.run(main)

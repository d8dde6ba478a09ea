"""How well networks classify, on every executor.

python benchmarks/accuracy.py                       # the networks of netx_models/
python benchmarks/accuracy.py runs/digits-cnn/last.ckpt --lava 100

python benchmarks/accuracy.py --recipes mnist-cnn,emulated-mnist-cnn --results benchmarks/results/accuracy.json

With `--recipes` networks are trained: every recipe, and its 32-bit twin, whose weights and membranes are not quantised.
The twin of a binary network spikes as well; `--beside 32-bit,graded,relu` adds the same network at full precision
without spikes, and one of its shape with ReLU and no hardtanh.
Checkpoints are kept, so that the same command goes on after an interruption. The networks that classify are the integer
ones, after the last epoch, on the whole test split; the paper's figures stand below.

Without, a `.net` file runs on the engine (every image), on the integer reference and in Lava (some), a checkpoint in
SLAYER's eval() too. Exit code 1 tells that two executors classified an image differently.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from accuracy_parts.twins import PAPER, named_others, paper_table, train_twins, twins_table
from common import Quick, Results, commit, networks, table, write_json
from rich.table import Table

from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import DataPath, Debug, Json, Limit, Overrides, Quiet
from lava_spquant.cli.session import session
from lava_spquant.data import DataError, ImageSplit
from lava_spquant.report.machine import machine
from lava_spquant.workflow import EXECUTORS, Evaluation, Loaded, Progress, evaluate, load
from lava_spquant.workflow.executor import default_executor
from lava_spquant.workflow.loading import CHECKPOINT_SUFFIX
from lava_spquant.workflow.verify import LAVA_SAMPLES, REFERENCE_SAMPLES

QUICK_SAMPLES, QUICK_LAVA = 100, 5
QUICK_TRAINING = ("training.epochs=5", "model.architecture=4s2-FC", "data.steps=2")

Row = dict[str, Any]


def main(
    sources: Annotated[
        Optional[list[Path]],  # noqa: UP045 (typer reads this on Python 3.10)
        typer.Argument(metavar="[NET|CKPT]...", help="Networks; those of netx_models/ by default."),
    ] = None,
    lava: Annotated[int, typer.Option("--lava", min=0, help="Test images in Lava; 0 for none.")] = LAVA_SAMPLES,
    recipes: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--recipes", metavar="A,B", help="Train these and their 32-bit twins instead."),
    ] = None,
    overrides: Overrides = None,
    beside: Annotated[
        str,
        typer.Option("--beside", metavar="A,B", help="Train these beside: 32-bit; of binary recipes graded, relu too."),
    ] = "32-bit",
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Keeps checkpoints.")] = Path("runs/twins"),
    results: Results = None,
    limit: Limit = None,
    data_path: DataPath = None,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Print the accuracy of networks on every executor, or train recipes and their twins."""
    if recipes is not None:
        changes = [*(QUICK_TRAINING if quick else ()), *(overrides or ())]
        _train(recipes, changes, beside, folder, results, limit, data_path, (json_output, quiet, debug))
        return
    if quick:
        limit, lava = min(limit or QUICK_SAMPLES, QUICK_SAMPLES), min(lava, QUICK_LAVA)
    rows: list[Row] = []
    skipped: list[dict[str, str]] = []
    with session(json_output, quiet, debug) as now, now.progress() as progress:
        for source in sources or networks():
            if source.suffix == CHECKPOINT_SUFFIX:
                load_training(debug)
            found = load(source)
            try:
                # The digits ship with scikit-learn: a path is for the other data sets.
                images = found.test_data(data_path if found.dataset != "digits" else None)
            except DataError as error:
                skipped.append({"network": str(source), "reason": str(error)})
                now.note(f"{source} is left out: {error}")
                continue
            rows += measure(found, images, limit, lava, progress)
        if not rows:
            raise ValueError("accuracy: networks: found none whose test images are here, expected at least one")
        ok = all(row["same_predictions"] == row["samples"] for row in rows)
        now.finish({"ok": ok, "machine": machine().values(), "rows": rows, "skipped": skipped}, shown(rows), ok=ok)


def _train(
    recipes: str,
    overrides: list[str],
    beside: str,
    folder: Path,
    results: Path | None,
    limit: int | None,
    data_path: Path | None,
    manner: tuple[bool, bool, bool],
) -> None:
    """Train recipes with their twins and show both."""
    with session(*manner, resume_hint=f"checkpoints are in {folder}; the same command goes on") as now:
        load_training(manner[-1])
        names = [name.strip() for name in recipes.split(",")]
        others = named_others(beside)
        found = [train_twins(name, overrides, others, folder, data_path, limit, now) for name in names]
        values = {
            "ok": True,
            "machine": machine().values(),
            "commit": commit(),
            "rows": [one.values() for one in found],
            "paper": [asdict(row) for row in PAPER],
        }
        if results is not None:
            write_json(results, values)
        now.finish(values, twins_table(found), paper_table())


def measure(found: Loaded, images: ImageSplit, limit: int | None, lava: int, progress: Progress) -> Iterator[Row]:
    """Yield one row per executor."""
    base = default_executor()
    counts: dict[str, int | None] = {base: limit}
    if base != "reference":
        counts["reference"] = min(REFERENCE_SAMPLES, limit or REFERENCE_SAMPLES)
    counts |= {"slayer": limit} if found.model is not None else {}
    counts |= {"lava": min(lava, limit or lava)} if lava else {}
    baseline: Evaluation | None = None
    for executor, count in counts.items():
        done = evaluate(
            found.network, images, found.known_steps(), executor, limit=count, model=found.model, progress=progress
        )
        baseline = baseline or done
        same = baseline.predictions[: done.result.samples] == done.predictions
        yield {
            "network": found.network.name,
            "dataset": found.dataset,
            "steps": found.steps,
            "executor": executor,
            "samples": done.result.samples,
            "correct": done.result.correct,
            "accuracy": done.accuracy,
            "same_predictions": int(same.sum()),
            "samples_per_second": done.result.samples / done.seconds,
        }


def shown(rows: list[Row]) -> Table:
    """Return the rows as a table."""
    columns = ("network", "executor", "test images", "correct", "accuracy", "as the first", "images per second")
    cells = (
        (
            row["network"],
            EXECUTORS[row["executor"]].label,
            f"{row['samples']:,}",
            f"{row['correct']:,}",
            f"{row['accuracy']:.2%}",
            f"{row['same_predictions'] / row['samples']:.2%}",
            f"{row['samples_per_second']:,.0f}",
        )
        for row in rows
    )
    return table("Accuracy", columns, cells, text_columns=2)


if __name__ == "__main__":
    typer.run(main)

"""`lava-spquant run` and `lava-spquant verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.text import Text

from lava_spquant.cli.opening import load_training, open_source
from lava_spquant.cli.options import (
    DataPath,
    Dataset,
    Debug,
    ExecutorName,
    InputBits,
    InputShape,
    Json,
    Limit,
    Quiet,
    Source,
    Steps,
)
from lava_spquant.cli.session import Session, session
from lava_spquant.cli.values import verification_values
from lava_spquant.report import accuracy_table, comparison_table, predict
from lava_spquant.workflow import Loaded, evaluate, read_input
from lava_spquant.workflow import verify as run_verification
from lava_spquant.workflow.executor import EXECUTORS, default_executor, prepare
from lava_spquant.workflow.loading import open_checkpoint
from lava_spquant.workflow.verify import LAVA_SAMPLES, REFERENCE_SAMPLES

__all__ = ["run", "verify"]


def run(
    source: Source,
    executor: ExecutorName = None,
    input_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--input", metavar="FILE", help="A .npy file of whole numbers (T, N, C, H, W) or (T, N, C)."),
    ] = None,
    limit: Limit = None,
    dataset: Dataset = None,
    steps: Steps = None,
    data: DataPath = None,
    input_shape: InputShape = None,
    input_bits: InputBits = None,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Classify test images, or your own input, with an integer network.

    Example: lava-spquant run digits.net --executor lava --limit 20
    """
    with session(json_output, quiet, debug) as now:
        found = open_source(
            source, dataset=dataset, steps=steps, input_shape=input_shape, input_bits=input_bits, debug=debug
        )
        executor = executor or default_executor()
        if input_file is not None:
            _run_file(now, found, input_file, executor)
            return
        split = found.test_data(data)
        with now.progress() as progress:
            done = evaluate(
                found.network,
                split,
                found.known_steps(),
                executor,
                limit=limit,
                model=found.model,
                progress=progress,
            )
        values = {
            "ok": True,
            "network": found.network.name,
            "executor": executor,
            "samples": done.result.samples,
            "correct": done.result.correct,
            "accuracy": done.accuracy,
            "seconds": done.seconds,
            "predictions": done.predictions.tolist(),
        }
        right = f"{done.accuracy:.2%}, {done.result.correct:,} of {done.result.samples:,} test images"
        speed = f"{done.result.samples / done.seconds:,.0f} images per second"
        now.finish(values, Text(f"{found.network.name} on {EXECUTORS[executor].label}: {right}, {speed}"))


def _run_file(now: Session, found: Loaded, path: Path, executor: str) -> None:
    x = read_input(path, found.network)
    execute = prepare(executor, found.network, found.model, output_only=True)
    with now.progress() as progress:
        trace = execute(x, progress(EXECUTORS[executor].label, x.shape[1]))
    predictions = predict(found.network, trace).tolist()
    values = {
        "ok": True,
        "network": found.network.name,
        "executor": executor,
        "samples": len(predictions),
        "predictions": predictions,
    }
    now.finish(values, Text("predicted classes: " + " ".join(map(str, predictions))))


def verify(
    source: Source,
    checkpoint: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--checkpoint", metavar="CKPT", help="Also hold the file against what training computed."),
    ] = None,
    limit: Limit = None,
    reference: Annotated[
        int, typer.Option("--reference", min=0, help="Test images to run in the integer reference; 0 for none.")
    ] = REFERENCE_SAMPLES,
    lava: Annotated[int, typer.Option("--lava", min=0, help="Test images to run in Lava; 0 for none.")] = LAVA_SAMPLES,
    dataset: Dataset = None,
    steps: Steps = None,
    data: DataPath = None,
    input_shape: InputShape = None,
    input_bits: InputBits = None,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compare every spike and state of all executors, at every block and step.

    What training computed (SLAYER's eval()) is the baseline where there is a checkpoint, else the
    integer reference. SLAYER and the engine run all images, the reference and Lava some. Exit code 1
    tells that something differs.

    Example: lava-spquant verify digits.net --checkpoint runs/digits-cnn/last.ckpt --lava 100
    """
    with session(json_output, quiet, debug) as now:
        found = open_source(
            source, dataset=dataset, steps=steps, input_shape=input_shape, input_bits=input_bits, debug=debug
        )
        model = found.model
        if checkpoint is not None:
            load_training(debug)
            model = open_checkpoint(checkpoint).model
        split = found.test_data(data)
        with now.progress() as progress:
            checked = run_verification(
                found.network,
                split,
                found.known_steps(),
                model=model,
                samples=limit,
                reference_samples=reference,
                lava_samples=lava,
                progress=progress,
            )
        base = EXECUTORS[checked.baseline].label
        tables = [
            comparison_table(result.comparison, base, EXECUTORS[result.accuracy.executor].label)
            for result in checked.results
            if result.comparison is not None
        ]
        accounts = accuracy_table(result.accuracy for result in checked.results)
        now.finish(verification_values(checked), *tables, accounts, ok=checked.ok)

"""`lava-spquant report` and `lava-spquant demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer
from rich.text import Text

from lava_spquant.cli.demo_table import demo_table
from lava_spquant.cli.given import refuse_beside
from lava_spquant.cli.opening import load_training, open_source, parse_shape
from lava_spquant.cli.options import (
    DataPath,
    Dataset,
    Debug,
    InputBits,
    InputShape,
    Json,
    Limit,
    Overrides,
    Quiet,
    Steps,
)
from lava_spquant.cli.session import session
from lava_spquant.cli.values import demo_values, report_values
from lava_spquant.report import activity_table, flops_table, memory_table, network_table
from lava_spquant.workflow import demo as run_demo
from lava_spquant.workflow import report as make_report
from lava_spquant.workflow.demo import MIN_ACCURACY, RECIPE
from lava_spquant.workflow.loading import CHECKPOINT_SUFFIX
from lava_spquant.workflow.named import open_named
from lava_spquant.workflow.report import ACTIVITY_SAMPLES
from lava_spquant.workflow.verify import LAVA_SAMPLES

__all__ = ["demo", "report"]


def report(
    context: typer.Context,
    source: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Argument(metavar="[NET|CKPT]", help="A .net file, or a checkpoint (.ckpt) of training."),
    ] = None,
    model: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--model", metavar="NAME", help="Instead of a file, an untrained network: resnet19, vgg9, ..."),
    ] = None,
    overrides: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change a field of --model, e.g. model.weight=sawb8; repeatable."
        ),
    ] = None,
    classes: Annotated[Optional[int], typer.Option("--classes", min=1, help="Of --model.")] = None,  # noqa: UP045
    figures: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--figures", metavar="DIR", help="Also draw the figures, into this folder."),
    ] = None,
    no_data: Annotated[bool, typer.Option("--no-data", help="Only what can be told without running it.")] = False,
    limit: Limit = ACTIVITY_SAMPLES,
    dataset: Dataset = None,
    steps: Steps = None,
    data: DataPath = None,
    input_shape: InputShape = None,
    input_bits: InputBits = None,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Account for a network's memory, spike rates, synaptic operations and membrane levels.

    Rates need data: a file that names no data set is accounted for without them. So is a model that
    is named with --model, at the published figures' input unless --input-shape says otherwise.

    Example: lava-spquant report digits.net --figures figures
    """
    with session(json_output, quiet, debug) as now:
        if (source is None) == (model is None):
            raise ValueError("report: found a file and --model, or neither, expected one of them")
        _refuse_idle(context, source)
        if source is not None:
            found = open_source(
                source, dataset=dataset, steps=steps, input_shape=input_shape, input_bits=input_bits, debug=debug
            )
        else:
            load_training(debug)
            shape = parse_shape(input_shape)
            found = open_named(model or "", overrides or (), input_shape=shape, input_bits=input_bits, classes=classes)
        runs = found.dataset is not None and not no_data
        split, length = (found.test_data(data), found.known_steps()) if runs else (None, None)
        with now.progress() as progress:
            made = make_report(found.network, split, length, limit=limit, progress=progress)
        drawn = [] if figures is None else made.save_figures(figures)
        tables = [network_table(made.network), memory_table(made.memory)]
        tables += [] if made.activity is None else [activity_table(made.activity)]
        tables += [] if made.flops is None else [flops_table(made.flops)]
        values = report_values(made) | {"figures": [str(path) for path in drawn]}
        now.finish(values, *tables, *(Text(str(path)) for path in drawn))


def _refuse_idle(context: typer.Context, source: Path | None) -> None:
    """Refuse what says nothing of the network that is accounted for."""
    if source is None:
        samples = ("dataset", "steps", "data", "limit")
        refuse_beside(context, "report: --model", samples, "a network that is not trained runs on no data")
        return
    refuse_beside(context, "report: a file", ("overrides", "classes"), "they change a network named with --model")
    if source.suffix == CHECKPOINT_SUFFIX:
        refuse_beside(context, "report: a checkpoint", ("input_shape", "input_bits"), "it holds its input")


def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where everything goes.")] = Path("demo_output"),
    overrides: Overrides = None,
    limit: Limit = None,
    lava: Annotated[int, typer.Option("--lava", min=0, help="Test images to run in Lava.")] = LAVA_SAMPLES,
    min_accuracy: Annotated[
        float, typer.Option(min=0, max=1, help="Fail where the test accuracy is below this share.")
    ] = MIN_ACCURACY,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train on real digits, export, run in Lava, compare every spike, account and draw.

    Exit code 1 tells that something differs from what training computed, or that the accuracy is
    too low.

    Example: lava-spquant demo --out demo_output
    """
    hint = "training resumes from the last checkpoint when the same command is run again"
    with session(json_output, quiet, debug, resume_hint=hint) as now:
        load_training(debug)
        with now.progress() as progress:
            done = run_demo(
                out,
                recipe=RECIPE,
                overrides=overrides or (),
                min_accuracy=min_accuracy,
                limit=limit,
                lava_samples=lava,
                progress=progress,
                training_bar=now.shows_bars,
                announce=now.note,
            )
        files = "\n".join(str(path) for path in (done.network_file, *done.figures))
        now.finish(demo_values(done), demo_table(done), Text(files), ok=done.ok)

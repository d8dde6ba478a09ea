"""`lava-spquant prune`: a trained network without the channels that matter least."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from lava_spquant import ir
from lava_spquant.cli.given import refuse_beside
from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import DataPath, Debug, Json, Limit, Quiet
from lava_spquant.cli.session import session
from lava_spquant.prune import COSTS, CRITERIA, cost
from lava_spquant.prune.budget import FLOOR

if TYPE_CHECKING:
    from lava_spquant.workflow.prune import PrunedCheckpoint, PrunedSide

__all__ = ["prune"]


def prune(
    context: typer.Context,
    checkpoint: Annotated[Path, typer.Argument(metavar="CKPT", help="A checkpoint of training.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The checkpoint that is written.")],
    criterion: Annotated[
        str, typer.Option("--criterion", metavar="NAME", help=f"{', '.join(CRITERIA)} or random:<seed>.")
    ] = "membrane",
    share: Annotated[float, typer.Option("--share", min=0, max=1, help="Share of the cost that may be left.")] = 0.5,
    kind: Annotated[str, typer.Option("--of", metavar="COST", help=f"What is counted: {', '.join(COSTS)}.")] = (
        "operations"
    ),
    bound: Annotated[float, typer.Option("--bound", help="Channels with a lower score go in any case.")] = 0.0,
    floor: Annotated[float, typer.Option("--floor", min=0, max=1, help="Share of each layer that stays.")] = FLOOR,
    widths: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--widths", metavar="N,N", help="How many channels stay of each width, instead of a share."),
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Training samples to judge channels by.")] = 512,
    limit: Limit = None,
    data: DataPath = None,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Remove the channels that matter least from every tensor of a trained network.

    The result is a checkpoint of a smaller network: export it, or go on training it with train --initial and the
    recipe that is written beside it, as the last line says.

    Example: lava-spquant prune runs/digits/last.ckpt --criterion membrane --share 0.4 -o small.ckpt
    """
    with session(json_output, quiet, debug) as now:
        load_training(debug)
        from lava_spquant.workflow.prune import PruneConfig, prune_checkpoint

        if widths is not None:
            budget = ("share", "kind", "bound", "floor")
            refuse_beside(context, "--widths", budget, "it says itself how many channels stay")
        config = PruneConfig(criterion, share, kind, bound, floor, samples, _numbers(widths))
        with now.progress() as progress:
            done = prune_checkpoint(checkpoint, out, config, data_path=data, limit=limit, progress=progress)
        channels, further = _widths(done), _further(done, checkpoint, data)
        values: dict[str, Any] = {
            "ok": True,
            "checkpoint": str(done.checkpoint),
            "recipe": str(done.recipe_file),
            "criterion": criterion,
            "channels": list(done.recipe.model.channels),
            "widths": channels,
            "before": _side(done.before),
            "after": _side(done.after),
            "train": further,
        }
        line = (
            f"{done.checkpoint}: {values['before']['operations'] / values['after']['operations']:.2f} times fewer "
            f"operations, accuracy {done.before.accuracy:.2%} before and {done.after.accuracy:.2%} after; train it "
            f"further with: {further}"
        )
        now.finish(values, _channels_table(channels), _sides_table(done), Text(line))


def _further(done: PrunedCheckpoint, dense: Path, data: Path | None) -> str:
    """Return the command that trains the smaller network further, in a folder of its own."""
    # The recipe's name alone would lead all prunings of one network into the same folder.
    folder = Path("runs") / f"{done.recipe.name}-{done.recipe_file.stem}"
    words = ["lava-spquant", "train", done.recipe_file, "--initial", done.checkpoint, "--out", folder]
    if done.recipe.training.distillation:
        words += ["--teacher", dense]
    if data is not None:
        words += ["--data", data]
    return shlex.join(map(str, words))


def _numbers(text: str | None) -> tuple[int, ...]:
    words = [] if text is None else text.split(",")
    if not all(word.strip().isdecimal() for word in words):
        raise ValueError(f"--widths: found {text!r}, expected whole numbers such as 16,32,64")
    return tuple(int(word) for word in words)


def _widths(done: PrunedCheckpoint) -> list[dict[str, Any]]:
    network = done.before.network
    return [
        {
            "blocks": [network.blocks[index].name for index in width.blocks],
            "channels": width.channels,
            "kept": int(mask.sum()),
        }
        for width, mask in zip(ir.widths(network), done.keep, strict=True)
    ]


def _side(side: PrunedSide) -> dict[str, float]:
    return {
        "accuracy": side.accuracy,
        "operations": side.operations,
        "weights": side.weights,
        "memory_bits": cost(side.network, "memory"),
        "synops": side.synops,
        "neurons": side.network.num_neurons,
    }


def _channels_table(widths: list[dict[str, Any]]) -> Table:
    table = Table(title="Channels", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("blocks")
    for name in ("before", "after"):
        table.add_column(name, justify="right")
    for row in widths:
        table.add_row(", ".join(row["blocks"]), str(row["channels"]), str(row["kept"]))
    return table


def _sides_table(done: PrunedCheckpoint) -> Table:
    table = Table(title="What it costs", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("")
    for name in ("before", "after", "times fewer"):
        table.add_column(name, justify="right")
    before, after = _side(done.before), _side(done.after)
    titles = {
        "operations": "multiplications per step, if all were active",
        "synops": "synaptic operations per sample, as they happen",
        "weights": "weights",
        "memory_bits": "bits of weights, gains, biases and state",
        "neurons": "neurons",
    }
    for name, title in titles.items():
        times = f"{before[name] / after[name]:.2f}" if after[name] else "-"
        table.add_row(title, f"{before[name]:,.0f}", f"{after[name]:,.0f}", times)
    return table

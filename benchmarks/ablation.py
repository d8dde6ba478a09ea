"""What each part of the method is worth: one recipe trained with parts taken away, several seeds each.

python benchmarks/ablation.py --folder runs/ablation --results benchmarks/results/ablation.json
python benchmarks/ablation.py --recipe mnist-cnn --set training.epochs=3 --variants both,both-ste --seeds 0,1,2,3

The recipe is "both": weights and membranes quantised. Every other variant differs from it in what its name says and in
nothing else, and starts from the same seeds. Accuracies are those of integer networks on the whole test split, after
the last epoch: nothing is chosen by them. Every run keeps a checkpoint in its own folder, so that the command, called
again after an interruption, goes on.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Optional

import typer
from ablation_parts.figure import ablation_figure
from ablation_parts.table import Outcome, ablation_table
from common import (
    FULL_PRECISION,
    NO_HARDTANH,
    NO_MEMBRANE,
    NO_WEIGHT,
    FigurePath,
    Quick,
    Results,
    choice,
    commit,
    seed_list,
    write_json,
)

from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import DataPath, Debug, Json, Overrides, Quiet
from lava_spquant.cli.session import Session, session
from lava_spquant.report.machine import machine
from lava_spquant.report.style import save_figure

BASE, BINARY_BASE = "both", "hardtanh"


@dataclass(frozen=True)
class Variant:
    """What a variant is called in tables and figures, what it changes in the recipe, and which recipes it is for."""

    title: str
    overrides: tuple[str, ...]
    binary: bool = False


VARIANTS = {
    "32-bit": Variant("nothing quantised", FULL_PRECISION),
    "weights": Variant("weights only", NO_MEMBRANE),
    "membrane": Variant("membrane only", NO_WEIGHT),
    "membrane-ste": Variant(
        "membrane only, straight-through", (*NO_WEIGHT, "model.membrane_gradient=straight_through")
    ),
    BASE: Variant("weights and membrane", ()),
    "both-ste": Variant("both, straight-through", ("model.membrane_gradient=straight_through",)),
    "both-layer": Variant("both, threshold per layer", ("model.learn_threshold=layer",)),
    "both-channel": Variant("both, threshold per channel", ("model.learn_threshold=channel",)),
    BINARY_BASE: Variant("hardtanh, learned surrogate", (), binary=True),
    "no-hardtanh": Variant("without hardtanh", NO_HARDTANH, binary=True),
    "box": Variant("hardtanh, fixed box surrogate", ("model.surrogate=box",), binary=True),
}
"""Straight-through: the membrane quantiser's gradient is 1 instead of the stacked surrogate. The last ones are for
single-step binary networks."""

QUICK = ("training.epochs=3", "model.architecture=4s2-FC", "data.steps=2")


def main(
    recipe: Annotated[str, typer.Option("--recipe", metavar="NAME|YAML", help="What is varied.")] = "digits-cnn",
    overrides: Overrides = None,
    variants: Annotated[
        Optional[str],  # noqa: UP045 (typer reads this on Python 3.10)
        typer.Option("--variants", metavar="A,B", help=f"Among {', '.join(VARIANTS)}; all by default."),
    ] = None,
    seeds: Annotated[str, typer.Option("--seeds", metavar="N,N", help="One run each.")] = "0,1,2",
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Keeps checkpoints.")] = Path("runs/ablation"),
    results: Results = None,
    figure: FigurePath = None,
    data_path: DataPath = None,
    quick: Quick = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train every variant with every seed."""
    hint = f"finished runs are kept in {folder}; the same command goes on"
    with session(json_output, quiet, debug, resume_hint=hint) as now:
        load_training(debug)
        binary = _is_binary(recipe, overrides or ())
        fitting = tuple(name for name, variant in VARIANTS.items() if variant.binary == binary)
        base = BINARY_BASE if binary else BASE
        names = choice("--variants", variants, fitting)
        numbers = seed_list(seeds)
        if quick:
            numbers, overrides = numbers[:2], [*QUICK, *(overrides or ())]
        outcomes = [
            Outcome(
                name,
                VARIANTS[name].title,
                numbers,
                tuple(_accuracy(now, recipe, overrides or (), name, seed, folder, data_path) for seed in numbers),
            )
            for name in names
        ]
        values = _values(recipe, overrides or (), outcomes, quick)
        if results is not None:
            write_json(results, values)
        if figure is not None:
            save_figure(ablation_figure(outcomes, base, values["setting"]), figure)
        now.finish(values, ablation_table(outcomes, base, values["setting"]))


def _is_binary(recipe: str, overrides: tuple[str, ...] | list[str]) -> bool:
    from lava_spquant.slayer.models.architecture import has_binary_blocks
    from lava_spquant.workflow.recipe import load_recipe

    return has_binary_blocks(load_recipe(recipe, list(overrides)).model.architecture)


def _accuracy(
    now: Session,
    recipe: str,
    overrides: tuple[str, ...] | list[str],
    name: str,
    seed: int,
    folder: Path,
    data_path: Path | None,
) -> float:
    """Train one variant with one seed, or go on with it, and return the integer network's test accuracy."""
    from lava_spquant.workflow.recipe import load_recipe
    from lava_spquant.workflow.train import train

    plan = load_recipe(recipe, [*overrides, *VARIANTS[name].overrides, f"seed={seed}"])
    now.note(f"{VARIANTS[name].title}, seed {seed}: {plan.training.epochs} epochs on {plan.data.name}")
    done = train(plan, folder / f"{plan.name}-{name}-{seed}", data_path=data_path, progress=now.shows_bars)
    return done.accuracy


def _values(
    recipe: str, overrides: tuple[str, ...] | list[str], outcomes: list[Outcome], quick: bool
) -> dict[str, Any]:
    from lava_spquant.workflow.recipe import load_recipe, recipe_text

    plan = load_recipe(recipe, list(overrides))
    epochs = plan.training.epochs
    rows = [
        {
            "variant": outcome.name,
            "title": outcome.title,
            "overrides": list(VARIANTS[outcome.name].overrides),
            "seeds": list(outcome.seeds),
            "accuracy": list(outcome.accuracy),
            "mean": outcome.mean,
            "deviation": outcome.deviation,
        }
        for outcome in outcomes
    ]
    return {
        "ok": True,
        "machine": machine().values(),
        "commit": commit(),
        "quick": quick,
        "setting": f"{plan.data.name}, {plan.model.architecture}, T = {plan.data.steps}, {epochs} epochs",
        "recipe": recipe_text(plan),
        "variants": rows,
        "median_deviation": statistics.median(row["deviation"] for row in rows),
    }


if __name__ == "__main__":
    typer.run(main)

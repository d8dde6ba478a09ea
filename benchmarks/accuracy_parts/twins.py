"""A recipe and its 32-bit twin: the same recipe with nothing quantised, trained in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import FULL_PRECISION, GRADED, RELU, choice, table
from rich.table import Table

from lava_spquant.cli.session import Session
from lava_spquant.report import memory
from lava_spquant.workflow import evaluate
from lava_spquant.workflow.executor import default_executor

__all__ = ["PAPER", "Twins", "named_others", "paper_table", "train_twins", "twins_table"]


@dataclass(frozen=True)
class Published:
    """A row of SpQuant-SNN's tables: accuracies in percent, memory in MB."""

    title: str
    accuracy: float
    twin: float
    mb: float
    mb_at_32: float


PAPER = (
    Published("ResNet-19, CIFAR-10, T = 2: W4 U1.58", 94.11, 94.56, 7.49, 60.94),
    Published("VGG-9, DVS-CIFAR10, T = 10: W2 U1.58", 77.94, 78.45, 3.75, 48.58),
)
"""Hasssan, Meng, Anupreetham, Seo (2024), https://doi.org/10.3389/fnins.2024.1440000, without pruning."""


TWIN = "32-bit"
OTHERS = {TWIN: FULL_PRECISION, "graded": GRADED, "relu": RELU}
"""What a recipe's network is compared with, and what that changes. All but the twin are for binary recipes, and do not
spike."""


@dataclass(frozen=True)
class Side:
    """One of the two networks, as integers on the whole test split."""

    correct: int
    samples: int
    checkpoint: Path

    @property
    def accuracy(self) -> float:
        return self.correct / self.samples


@dataclass(frozen=True)
class Twins:
    """Networks of a recipe; memory as the paper counts it, of the quantised one and of the same at 32 bits.

    `others` are those beside it that were trained, by their names in `OTHERS`.
    """

    recipe: str
    text: str
    setting: str
    quantised: Side
    others: dict[str, Side]
    mb: float
    mb_at_32: float
    executor: str

    @property
    def lost(self) -> dict[str, float]:
        """By how many points each of the others is ahead."""
        return {name: 100 * (side.accuracy - self.quantised.accuracy) for name, side in self.others.items()}

    def values(self) -> dict[str, Any]:
        """Return it as JSON values."""
        sides = {
            name: {"correct": side.correct, "samples": side.samples, "accuracy": side.accuracy}
            for name, side in {"quantised": self.quantised, **self.others}.items()
        }
        memories = {"mb": self.mb, "mb_at_32": self.mb_at_32, "ratio": self.mb_at_32 / self.mb}
        about = {"name": self.recipe, "setting": self.setting, "recipe": self.text, "executor": self.executor}
        return {**about, **sides, "points_lost": self.lost, "paper_memory": memories}


def named_others(text: str) -> tuple[str, ...]:
    """Return the networks that a list with commas names.

    Raises
    ------
    ValueError
        For an unknown one.
    """
    return choice("beside", text, tuple(OTHERS))


def train_twins(
    name: str,
    overrides: Sequence[str],
    beside: Sequence[str],
    folder: Path,
    data_path: Path | None,
    limit: int | None,
    now: Session,
) -> Twins:
    """Train them, or go on where training was stopped, and classify the test split with the integer networks."""
    from lava_spquant.slayer.models.architecture import has_binary_blocks
    from lava_spquant.workflow.recipe import load_recipe, recipe_text

    plan = load_recipe(name, overrides)
    quantised, network = _side(name, overrides, folder / plan.name, data_path, limit, now)
    binary, others = has_binary_blocks(plan.model.architecture), {}
    for other in beside:
        if other == TWIN or binary:
            changes, place = [*overrides, *OTHERS[other]], folder / f"{plan.name}-{other}"
            others[other], _ = _side(name, changes, place, data_path, limit, now)
    total = memory(network).total
    model, data = plan.model, plan.data
    setting = f"{data.name}, {model.architecture}, T = {data.steps}, {plan.training.epochs} epochs, seed {plan.seed}"
    sizes = total.paper_mb, total.paper_mb_at_32
    return Twins(plan.name, recipe_text(plan), setting, quantised, others, *sizes, default_executor())


def _side(
    name: str, overrides: Sequence[str], folder: Path, data_path: Path | None, limit: int | None, now: Session
) -> tuple[Side, Any]:
    from lava_spquant.workflow.recipe import load_recipe
    from lava_spquant.workflow.train import train

    plan = load_recipe(name, overrides)
    now.note(f"{folder.name}: {plan.training.epochs} epochs on {plan.data.name}, into {folder}")
    trained = train(plan, folder, data_path=data_path, progress=now.shows_bars)
    network = trained.model.to_ir()
    test = plan.data.load(data_path).test
    with now.progress() as progress:
        done = evaluate(network, test, plan.data.steps, default_executor(), limit=limit, progress=progress)
    return Side(done.result.correct, done.result.samples, trained.checkpoint), network


def twins_table(twins: Sequence[Twins]) -> Table:
    """Return measured rows."""
    trained = [name for name in OTHERS if any(name in one.others for one in twins)]
    columns = (
        "recipe",
        "setting",
        "quantised",
        *trained,
        "MB",
        "MB at 32 bit",
        "times smaller",
    )
    cells = (
        (
            one.recipe,
            one.setting,
            f"{one.quantised.accuracy:.2%}",
            *(
                f"{one.others[name].accuracy:.2%} ({one.lost[name]:+.2f})" if name in one.others else "-"
                for name in trained
            ),
            f"{one.mb:.3f}",
            f"{one.mb_at_32:.3f}",
            f"{one.mb_at_32 / one.mb:.1f}",
        )
        for one in twins
    )
    return table(
        "Integer networks, and by how many points others are ahead; memory is kernels + 2 x state", columns, cells, 2
    )


def paper_table() -> Table:
    """Return what the paper reports."""
    columns = ("published", "quantised", "32-bit twin", "points lost", "MB", "MB at 32 bit", "times smaller")
    cells = (
        (
            row.title,
            f"{row.accuracy:.2f}%",
            f"{row.twin:.2f}%",
            f"{row.twin - row.accuracy:+.2f}",
            f"{row.mb:.2f}",
            f"{row.mb_at_32:.2f}",
            f"{row.mb_at_32 / row.mb:.1f}",
        )
        for row in PAPER
    )
    return table("SpQuant-SNN's own figures", columns, cells)

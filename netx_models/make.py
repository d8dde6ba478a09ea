"""Make a network of this folder: train, export, evaluate the file everywhere, and write its card.

python netx_models/make.py digits
python netx_models/make.py mnist --data path/to/mnist.npz
python netx_models/make.py mnist --checkpoint runs/mnist-cnn/last.ckpt

Nothing is written unless every executor agrees with training at every block and step.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer
from card import Facts, card_text

from lava_spquant import netx
from lava_spquant.cli.opening import load_training
from lava_spquant.cli.options import DataPath, Debug, Json, Quiet
from lava_spquant.cli.session import Session, session
from lava_spquant.cli.values import report_values, verification_values
from lava_spquant.report import accuracy_table, activity_table, memory_table
from lava_spquant.report.machine import machine
from lava_spquant.workflow import Progress, evaluate, export, report, verify

if TYPE_CHECKING:
    from lava_spquant.workflow.recipe import Recipe

HERE = Path(__file__).resolve().parent
RECIPES = {
    "digits": "digits-cnn",
    "mnist": "mnist-cnn",
    "emulated-mnist": "emulated-mnist-cnn",
    "cifar10": "cifar10-vgg-small",
    "cifar10-binary": "cifar10-bit-resnet20",
    "mnist-pruned": "mnist-cnn-pruned",
}
PRUNED = {"mnist-pruned": ("mnist-cnn", {"criterion": "membrane", "widths": (24, 26)})}
"""Networks that begin as another recipe's, pruned so.

By widths, which are those of the recipe: a share would leave others of a dense network that was trained anew.
"""

LIBRARIES = ("lava_spquant", "lava-nc", "lava-dl", "torch", "numpy")

QUICK_RECIPE = (
    "data.steps=2",
    "model.architecture=8s2-FC",
    "model.weights=[]",
    "model.channels=[]",
    "training.batch_size=256",
    "training.warmup_epochs=0",
)
QUICK_BINARY = ("data.steps=1", "model.architecture=C8s2-B8s2-FC", "training.graded_epochs=0.5")
QUICK_EPOCHS = {"digits": 10, "mnist": 1, "emulated-mnist": 1, "cifar10": 1, "cifar10-binary": 1, "mnist-pruned": 1}
"""Small enough to train within seconds: it shows that the path works."""


@dataclass(frozen=True)
class Effort:
    """How much is evaluated.

    Attributes
    ----------
    samples : int or None
        Test images on the reference and in SLAYER; None takes all.
    lava : int
        Test images in Lava.
    activity : int
        Test images that rates are measured on.
    """

    samples: int | None = None
    lava: int = 50
    activity: int = 1000


FULL, QUICK = Effort(), Effort(samples=200, lava=5, activity=50)

FIRST = 500
"""So many test images are counted apart, for a check that takes seconds (metadata `first_*`)."""


def main(
    name: Annotated[str, typer.Argument(help=f"Which network: {', '.join(RECIPES)}.")],
    data_path: DataPath = None,
    checkpoint: Annotated[
        Optional[Path],  # noqa: UP045 (typer reads this on Python 3.10)
        typer.Option("--checkpoint", metavar="CKPT", help="Take this training of the recipe in place of a new one."),
    ] = None,
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", metavar="DIR", help="Where file and card go; this folder by default."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="A tiny network, few samples, into runs/quick.")] = False,
    json_output: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Train a network, export it, evaluate the file everywhere, and write it with its card."""
    hint = "training resumes from the last checkpoint when the same command is run again"
    with session(json_output, quiet, debug, resume_hint=hint) as now:
        if name not in RECIPES:
            raise ValueError(f"network: found {name!r}, expected one of {', '.join(RECIPES)}")
        load_training(debug)
        recipe = _recipe(name, quick and checkpoint is None)
        folder = out or (Path("runs/quick") if quick else HERE)
        trained = checkpoint or _train(
            now, recipe, folder if quick else Path("runs"), data_path, None if quick else name
        )
        command = f"python netx_models/make.py {name}" + (" --quick" if quick else "")
        with now.progress() as progress:
            facts = _measure(trained, recipe, folder / f"{name}.net", command, data_path, quick, progress)
        _finish(now, facts)


def _recipe(name: str, quick: bool) -> Recipe:
    # Here and below: training's libraries write to standard output when they are imported, unless
    # load_training() imports them first.
    from lava_spquant.slayer.models.architecture import has_binary_blocks
    from lava_spquant.workflow.recipe import load_recipe

    recipe = load_recipe(RECIPES[name])
    if not quick:
        return recipe
    binary = QUICK_BINARY if has_binary_blocks(recipe.model.architecture) else ()
    return load_recipe(RECIPES[name], (*QUICK_RECIPE, *binary, f"training.epochs={QUICK_EPOCHS[name]}"))


def _train(now: Session, recipe: Recipe, runs: Path, data_path: Path | None, name: str | None = None) -> Path:
    """Train a recipe, a network in `PRUNED` from what it begins as, and return the checkpoint."""
    from lava_spquant.workflow.prune import PruneConfig, prune_checkpoint
    from lava_spquant.workflow.recipe import load_recipe
    from lava_spquant.workflow.train import train

    initial = None
    if name in PRUNED:
        base, options = PRUNED[name]
        dense = _train(now, load_recipe(base), runs, data_path)
        initial = prune_checkpoint(
            dense, runs / f"{recipe.name}.ckpt", PruneConfig(**options), data_path=data_path
        ).checkpoint
    folder = runs / recipe.name
    now.note(f"Training {recipe.name} on {recipe.data.name}, {recipe.training.epochs} epochs, into {folder}")
    return train(recipe, folder, data_path=data_path, progress=now.shows_bars, initial=initial).checkpoint


def _measure(
    checkpoint: Path,
    recipe: Recipe,
    target: Path,
    command: str,
    data_path: Path | None,
    quick: bool,
    progress: Progress,
) -> Facts:
    """Export, evaluate what was exported, and write the file with what was found to `target`."""
    from lava_spquant.workflow.train import load_checkpoint

    found, model = load_checkpoint(checkpoint)
    if found != recipe:
        raise ValueError(f"{checkpoint}: recipe: found another one ({found.name}), expected {recipe.name} as it is now")
    images, steps, effort = recipe.data.load(data_path), recipe.data.steps, QUICK if quick else FULL
    with tempfile.TemporaryDirectory() as folder:
        draft = export(checkpoint, Path(folder) / target.name)
        network, about = netx.load(draft), netx.info(draft).metadata
    options: dict[str, Any] = {"model": model, "samples": effort.samples, "lava_samples": effort.lava}
    options |= {"reference_samples": None}
    checked = verify(network, images.test, steps, progress=progress, **options)
    account = report(network, images.test, steps, limit=effort.activity, progress=progress)
    if checked.ok:
        all_of_it, first = checked.results[0].accuracy, evaluate(network, images.test, steps, limit=FIRST).result
        about |= {"test_samples": str(all_of_it.samples), "test_correct": str(all_of_it.correct)}
        about |= {"first_samples": str(first.samples), "first_correct": str(first.correct)}
        target.parent.mkdir(parents=True, exist_ok=True)
        netx.save(network, target, metadata=about)
    versions = {library: version(library) for library in LIBRARIES}
    return Facts(target, recipe, images, checked, account, machine(), versions, command)


def _finish(now: Session, facts: Facts) -> None:
    card, ok = facts.path.with_suffix(".md"), facts.verification.ok
    if ok:
        _write_text(card, card_text(facts))
    values: dict[str, Any] = {
        **verification_values(facts.verification),
        **{k: v for k, v in report_values(facts.report).items() if k not in ("ok", "network")},
        "recipe": facts.recipe.name,
        "accuracy": facts.verification.results[0].accuracy.accuracy,
        "path": str(facts.path) if ok else None,
        "card": str(card) if ok else None,
        "file_bytes": facts.path.stat().st_size if ok else None,
        "machine": facts.machine.values(),
    }
    assert facts.report.activity is not None
    tables = (
        accuracy_table(result.accuracy for result in facts.verification.results),
        memory_table(facts.report.memory),
        activity_table(facts.report.activity),
    )
    wrote = f"wrote {facts.path} and {card}" if ok else "executors differ: nothing was written"
    now.finish(values, *tables, wrote, ok=ok)


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    typer.run(main)

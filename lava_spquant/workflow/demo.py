"""The whole path on real digits: train, export, load, run everywhere, compare, account and draw."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lava_spquant.workflow.loading import export, load
from lava_spquant.workflow.progress import Progress, silent
from lava_spquant.workflow.report import Report, report
from lava_spquant.workflow.verify import LAVA_SAMPLES, Verification, verify

__all__ = ["MIN_ACCURACY", "RECIPE", "Demo", "demo"]

RECIPE = "digits-cnn"

MIN_ACCURACY = 0.97
"""What the demo promises for its recipe on all test images."""


@dataclass(frozen=True, eq=False)
class Demo:
    """What the demo did.

    Attributes
    ----------
    recipe, dataset : str
        Their names.
    steps : int
        T.
    min_accuracy : float
        What was promised.
    verification : Verification
        SLAYER's `eval()` against the integer reference, the engine and Lava, all running the loaded file.
    report : Report
    checkpoint, network_file : Path
    figures : list of Path
    """

    recipe: str
    dataset: str
    steps: int
    min_accuracy: float
    verification: Verification
    report: Report
    checkpoint: Path
    network_file: Path
    figures: list[Path]

    @property
    def accuracy(self) -> float:
        """Test accuracy of the trained network, 0..1."""
        return self.verification.results[0].accuracy.accuracy

    @property
    def ok(self) -> bool:
        """Whether every executor agrees and the accuracy is what was promised."""
        return self.verification.ok and self.accuracy >= self.min_accuracy


def demo(
    folder: str | os.PathLike[str],
    *,
    recipe: str = RECIPE,
    overrides: Sequence[str] = (),
    min_accuracy: float = MIN_ACCURACY,
    limit: int | None = None,
    lava_samples: int = LAVA_SAMPLES,
    data_path: str | os.PathLike[str] | None = None,
    progress: Progress = silent,
    training_bar: bool = False,
    announce: Callable[[str], None] = lambda stage: None,
) -> Demo:
    """Train a recipe, export it, load the file, and hold Lava and the reference against training.

    Parameters
    ----------
    folder : path-like
        Receives checkpoint, network and figures. A training that an earlier call finished here is
        not repeated, one that was interrupted goes on.
    recipe : str
    overrides : sequence of str
        See `load_recipe`.
    min_accuracy : float
        Share of test images that must be classified rightly.
    limit : int, optional
        Only the first so many test images.
    lava_samples : int
        Test images that run in Lava.
    data_path : path-like, optional
        Where the data set lies.
    progress : Progress
    training_bar : bool
        Show Lightning's own progress bar during training.
    announce : callable
        Told in a line what begins now.

    Returns
    -------
    Demo

    Raises
    ------
    ValueError
        If the recipe, the folder's checkpoint or the data cannot be used.
    """
    from lava_spquant.workflow.recipe import load_recipe
    from lava_spquant.workflow.train import train

    plan, target = load_recipe(recipe, overrides), Path(folder)
    announce(f"1/4  Training {plan.name} on {plan.data.name}, {plan.training.epochs} epochs")
    trained = train(plan, target, data_path=None if data_path is None else Path(data_path), progress=training_bar)
    path = target / f"{plan.name}.net"
    announce(f"2/4  Exporting {path}, and loading it back")
    network = load(export(trained.checkpoint, path)).network
    test, steps = plan.data.load(data_path).test, plan.data.steps
    announce("3/4  Comparing every spike and state at every step with what training computed")
    checked = verify(
        network,
        test,
        steps,
        model=trained.model,
        samples=limit,
        reference_samples=None,
        lava_samples=lava_samples,
        progress=progress,
    )
    announce("4/4  Measuring activity, and drawing")
    account = report(network, test, steps, limit=limit, progress=progress)
    figures = account.save_figures(target)
    return Demo(plan.name, plan.data.name, steps, min_accuracy, checked, account, trained.checkpoint, path, figures)

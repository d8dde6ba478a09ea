"""One trial: train it, write its integers down, and measure them."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from lava_spquant import ir, netx
from lava_spquant.data import Split
from lava_spquant.workflow.evaluate import evaluate
from lava_spquant.workflow.executor import default_executor
from lava_spquant.workflow.report import ACTIVITY_SAMPLES, report
from lava_spquant.workflow.search.files import write_json
from lava_spquant.workflow.search.starts import MAX_STARTS, count_start
from lava_spquant.workflow.search.study import Claim
from lava_spquant.workflow.search.validation import held_out
from lava_spquant.workflow.train import train

__all__ = ["NETWORK_FILE", "RESULT_FILE", "Failed", "Measured", "measure", "read_result", "run_trial"]

NETWORK_FILE, RESULT_FILE = "network.net", "result.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measured:
    """What a trial's integer network achieves and costs.

    Attributes
    ----------
    accuracy : float
        On the validation images, 0..1.
    memory_bytes : float
        Weights and state as built; see `lava_spquant.report.memory`.
    synops : float
        Synaptic operations per sample, a mean over validation images.
    weight_bytes, state_bytes, channel_bytes : float
        The two parts of `memory_bytes`, and the gains and biases beside them, 2 and 4 bytes each.
    samples : int
        Validation images that were classified.
    """

    accuracy: float
    memory_bytes: float
    synops: float
    weight_bytes: float
    state_bytes: float
    channel_bytes: float
    samples: int

    @property
    def objectives(self) -> tuple[float, float, float]:
        """Accuracy, memory and synaptic operations, in the order in which the study has them."""
        return self.accuracy, self.memory_bytes, self.synops


@dataclass(frozen=True)
class Failed:
    """Why a trial has no network.

    Attributes
    ----------
    error : str
    """

    error: str


def run_trial(claim: Claim, data_path: Path | None) -> Measured | Failed:
    """Train and measure a trial, going on where an earlier worker was stopped.

    The trial's folder then holds what `train` leaves, the integers as `network.net`, and
    `result.json`, which comes last.

    Parameters
    ----------
    claim : Claim
    data_path : Path, optional
        Where the data set lies.

    Returns
    -------
    Measured or Failed
        Failed where these values cannot be trained: the loss is not finite, a layer does not fit,
        the machine's accelerator is too small, it ended ten workers. What is wrong with the machine itself, such as a
        full disk, is raised instead, and leaves the trial to another worker.
    """
    known = read_result(claim.folder)
    if known is not None:
        return known
    try:
        found: Measured | Failed = _unless_hopeless(claim) or _train_and_measure(claim, data_path)
    except (ValueError, RuntimeError) as error:
        log.warning("trial %d failed: %s", claim.number, error)
        found = Failed(" ".join(str(error).split()) or type(error).__name__)
    write_json(claim.folder / RESULT_FILE, asdict(found))
    return found


def _unless_hopeless(claim: Claim) -> Failed | None:
    starts = count_start(claim.folder)
    if starts <= MAX_STARTS:
        return None
    return Failed(f"found {MAX_STARTS} workers that ended without a new checkpoint: it may need too much memory")


def _train_and_measure(claim: Claim, data_path: Path | None) -> Measured:
    recipe = claim.recipe
    trained = train(recipe, claim.folder, data_path=data_path, progress=False)
    network = trained.model.to_ir()
    about = {"recipe": recipe.name, "dataset": recipe.data.name, "steps": str(recipe.data.steps)}
    netx.save(network, claim.folder / NETWORK_FILE, metadata=about)
    return measure(network, held_out(recipe, data_path), recipe.data.steps)


def measure(network: ir.Network, split: Split, steps: int) -> Measured:
    """Classify `split`, and account for memory and synaptic operations.

    Parameters
    ----------
    network : Network
    split : ImageSplit or EventSplit
        Operations are counted on its first 200 images, where they settle to within a few percent.
    steps : int
        T.

    Raises
    ------
    ValueError
        If the images do not fit the network.
    """
    executor = default_executor()
    result = evaluate(network, split, steps, executor).result
    made = report(network, split, steps, limit=ACTIVITY_SAMPLES, executor=executor)
    assert made.activity is not None
    total = made.memory.total
    return Measured(
        accuracy=result.accuracy,
        memory_bytes=(total.weights + total.state).bits / 8,
        synops=made.activity.synops,
        weight_bytes=total.weights.bits / 8,
        state_bytes=total.state.bits / 8,
        channel_bytes=(total.gains + total.biases).bits / 8,
        samples=result.samples,
    )


def read_result(folder: Path) -> Measured | Failed | None:
    """Return what a trial's folder says of it; None where it does not say it."""
    try:
        values = json.loads((folder / RESULT_FILE).read_text(encoding="utf-8"))
        return Failed(str(values["error"])) if "error" in values else Measured(**values)
    except (OSError, ValueError, TypeError):
        return None

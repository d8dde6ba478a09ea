"""The card of a trained network: Markdown, every figure of which was measured by `make.py`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lava_spquant import netx
from lava_spquant.data import EventData, EventSplit, ImageData
from lava_spquant.report import Storage, network_rows
from lava_spquant.report.machine import Machine
from lava_spquant.workflow import EXECUTORS, Report, Verification

if TYPE_CHECKING:
    from lava_spquant.slayer.models import ConvNetConfig
    from lava_spquant.workflow.recipe import Recipe

__all__ = ["Facts", "card_text"]

DATA = {
    "digits": "the 8x8 handwritten digits that ship with scikit-learn (UCI, optical recognition of handwritten digits)",
    "mnist": "MNIST, handwritten digits of 28x28 pixels",
    "emulated-mnist": "MNIST as an emulated event camera sees it that makes three saccades over each image; these are "
    "no recordings, and no result on N-MNIST",
    "cifar10": "CIFAR-10, colour images of 32x32 pixels in ten classes",
}

LOSSY = " (from a copy in JPEG, whose pixels differ a little from the original's)"

TITLES = {
    "slayer": "SLAYER `eval()`",
    "reference": "integer reference (`ir.reference`)",
    "engine": "engine",
    "lava": "Lava Processes",
}


@dataclass(frozen=True, eq=False)
class Facts:
    """What was made and measured.

    Attributes
    ----------
    path : Path
        The `.net` file.
    recipe : Recipe
    images : ImageData or EventData
    verification : Verification
        All executors on test images; the first result is the baseline's.
    report : Report
    machine : Machine
        Where it was measured.
    versions : dict of str to str
        Of the libraries that took part.
    command : str
        What makes it again.
    """

    path: Path
    recipe: Recipe
    images: ImageData | EventData
    verification: Verification
    report: Report
    machine: Machine
    versions: dict[str, str]
    command: str


def card_text(facts: Facts) -> str:
    """Return the card as Markdown."""
    sections = (_head, _agreement, _blocks, _size, _activity, _training, _again)
    return "\n\n".join(section(facts) for section in sections) + "\n"


def _head(facts: Facts) -> str:
    model, test = facts.recipe.model, facts.images.test
    result = facts.verification.results[0].accuracy
    total = facts.report.memory.total.total
    weights = _weights(model)
    width = "1 bit" if test.bits == 1 else f"{test.bits} bits"
    shown = "a frame of the recording" if isinstance(test, EventSplit) else "the same image"
    size, digest = facts.path.stat().st_size, hashlib.sha256(facts.path.read_bytes()).hexdigest()
    copy = LOSSY if "JPEG" in test.source else ""
    intro = (
        f"A spiking convolutional network that classifies {DATA[facts.recipe.data.name]}{copy}. All that it computes "
        "with are integers, the same as those of the trained model in `eval()`."
    )
    rows = [
        ("Test accuracy", f"{result.accuracy:.2%} ({result.correct:,} of {result.samples:,} test images)"),
        ("Architecture", f"`{model.architecture}`{_pruned(model)}, input {_shape(test.shape)} with {width} per pixel"),
        ("Weights", weights),
        ("Neurons", _neurons(model)),
        ("Time steps", f"{facts.recipe.data.steps}, {shown} at each"),
        ("Memory", f"{_kb(total.bits)} kB; {_kb(total.bits_at_32)} kB at 32 bit"),
        ("File", f"{size:,} bytes, NetX profile `{netx.info(facts.path).profile}`"),
        ("SHA-256", f"`{digest}`"),
    ]
    return f"# {facts.path.name}\n\n{intro}\n\n" + _table(("", ""), rows, numbers=0)


def _pruned(model: ConvNetConfig) -> str:
    left = ", ".join(map(str, model.channels))
    return f" pruned to {left} channels" if left else ""


def _neurons(model: ConvNetConfig) -> str:
    from lava_spquant.slayer.models.architecture import has_binary_blocks

    if has_binary_blocks(model.architecture):
        return f"thresholds without state; graded stream of {model.stream_bits} bits, clipped, between blocks"
    return f"membrane {model.membrane}, {model.reset} reset"


def _weights(model: ConvNetConfig) -> str:
    if model.weights:
        return f"layer by layer {', '.join(model.weights)}"
    widths = model.first_weight, model.weight, model.last_weight
    if len(set(widths)) == 1:
        return f"{model.weight} in every layer"
    return "{} in the first layer, {} in between, {} in the last".format(*widths)


def _agreement(facts: Facts) -> str:
    rows = []
    for result in facts.verification.results:
        account, found = result.accuracy, result.comparison
        compared = ("", "", "") if found is None else (found.spikes_compared, found.compared, found.mismatches)
        cells = (TITLES[account.executor], f"{account.samples:,}", f"{account.correct:,}", f"{account.accuracy:.2%}")
        rows.append((*cells, *(f"{n:,}" if isinstance(n, int) else n for n in compared)))
    columns = ("executor", "test images", "correct", "accuracy", "spikes compared", "values compared", "mismatches")
    base = EXECUTORS[facts.verification.baseline].label
    text = f"Every spike, graded value and state of every block at every step, held against {base}:"
    return f"## Agreement\n\n{text}\n\n{_table(columns, rows)}"


def _blocks(facts: Facts) -> str:
    rows = []
    network = facts.report.network
    for block, shape, row in zip(network.blocks, network.shapes, network_rows(network), strict=True):
        levels = f", {row['state_levels']} levels" if row["state_levels"] else ""
        neuron = f"{block.neuron.kind}, {block.neuron.state_bits} bit{levels}"
        rows.append((block.name, " + ".join(row["synapses"]), neuron, _shape(shape)))
    return "## Blocks\n\n" + _table(("block", "synapses", "neuron", "shape"), rows, numbers=1)


def _size(facts: Facts) -> str:
    account = facts.report.memory
    rows = []
    for row in (*account.rows, account.total):
        bits = ", ".join(f"{width:g}" for width in row.weight_bits)
        parts = (row.weights, row.gains + row.biases, row.state, row.total)
        name = "all" if row is account.total else row.name
        rows.append((name, bits, f"{row.weights.count:,}", *map(_against_32, parts), f"{row.ratio:.1f}"))
    columns = ("block", "weight bits", "weights", "weights kB", "gain, bias kB", "state kB", "total kB", "ratio")
    text = (
        "As built, in kB (1,000 bytes), and in brackets the same values at 32 bit. A ternary weight (1.58 bits) "
        "or membrane takes 2 bits."
    )
    return f"## Size\n\n{text}\n\n{_table(columns, rows)}"


def _activity(facts: Facts) -> str:
    measured = facts.report.activity
    assert measured is not None
    rows = []
    for row in measured.rows:
        rate = "" if row.spike_rate is None else f"{row.spike_rate:.3f}"
        cells = (f"{n:,.0f}" for n in (row.synops, row.synops_effective, row.synops_dense))
        rows.append((row.name, rate, *cells))
    rate = "" if measured.spike_rate is None else f"{measured.spike_rate:.3f}"
    sums = (sum(getattr(row, f"synops{kind}") for row in measured.rows) for kind in ("", "_effective", "_dense"))
    rows.append(("all", rate, *(f"{n:,.0f}" for n in sums)))
    columns = ("block", "spike rate", "synaptic operations", "with weight not 0", "if every input were active")
    text = f"Means over {measured.samples:,} test images: spikes per neuron and step, and operations per image."
    return f"## Activity\n\n{text}\n\n{_table(columns, rows)}"


def _training(facts: Facts) -> str:
    from lava_spquant.workflow.recipe import recipe_text

    text = (
        f"Trained on {len(facts.images.train):,} images with this recipe. The network is that of the last epoch, so "
        f"the {len(facts.images.test):,} test images have not chosen one."
    )
    return f"## Training\n\n{text}\n\n```yaml\n{recipe_text(facts.recipe).strip()}\n```"


def _again(facts: Facts) -> str:
    libraries = ", ".join(f"{name} {number}" for name, number in facts.versions.items())
    text = (
        f"Measured on {facts.machine}; {libraries}. Training computes in floating point, which differs in the last "
        "digits from machine to machine, so a network trained again need not have these very weights. The integers "
        "of this file give the figures above everywhere."
    )
    return f"## Make it again\n\n```sh\n{facts.command}\n```\n\n{text}"


def _against_32(part: Storage) -> str:
    return f"{_kb(part.bits)} ({_kb(part.bits_at_32)})"


def _kb(bits: int) -> str:
    return f"{bits / 8e3:,.2f}"


def _shape(shape: Sequence[int]) -> str:
    return "x".join(str(n) for n in shape)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: int | None = None) -> str:
    """Return a Markdown table; columns from the second on are numbers unless told otherwise."""
    aligned = len(columns) if numbers is None else numbers
    rule = ["---" if i == 0 or i >= aligned else "---:" for i in range(len(columns))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (columns, rule, *rows))

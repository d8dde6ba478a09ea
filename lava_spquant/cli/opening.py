"""What commands open before they work: networks, and the training libraries without their chatter."""

from __future__ import annotations

import io
import logging
import os
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from lava_spquant.ir import Shape
from lava_spquant.workflow import Loaded, load
from lava_spquant.workflow.loading import CHECKPOINT_SUFFIX

__all__ = ["load_training", "open_source", "parse_shape"]

TALKATIVE = ("lightning.pytorch", "lightning.fabric")


def load_training(debug: bool = False) -> None:
    """Import torch, Lightning and SLAYER, and keep their notices about this machine to themselves.

    Raises
    ------
    ModuleNotFoundError
        If one of them is not installed.
    """
    # torch's threads spin while they wait: on a busy machine, small layers then train forty times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if debug:
        import lava_spquant.workflow.train

        return
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        import lava_spquant.workflow.train  # noqa: F401
    # Only now: Lightning sets its own level when it is imported.
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning\..*")


def open_source(
    source: Path,
    *,
    dataset: str | None,
    steps: int | None,
    input_shape: str | None,
    input_bits: int | None,
    debug: bool,
) -> Loaded:
    """Open what a command was given; see `workflow.load`."""
    shape = parse_shape(input_shape)
    if source.suffix == CHECKPOINT_SUFFIX:
        load_training(debug)
    return load(source, dataset=dataset, steps=steps, input_shape=shape, input_bits=input_bits)


def parse_shape(text: str | None) -> Shape | None:
    """Return the shape that `text` ("1,28,28") names.

    Raises
    ------
    ValueError
        If it is anything but whole numbers.

    Examples
    --------
    >>> parse_shape("1,28,28")
    (1, 28, 28)
    """
    if text is None:
        return None
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts):
        raise ValueError(f"--input-shape: found {text!r}, expected whole numbers such as 1,28,28")
    return tuple(int(part) for part in parts)

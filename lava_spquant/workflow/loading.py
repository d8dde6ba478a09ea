"""A network from wherever it was written down: a `.net` file, or a checkpoint of training."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lava_spquant import ir, netx

if TYPE_CHECKING:
    from lava_spquant.data import EventData, EventSplit, FrameConfig, ImageData, ImageSplit, Split
    from lava_spquant.slayer import SpikingNetwork

__all__ = ["CHECKPOINT_SUFFIX", "Loaded", "export", "load", "open_checkpoint"]

CHECKPOINT_SUFFIX = ".ckpt"

STEPS_MAX = 4096
"""More time steps than any network here is trained for; a file that claims more is damaged."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """A network and what its file says about how it was trained.

    Attributes
    ----------
    network : Network
    model : SpikingNetwork or None
        The trained model, where the file is a checkpoint.
    recipe, dataset : str or None
        Names of the recipe and of the data set.
    steps : int or None
        T, the time steps of a sample.
    """

    network: ir.Network
    model: SpikingNetwork | None = None
    recipe: str | None = None
    dataset: str | None = None
    steps: int | None = None

    def test_data(self, path: str | os.PathLike[str] | None = None) -> Split:
        """Load the test samples of the data set that the network belongs to.

        Recordings become frames of the size, width and number that the network reads.

        Parameters
        ----------
        path : path-like, optional
            Where the data lies; by default the data set's own places are searched.

        Raises
        ------
        ValueError
            If the file names no data set, or it cannot be loaded.
        """
        return self._data(path).test

    def train_data(self, path: str | os.PathLike[str] | None = None) -> ImageSplit | EventSplit:
        """Load the training samples of the data set that the network belongs to, as `test_data` does the others.

        Raises
        ------
        ValueError
            As `test_data`.
        """
        return self._data(path).train

    def _data(self, path: str | os.PathLike[str] | None) -> ImageData | EventData:
        from lava_spquant import data

        if self.dataset is None:
            expected = f"one of {', '.join(data.DATASETS)}"
            raise ValueError(f"{self.network.name}: data set: found none in the file, expected its name: {expected}")
        recordings = isinstance(data.DATASETS.get(self.dataset), data.EventLoader)
        return data.load(self.dataset, path, self._frames() if recordings else None)

    def _frames(self) -> FrameConfig:
        from lava_spquant.data import FrameConfig
        from lava_spquant.data.event import BITS_MAX

        shape, bits = self.network.input.shape, self.network.input.bits
        # A network that reads a row does not tell the frames' sides: those of the data set are meant.
        return FrameConfig(self.known_steps(), min(bits, BITS_MAX), shape[-1] if len(shape) == 3 else 0)

    def known_steps(self) -> int:
        """Return T.

        Raises
        ------
        ValueError
            If the file does not say it.
        """
        if self.steps is None:
            raise ValueError(f"{self.network.name}: time steps: found none in the file, expected them to be given")
        return self.steps


def load(
    path: str | os.PathLike[str],
    *,
    dataset: str | None = None,
    steps: int | None = None,
    input_shape: ir.Shape | None = None,
    input_bits: int | None = None,
) -> Loaded:
    """Open a `.net` file, or a checkpoint (`.ckpt`) together with its trained model.

    Parameters
    ----------
    path : path-like
    dataset, steps : optional
        Instead of what the file says; files of other programs say neither.
    input_shape, input_bits : optional
        For files that do not hold them; see `netx.load`.

    Raises
    ------
    ValueError
        If the file is missing, damaged or no network: what was found and what was expected.
    """
    if Path(path).suffix == CHECKPOINT_SUFFIX:
        found = open_checkpoint(path)
    else:
        about = netx.info(path).metadata
        network = netx.load(path, input_shape=input_shape, input_bits=input_bits)
        found = Loaded(network, None, about.get("recipe"), about.get("dataset"), _stored_steps(path, about))
    if steps is not None:
        _check_steps("steps", steps)
    return replace(found, dataset=dataset or found.dataset, steps=steps if steps is not None else found.steps)


def open_checkpoint(path: str | os.PathLike[str]) -> Loaded:
    """Open a checkpoint of training.

    Raises
    ------
    FileNotFoundError
        If it is missing.
    ValueError
        If it is damaged.
    """
    from lava_spquant.workflow.train import load_checkpoint

    recipe, model = load_checkpoint(Path(path))
    return Loaded(model.to_ir(), model, recipe.name, recipe.data.name, recipe.data.steps)


def export(
    checkpoint: str | os.PathLike[str], path: str | os.PathLike[str], profile: netx.Profile | None = None
) -> Path:
    """Write the integer network of a checkpoint as a `.net` file.

    The file also holds the names of recipe and data set and the time steps of a sample, so that
    `load` knows how to run it.

    Parameters
    ----------
    checkpoint : path-like
    path : path-like
        Missing folders are made.
    profile : {"stock", "spquant"}, optional
        See `netx.save`.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ValueError
        If the checkpoint is damaged, or the network does not fit the profile.
    """
    found = open_checkpoint(checkpoint)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    about = {"recipe": found.recipe, "dataset": found.dataset, "steps": found.steps}
    netx.save(found.network, target, profile=profile, metadata={k: str(v) for k, v in about.items() if v is not None})
    return target


def _stored_steps(path: str | os.PathLike[str], about: dict[str, str]) -> int | None:
    text = about.get("steps")
    if text is None:
        return None
    where = f"{Path(path).name}: metadata 'steps'"
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(STEPS_MAX))):
        raise ValueError(f"{where}: found {text[:40]!r}, expected a number in 1..{STEPS_MAX}")
    return _check_steps(where, int(text))


def _check_steps(where: str, steps: int) -> int:
    if not 1 <= steps <= STEPS_MAX:
        raise ValueError(f"{where}: found {steps}, expected 1..{STEPS_MAX}")
    return steps

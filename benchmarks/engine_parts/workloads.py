"""The networks that are timed, each with its input."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common import ROOT

from lava_spquant import ir, netx
from lava_spquant.data import DataError, ImageSplit, mnist
from lava_spquant.engine import Engine

__all__ = ["MNIST", "NAMES", "OWN", "OWN_STEPS", "Workload", "digests", "mnist_images", "workloads"]

SHARED = Path(os.environ.get("LAVA_SPQUANT_SHARED", ROOT.parent / "shared"))
"""Networks and data sets that are too large for the repository."""

PILOTNET = SHARED / "reference" / "lava-dl" / "pilotnet_lif" / "network.net"
LAVA_DL_MNIST = SHARED / "reference" / "lava-dl" / "mnist" / "trained_mnist_network.net"
OWN = ROOT / "netx_models" / "mnist.net"
MNIST = SHARED / "data" / "mnist.npz"

NAMES = ("pilotnet_lif", "lava-dl-mnist", "our-mnist")
"""Networks published with lava-dl, and the one of `netx_models/`."""

PILOTNET_RESET = 17
OWN_STEPS = 4
LAVA_DL_MNIST_STEPS = 12

BRIGHTNESS = (500, 2500)
"""Of PilotNet's active pixels: some spike at every step, others at every second or fifth, so no two steps are alike."""


@dataclass(frozen=True, eq=False)
class Workload:
    """A network and its input.

    Attributes
    ----------
    name, density : str
        For tables; the density is what was asked for.
    path : Path
        The `.net` file.
    network : ir.Network
    timing : ir.Timing
        Lava's, so that both sides do the same.
    x : numpy.ndarray of int, shape (T, N, *input shape)
    lava_dl : bool
        lava-dl's own NetX can run it.
    lava_scale : int
        How many more steps Lava runs per turn than of PilotNet.
    """

    name: str
    density: str
    path: Path
    network: ir.Network
    timing: ir.Timing
    x: ir.IntArray
    lava_dl: bool
    lava_scale: int


def digests() -> dict[Path, str]:
    """Return the SHA-256 of every file that is at hand."""
    paths = (PILOTNET, LAVA_DL_MNIST, OWN, MNIST)
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths if path.is_file()}


def workloads(names: Collection[str], densities: Sequence[float], steps: int, batch: int) -> Iterator[Workload]:
    """Yield those of the named networks that are at hand.

    Parameters
    ----------
    names : collection of str
        Among `NAMES`.
    densities : sequence of float
        Share of neurons of the input that spike per time step; MNIST's images have their own.
    steps, batch : int
        Time steps (MNIST of lava-dl gets more, for it is small) and streams.
    """
    if "pilotnet_lif" in names and PILOTNET.is_file():
        for density in densities:
            yield _pilotnet(density, steps, batch)
    if "lava-dl-mnist" in names and LAVA_DL_MNIST.is_file():
        for density in densities:
            yield _lava_dl_mnist(density, LAVA_DL_MNIST_STEPS * steps, batch)
    if "our-mnist" in names:
        yield _own(steps, batch)


def _lava_dl_mnist(density: float, steps: int, batch: int) -> Workload:
    """Show spikes drawn by chance."""
    network = netx.load(LAVA_DL_MNIST)
    shape = (steps, batch, *network.input.shape)
    x = (np.random.default_rng(0).random(shape, np.float32) < density).astype(np.uint8)
    timing = ir.Timing(pipelined=True)
    return Workload("lava-dl-mnist", f"{density:.0%}", LAVA_DL_MNIST, network, timing, x, True, 16)


def _pilotnet(density: float, steps: int, batch: int) -> Workload:
    """Show images whose input layer spikes at `density`, as a mean over neurons and steps of a sample."""
    network = netx.load(PILOTNET)
    rng = np.random.default_rng(0)
    bright = rng.integers(*BRIGHTNESS, (batch, *network.input.shape))
    # How often a bright pixel spikes decides how many pixels may be bright.
    whole = _repeated(bright[:1], PILOTNET_RESET)
    rate = Engine(ir.Network(network.input, network.blocks[:1])).run(whole).output.mean()
    images = bright * (rng.random(bright.shape) < density / rate)
    timing = ir.Timing(pipelined=True, reset_interval=PILOTNET_RESET, reset_offset=0)
    return Workload("pilotnet_lif", f"{density:.0%}", PILOTNET, network, timing, _repeated(images, steps), True, 1)


def _own(steps: int, batch: int) -> Workload:
    """Show test images one after the other on every stream; images drawn by chance where MNIST is not at hand."""
    network = netx.load(OWN)
    number = -(-steps // OWN_STEPS)
    split = mnist_images()
    if split is not None:
        images = split.images[np.arange(batch * number) % len(split)]
    else:
        rng = np.random.default_rng(0)
        shape = (batch * number, *network.input.shape)
        images = rng.integers(1, 256, shape) * (rng.random(shape) < 0.2)
    streams = images.astype(np.int32).reshape(batch, number, *network.input.shape).swapaxes(0, 1)
    x = np.repeat(streams, OWN_STEPS, axis=0)
    timing = ir.Timing(pipelined=True, reset_interval=OWN_STEPS)
    density = "MNIST" if split is not None else "random images"
    return Workload("our-mnist", density, OWN, network, timing, x, False, 4)


def mnist_images() -> ImageSplit | None:
    """Return MNIST's test images, or None where they are not at hand."""
    try:
        return mnist(MNIST if MNIST.is_file() else None).test
    except DataError:
        return None


def _repeated(images: ir.IntArray, steps: int) -> ir.IntArray:
    return np.broadcast_to(images.astype(np.int32), (steps, *images.shape))

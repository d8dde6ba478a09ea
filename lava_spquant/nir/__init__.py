"""Exchange with other frameworks through NIR, the Neuromorphic Intermediate Representation.

Importing needs torch, exporting does not; both need the `nir` package (extra `nir`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lava_spquant.nir.config import ImportConfig
from lava_spquant.nir.errors import NirError
from lava_spquant.nir.export import from_network, save
from lava_spquant.nir.loading import has_integers, load, to_network
from lava_spquant.nir.reading import read

if TYPE_CHECKING:
    import nir

    from lava_spquant.slayer import SpikingNetwork

__all__ = [
    "ImportConfig",
    "NirError",
    "from_network",
    "has_integers",
    "load",
    "read",
    "save",
    "to_model",
    "to_network",
]


def to_model(
    source: nir.NIRGraph | str | os.PathLike[str], config: ImportConfig, name: str = "network"
) -> SpikingNetwork:
    """Make a trainable network of a NIR graph, as a starting point for calibration and fine-tuning.

    Parameters
    ----------
    source : nir.NIRGraph or path-like
    config : ImportConfig
    name : str

    Returns
    -------
    SpikingNetwork
        In `train()` mode it computes the graph's equations in float.

    Raises
    ------
    NirError
        If the file cannot be read, or a node has no counterpart here: recurrent connections, branches, delays,
        one-dimensional convolutions, leaky read-outs.

    Examples
    --------
    >>> import nir
    >>> import numpy as np
    >>> one = np.ones(3)
    >>> lif = nir.LIF(tau=0.01 * one, r=one, v_leak=0 * one, v_threshold=one)
    >>> graph = nir.NIRGraph.from_list(nir.Linear(np.ones((3, 2))), lif)
    >>> model = to_model(graph, ImportConfig(dt=1e-3))
    >>> model.blocks[0].neuron.config.voltage_decay
    0.1
    """
    from lava_spquant.nir.model import build_model

    return build_model(source, config, name)

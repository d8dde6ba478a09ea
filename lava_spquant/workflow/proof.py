"""The proof, in training, that the network of a recipe can exist in integers."""

from __future__ import annotations

from lava_spquant.ir import NetworkError
from lava_spquant.slayer import SpikingNetwork
from lava_spquant.slayer.models import ConvNetConfig

__all__ = ["prove"]


def prove(model: SpikingNetwork, config: ConvNetConfig) -> None:
    """Make the integer network of a model once, which proves that nothing in it can overflow.

    A model in `eval()` runs block by block in integers as wide as torch's, and so would answer for a network that no
    24-bit accumulator can hold.

    Parameters
    ----------
    model : SpikingNetwork
        Trained or not, in any mode; left as it is.
    config : ConvNetConfig
        What it was built from.

    Raises
    ------
    NetworkError
        If there is no such integer network: what is wrong with which block, of which architecture, and what to change.
    """
    try:
        model.to_ir()
    except NetworkError as error:
        where, hint = f"model: architecture {config.architecture!r}", "weights of fewer bits, or fewer channels"
        if config.graded:
            where = f"{where} with stream_bits {config.stream_bits}"
            hint = "a narrower model.stream_bits, or a pool in front of FC"
        raise NetworkError(f"{where}: {error}; what is too large shrinks with {hint}") from error

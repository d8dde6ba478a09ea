"""How much a channel matters, by one number."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lava_spquant.prune.statistics import ChannelStatistics

__all__ = ["CRITERIA", "scores"]

Score = Callable[[ChannelStatistics], NDArray[np.float64]]

CRITERIA: dict[str, Score] = {
    # A potential that never rises as far as a spike may rest above the lowest level for ever.
    "membrane": lambda seen: np.where(seen.rate > 0, seen.above, 0.0),
    "duty": lambda seen: seen.duty,
    "weight": lambda seen: seen.weight,
    "spike-rate": lambda seen: seen.rate,
    "singular": lambda seen: seen.singular,
}
"""By name: the membrane prior (ours: a channel that never fires, or whose potentials rest on the lowest level, says
nothing), how often the target mask holds it, the magnitude of its weights, its spike rate, and the singular values of
its spikes (QP-SNN)."""


def scores(criterion: str, seen: Sequence[ChannelStatistics]) -> tuple[NDArray[np.float64], ...]:
    """Return every channel's score, per width; larger matters more.

    Parameters
    ----------
    criterion : str
        Among `CRITERIA`, or "random:<seed>", which is what every other one has to beat.
    seen : sequence of ChannelStatistics

    Raises
    ------
    ValueError
        If there is no such criterion.
    """
    name, _, seed = criterion.partition(":")
    if name == "random" and seed.isdigit():
        rng = np.random.default_rng(int(seed))
        return tuple(rng.random(len(one.rate)) for one in seen)
    if criterion not in CRITERIA:
        expected = ", ".join(CRITERIA)
        raise ValueError(f"prune: criterion: found {criterion!r}, expected one of {expected}, random:<seed>")
    return tuple(CRITERIA[criterion](one) for one in seen)

"""What each block of a network is quantised to."""

from __future__ import annotations

from dataclasses import dataclass

from lava_spquant.slayer.block import Block
from lava_spquant.slayer.calibrate.config import CalibrationConfig
from lava_spquant.slayer.export import deployed_blocks
from lava_spquant.slayer.membrane import MembraneConfig, membrane
from lava_spquant.slayer.network import SpikingNetwork
from lava_spquant.slayer.neuron import QLif
from lava_spquant.slayer.quant import WeightQuantiser, weight_quantiser
from lava_spquant.slayer.synapse import WeightedSynapse

__all__ = ["Choice", "choices_like", "choices_of"]


@dataclass(frozen=True)
class Choice:
    """Of one deployed block.

    Attributes
    ----------
    quantisers : tuple of WeightQuantiser or None
        Per branch; None where there are no weights.
    keeps_levels : bool
        Potentials stay as they are.
    levels : MembraneConfig or None
        Those that potentials get, unless they stay or are fitted; None is 24 bits.
    fitted_bits : int or None
        Bits of levels that are fitted to the potentials.
    """

    quantisers: tuple[WeightQuantiser | None, ...]
    keeps_levels: bool = True
    levels: MembraneConfig | None = None
    fitted_bits: int | None = None


def choices_of(model: SpikingNetwork, config: CalibrationConfig) -> list[Choice]:
    """Return what `config` says of every deployed block."""
    weighted = [[isinstance(b.synapse, WeightedSynapse) for b in part.branches] for part in _parts(model)]
    places = [index for index, branches in enumerate(weighted) if any(branches)]
    names = dict.fromkeys(places, config.weight)
    if places:
        names[places[0]], names[places[-1]] = config.first_weight, config.last_weight
    keeps, bits = config.membrane == "keep", config.fitted_bits
    levels = None if keeps or bits is not None else membrane(config.membrane)
    return [
        Choice(tuple(weight_quantiser(names[i]) if has else None for has in branches), keeps, levels, bits)
        for i, branches in enumerate(weighted)
    ]


def choices_like(model: SpikingNetwork, like: SpikingNetwork) -> list[Choice]:
    """Return what the blocks of `like` have.

    Raises
    ------
    ValueError
        If its blocks are not those of `model`.
    """
    choices = []
    kinds = [[(type(p.neuron), [type(b.synapse) for b in p.branches]) for p in _parts(m)] for m in (model, like)]
    if kinds[0] != kinds[1]:
        raise ValueError(f"calibrate: like: found other blocks ({like.name}), expected those of {model.name}")
    for part in _parts(like):
        synapses = [branch.synapse for branch in part.branches]
        quantisers = tuple(s.quantiser if isinstance(s, WeightedSynapse) else None for s in synapses)
        levels = part.neuron.config.membrane if isinstance(part.neuron, QLif) else None
        choices.append(Choice(quantisers, not isinstance(part.neuron, QLif), levels))
    return choices


def _parts(model: SpikingNetwork) -> list[Block]:
    return [deployed.block for deployed in deployed_blocks(list(model))]

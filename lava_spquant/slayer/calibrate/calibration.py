"""Quantising a trained network without training it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lava_spquant.slayer.block import Block
from lava_spquant.slayer.calibrate.choice import Choice, choices_like, choices_of
from lava_spquant.slayer.calibrate.config import CalibrationConfig
from lava_spquant.slayer.calibrate.observe import Arrived, arrived, branch_currents
from lava_spquant.slayer.calibrate.potentials import as_learned, fit_membrane, in_thresholds, stored_potentials
from lava_spquant.slayer.calibrate.statistics import is_adjustable, match_moments, moments, scale_current, set_weight
from lava_spquant.slayer.calibrate.weights import fit_weights, weight_error
from lava_spquant.slayer.export import Deployed, deployed_blocks
from lava_spquant.slayer.membrane import MembraneConfig
from lava_spquant.slayer.network import SpikingNetwork
from lava_spquant.slayer.neuron import Cuba, QLif, QLifConfig, RelayNeuron, qlif
from lava_spquant.slayer.stream import Stream
from lava_spquant.slayer.synapse import WeightedSynapse

__all__ = ["Calibrated", "CalibrationRow", "calibrate"]

FACTORS = tuple(2 ** (k / 12) for k in range(-12, 13))
"""Factors on a block's current that are tried: half to twice, in twelfths of an octave."""


@dataclass(frozen=True)
class CalibrationRow:
    """What calibration chose for one deployed block.

    Attributes
    ----------
    block : str
    weight_bits : tuple of float
        Declared width, per branch with weights.
    weight_error : float
        `|q - w| / |w|` over all weights of the block.
    membrane : MembraneConfig or None
    factor : float
        What the block's current was multiplied by, to spike as often as before.
    rate_before, rate_after : float or None
        Spikes per neuron and step on the calibration samples; None where the block does not spike.
    """

    block: str
    weight_bits: tuple[float, ...]
    weight_error: float
    membrane: MembraneConfig | None
    factor: float = 1.0
    rate_before: float | None = None
    rate_after: float | None = None


@dataclass(frozen=True, eq=False)
class Calibrated:
    """A quantised network, and what was chosen for it.

    Attributes
    ----------
    model : SpikingNetwork
        In `eval()` mode; it can be deployed, or trained further.
    rows : tuple of CalibrationRow
        One per deployed block.
    """

    model: SpikingNetwork
    rows: tuple[CalibrationRow, ...]


@torch.no_grad()
def calibrate(
    model: SpikingNetwork,
    batches: Iterable[Tensor | Sequence[Tensor]],
    config: CalibrationConfig,
    like: SpikingNetwork | None = None,
) -> Calibrated:
    """Quantise a trained network without training it, on samples of what it will read.

    Block by block, each behind those that are quantised already: weights get the step that errs least; batch-norm, or
    the bias, gives every channel's current the mean and spread that it had; the potential gets its levels; and the
    current is scaled so that neurons spike as often as they did. Predictors keep their quantiser and come before the
    block that they gate, whose neurons get what the gates let pass, before as after. Everything but the quantisers and
    the levels ends in the network's ordinary parameters, so that a recipe which names the same quantisers can go on
    training them.

    Parameters
    ----------
    model : SpikingNetwork
        Trained in float (`weight="none"`) or at any width; it is left as it is.
    batches : iterable of Tensor, or of (Tensor, ...)
        Inputs NCT or NCHWT; of a sequence the first is taken. No labels are needed.
    config : CalibrationConfig
    like : SpikingNetwork, optional
        A network of the same architecture whose quantisers and levels are taken, block by block, instead of those of
        `config`.

    Returns
    -------
    Calibrated

    Raises
    ------
    ValueError
        If there are no samples, `like` is of another architecture, or levels are asked for where CUBA neurons keep 24
        bits.

    Examples
    --------
    >>> from lava_spquant import ir
    >>> from lava_spquant.slayer import block
    >>> neuron = {"threshold": 1.0, "membrane": "none"}
    >>> blocks = [block.Dense(neuron, 8, 16, weight="none"), block.Readout(16, 3, weight="none")]
    >>> trained = SpikingNetwork(blocks, ir.InputSpec((8,)))
    >>> done = calibrate(trained, [torch.ones(5, 8, 4)], CalibrationConfig(membrane="ternary"))
    >>> [row.weight_bits for row in done.rows]
    [(8.0,), (8.0,)]
    """
    x = _samples(batches, config.samples)
    before = copy.deepcopy(model).eval()
    after = copy.deepcopy(model).eval()
    x = x.to(next(model.parameters(), x).device)
    choices = choices_of(after, config) if like is None else choices_like(after, like)
    _set_quantisers(after, choices)
    rows = []
    for (old, name, *_), (new, *_), choice in zip(_parts(before), _parts(after), choices, strict=True):
        was = arrived(before, old, x)
        for branch in new.branches:
            if isinstance(branch.synapse, WeightedSynapse):
                set_weight(branch.synapse, fit_weights(branch.synapse.weight, branch.synapse.quantiser))
        rows.append(_calibrate_block(name, old, new, was, arrived(after, new, x), choice, config.match_rates))
    after.to_ir()
    return Calibrated(after, tuple(rows))


def _samples(batches: Iterable[Tensor | Sequence[Tensor]], most: int) -> Tensor:
    parts: list[Tensor] = []
    for batch in batches:
        parts.append(batch if isinstance(batch, Tensor) else batch[0])
        if sum(len(part) for part in parts) >= most:
            break
    if not parts or not sum(len(part) for part in parts):
        raise ValueError("calibrate: batches: found no samples, expected at least one")
    return torch.cat(parts)[:most].to(torch.get_default_dtype())


def _parts(model: SpikingNetwork) -> list[Deployed]:
    return deployed_blocks(list(model))


def _set_quantisers(model: SpikingNetwork, choices: list[Choice]) -> None:
    for (part, *_), choice in zip(_parts(model), choices, strict=True):
        for branch, quantiser in zip(part.branches, choice.quantisers, strict=True):
            if quantiser is not None:
                assert isinstance(branch.synapse, WeightedSynapse)
                branch.synapse.quantiser = quantiser
    # Tells quantisers that go by what they read.
    stream = Stream.of_input(model.input_spec)
    for block in model:
        stream = block.set_reads(stream)


def _calibrate_block(
    name: str, old: Block, new: Block, was: Arrived, now: Arrived, choice: Choice, match_rates: bool
) -> CalibrationRow:
    bits, error = _weight_row(old, new)
    # Sums pass on unchanged, and batch-norm of a CUBA neuron acts behind the filter of its current.
    if isinstance(new.neuron, RelayNeuron):
        return CalibrationRow(name, bits, error, None)
    if isinstance(new.neuron, Cuba):
        if not choice.keeps_levels:
            raise ValueError(
                f"calibrate: block {name!r}: found a CUBA neuron, expected membrane='keep': it has 24 bits"
            )
        return CalibrationRow(name, bits, error, None)
    before = branch_currents(old, was.inputs)
    # Of all channels and places, whatever gates leave of them: so does batch-norm in training.
    for branch, current, wanted in zip(new.branches, branch_currents(new, now.inputs), before, strict=True):
        match_moments(branch, moments(current), moments(wanted))
    if not isinstance(new.neuron, QLif):
        return CalibrationRow(name, bits, error, None)
    assert isinstance(old.neuron, QLif)
    spikes = qlif(in_thresholds(was.passes(_total(before)), old.neuron), as_learned(old.neuron))
    current = in_thresholds(now.passes(_total(branch_currents(new, now.inputs))), new.neuron)
    new.neuron.config = replace(new.neuron.config, membrane=_levels(as_learned(new.neuron), current, choice))
    adjustable = all(is_adjustable(branch) for branch in new.branches)
    factor = _factor(current, spikes, as_learned(new.neuron)) if match_rates and adjustable else 1.0
    if factor != 1:
        for branch in new.branches:
            scale_current(branch, factor)
    after = qlif(current * factor, as_learned(new.neuron))
    levels = new.neuron.config.membrane
    return CalibrationRow(name, bits, error, levels, factor, float(spikes.mean()), float(after.mean()))


def _total(currents: list[Tensor]) -> Tensor:
    total = currents[0]
    for current in currents[1:]:
        total = total + current
    return total


def _weight_row(old: Block, new: Block) -> tuple[tuple[float, ...], float]:
    found = [b.synapse for b in new.branches if isinstance(b.synapse, WeightedSynapse)]
    if not found:
        return (), 0.0
    wanted = [b.synapse.weight.reshape(-1) for b in old.branches if isinstance(b.synapse, WeightedSynapse)]
    integers = [synapse.integer_weight() for synapse in found]
    real = torch.cat([values.real().reshape(-1) for values in integers])
    return tuple(float(values.bits) for values in integers), weight_error(torch.cat(wanted), real)


def _levels(neuron: QLifConfig, current: Tensor, choice: Choice) -> MembraneConfig | None:
    if choice.fitted_bits is not None:
        return fit_membrane(stored_potentials(current, neuron), choice.fitted_bits, neuron.frac_bits, neuron.membrane)
    return neuron.membrane if choice.keeps_levels else choice.levels


def _factor(current: Tensor, spikes: Tensor, neuron: QLifConfig) -> float:
    """Return the factor with which every neuron's spikes over time come closest to those before."""
    wanted = spikes.sum(dim=0)
    errors = {f: float((qlif(current * f, neuron).sum(dim=0) - wanted).square().mean()) for f in FACTORS}
    return min(errors, key=lambda f: (errors[f], abs(f - 1)))

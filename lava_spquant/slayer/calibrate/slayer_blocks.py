"""Networks of lava-dl's SLAYER blocks as ours, to start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from lava.lib.dl.slayer.block import cuba
from torch import Tensor, nn

from lava_spquant import ir
from lava_spquant.slayer import block
from lava_spquant.slayer.calibrate.statistics import set_weight
from lava_spquant.slayer.membrane import membrane
from lava_spquant.slayer.network import SpikingNetwork
from lava_spquant.slayer.neuron import CubaConfig, QLifConfig
from lava_spquant.slayer.synapse import WeightedSynapse

__all__ = ["from_slayer"]


def from_slayer(
    blocks: Iterable[nn.Module],
    input_spec: ir.InputSpec,
    *,
    weight: str = "slayer8",
    levels: str | None = None,
    name: str = "network",
) -> SpikingNetwork:
    """Return a network of our blocks with the weights and neurons of trained `lava.lib.dl.slayer.block.cuba` blocks.

    Outputs are not shifted: where the blocks shift theirs by a step (`delay_shift`), this network's spikes come that
    many steps earlier, and are the same. Weights may have been trained with any `pre_hook_fx`, whose place `weight`
    takes.

    Parameters
    ----------
    blocks : iterable of torch.nn.Module
        Blocks of the kinds Input, Flatten, Dense, Conv, Pool and Average in a row.
    input_spec : ir.InputSpec
    weight : str
        Quantiser; "slayer8" is SLAYER's own.
    levels : str, optional
        Make neurons whose current does not last (`current_decay` 1) into ones with a quantised potential, of these
        levels ("none" keeps 24 bits): only those can go below. By default all stay CUBA neurons.
    name : str

    Raises
    ------
    ValueError
        If a block is of another kind or uses what cannot be deployed: delays, neuron norms, decays per channel, graded
        spikes, affine inputs. The block and what is expected.

    Examples
    --------
    >>> from lava.lib.dl import slayer
    >>> neuron = {"threshold": 1.25, "current_decay": 1.0, "voltage_decay": 0.1}
    >>> trained = [slayer.block.cuba.Dense(neuron, 8, 4)]
    >>> from_slayer(trained, ir.InputSpec((8,)), levels="none").blocks[0].neuron.config.voltage_decay
    0.10009765625
    """
    reader = _Reader(input_spec, weight, levels)
    made = [reader.read(position, old) for position, old in enumerate(blocks)]
    return SpikingNetwork(made, input_spec, name)


class _Reader:
    """What all blocks of a network share."""

    def __init__(self, spec: ir.InputSpec, weight: str, levels: str | None) -> None:
        self.spec, self.weight, self.levels = spec, weight, levels

    def read(self, position: int, old: nn.Module) -> block.Deployable:
        where = f"from_slayer: block {position} ({type(old).__name__})"
        known = ", ".join(cls.__name__ for cls in _BLOCKS)
        _expect(type(old) in _BLOCKS, where, "kind", type(old).__name__, f"one of SLAYER's {known}")
        _expect(getattr(old, "delay", None) is None, where, "delay", "learned delays", "none")
        return _BLOCKS[type(old)](self, old, where)

    def neuron(self, old: Any, where: str, per_input: float = 1.0) -> QLifConfig | CubaConfig:
        """Return the neuron's parameters; a pool's weight, `per_input`, goes into the threshold."""
        _expect(old.norm is None, where, "norm", type(old.norm).__name__, "none")
        _expect(bool(old.shared_param), where, "shared_param", False, "one decay for all channels")
        _expect(not old.graded_spike, where, "graded_spike", True, "spikes of 0 and 1")
        current, voltage = (int(n) / old.p_scale for n in (old.cx_current_decay, old.cx_voltage_decay))
        threshold = float(old.threshold) / per_input
        if self.levels is None:
            return CubaConfig(threshold=threshold, current_decay=current, voltage_decay=voltage)
        _expect(current == 1, where, "current_decay", current, "1, for neurons with a quantised potential")
        return QLifConfig(threshold=threshold, voltage_decay=voltage, membrane=membrane(self.levels))

    def input(self, old: Any, where: str) -> block.Deployable:
        affine = [what for what in ("weight", "bias") if getattr(old, what, None) is not None]
        _expect(not affine, where, "weight, bias", affine, "none: Lava never applies them")
        if old.neuron is None:
            return block.Input(bits=self.spec.bits, signed=self.spec.signed)
        return block.Input(self.neuron(old.neuron, where), bits=self.spec.bits, signed=self.spec.signed)

    def flatten(self, old: Any, where: str) -> block.Deployable:
        return block.Flatten()

    def average(self, old: Any, where: str) -> block.Deployable:
        return block.Average(old.num_outputs)

    def dense(self, old: Any, where: str) -> block.Deployable:
        weight = _weight(old.synapse).flatten(1)
        mask = None if old.mask is None else old.mask.flatten(1)
        outputs, inputs = weight.shape
        neuron = self.neuron(old.neuron, where)
        return _filled(block.Dense(neuron, inputs, outputs, mask=mask, weight=self.weight), weight)

    def conv(self, old: Any, where: str) -> block.Deployable:
        synapse, weight = old.synapse, _weight(old.synapse)[..., 0]
        outputs, inputs, *kernel = weight.shape
        made = block.Conv(
            self.neuron(old.neuron, where),
            inputs * synapse.groups,
            outputs,
            (kernel[0], kernel[1]),
            synapse.stride[:2],
            synapse.padding[:2],
            synapse.dilation[:2],
            synapse.groups,
            weight=self.weight,
        )
        return _filled(made, weight)

    def pool(self, old: Any, where: str) -> block.Deployable:
        synapse, weight = old.synapse, _weight(old.synapse).reshape(-1)
        same = bool((weight == weight[0]).all()) and bool(weight[0] > 0)
        _expect(same, where, "weights of the pool", "several", "one, and positive")
        _expect(tuple(synapse.dilation[:2]) == (1, 1), where, "dilation", synapse.dilation[:2], "1")
        neuron = self.neuron(old.neuron, where, float(weight[0]))
        return block.Pool(neuron, tuple(synapse.kernel_size[:2]), tuple(synapse.stride[:2]), tuple(synapse.padding[:2]))


def _expect(good: bool, where: str, what: str, found: object, expected: object) -> None:
    if not good:
        raise ValueError(f"{where}: {what}: found {found}, expected {expected}")


def _weight(synapse: Any) -> Tensor:
    """Return the float weight; where its length is trained apart, from its parts, which an optimiser has changed."""
    if synapse.weight_norm_enabled:
        return torch._weight_norm(synapse.weight_v, synapse.weight_g, 0).detach()
    weight: Tensor = synapse.weight.detach()
    return weight


def _filled(made: block.Block, weight: Tensor) -> block.Block:
    assert isinstance(made.synapse, WeightedSynapse)
    set_weight(made.synapse, weight.clone())
    return made


_BLOCKS: dict[type[nn.Module], Callable[[_Reader, Any, str], block.Deployable]] = {
    cuba.Input: _Reader.input,
    cuba.Flatten: _Reader.flatten,
    cuba.Dense: _Reader.dense,
    cuba.Conv: _Reader.conv,
    cuba.Pool: _Reader.pool,
    cuba.Average: _Reader.average,
}
"""One method per block of SLAYER."""

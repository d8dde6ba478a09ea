"""From neurons of the integer network to Processes: the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lava.magma.core.process.process import AbstractProcess
from lava.proc.lif.process import LIF, LIFReset

from lava_spquant import ir
from lava_spquant.ir.limits import CUBA_SHIFT
from lava_spquant.proc.axes import lava_shape, per_neuron
from lava_spquant.proc.clip.process import Clip
from lava_spquant.proc.cuba.process import Cuba
from lava_spquant.proc.neuron_process import NeuronProcess, Reset
from lava_spquant.proc.qlif.process import QLif
from lava_spquant.proc.readout.process import Readout
from lava_spquant.proc.relay.process import Relay
from lava_spquant.proc.stock_lif import StockLif, stock_lif
from lava_spquant.proc.threshold.process import Threshold

__all__ = ["NEURON_BUILDERS", "Population", "build_neuron"]


@dataclass(frozen=True, eq=False)
class Population:
    """A neuron Process and the gain that it applies to its input by itself.

    Attributes
    ----------
    process : AbstractProcess
        With ports `a_in` and `s_out`.
    gain : int
        1, or 64 for Lava's LIF, which shifts activations left by 6 bits.
    """

    process: AbstractProcess
    gain: int = 1


Builder = Callable[[ir.Block, ir.Shape, Reset, str], Population]


def _own(process: type[NeuronProcess]) -> Builder:
    def build(block: ir.Block, shape: ir.Shape, reset: Reset, name: str) -> Population:
        bias = per_neuron(block.bias, shape)
        return Population(process(shape=lava_shape(shape), neuron=block.neuron, bias=bias, reset=reset, name=name))

    return build


def _cuba(block: ir.Block, shape: ir.Shape, reset: Reset, name: str) -> Population:
    settings = stock_lif(block)
    if settings is None:
        return _own(Cuba)(block, shape, reset, name)
    return Population(_lif(settings, shape, reset, name), gain=1 << CUBA_SHIFT)


def _lif(settings: StockLif, shape: ir.Shape, reset: Reset, name: str) -> AbstractProcess:
    common = {
        "shape": lava_shape(shape),
        "du": settings.du,
        "dv": settings.dv,
        "vth": settings.vth,
        "bias_mant": per_neuron(settings.bias_mant, shape),
        "bias_exp": per_neuron(settings.bias_exp, shape),
        "name": name,
    }
    if reset.interval is None:
        return LIF(**common)
    return LIFReset(reset_interval=reset.interval, reset_offset=reset.phase % reset.interval, **common)


NEURON_BUILDERS: dict[str, Builder] = {
    ir.QLif.kind: _own(QLif),
    ir.Cuba.kind: _cuba,
    ir.Readout.kind: _own(Readout),
    ir.Relay.kind: _own(Relay),
    ir.Clip.kind: _own(Clip),
    ir.Threshold.kind: _own(Threshold),
}
"""One function per kind in `ir.NEURONS`."""


def build_neuron(block: ir.Block, shape: ir.Shape, reset: Reset, name: str) -> Population:
    """Return the Process of a block's neurons: Lava's own LIF for CUBA wherever it is exact.

    Parameters
    ----------
    block : ir.Block
    shape : tuple of int
        (C, H, W) or (C,).
    reset : Reset
    name : str
    """
    return NEURON_BUILDERS[block.neuron.kind](block, shape, reset, name)

"""Blocks without neurons: the input and the flattening."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lava_spquant import ir
from lava_spquant.slayer.block.base import Block, BlockOutput, Deployable, Planned
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.layout import time_major
from lava_spquant.slayer.neuron import CubaConfig, NeuronParams, make_neuron, neuron_config
from lava_spquant.slayer.stream import Stream, check_values
from lava_spquant.slayer.weightless import IdentitySynapse

if TYPE_CHECKING:
    import h5py

__all__ = ["Flatten", "GradedInput", "Input", "SpikingInput"]


class GradedInput(Deployable):
    """Declares what a network reads, and checks it; made by `Input` without neuron parameters.

    Parameters
    ----------
    bits : int
        1 for spikes, 8 for images.
    signed : bool
        Values below 0 too.
    quantise : bool
        Take real values (0..1, or -1..1 where signed) and round them to whole numbers.
    count_log : bool
        Return (output, None).

    Raises
    ------
    ValueError
        In the forward pass, for NaN, for values out of range and, unless `quantise`, for values that
        are not whole numbers.

    Examples
    --------
    >>> GradedInput(8, quantise=True)(torch.tensor([[[0.0, 0.5, 1.0]]])).tolist()
    [[[0.0, 128.0, 255.0]]]
    """

    kind = "input"

    def __init__(self, bits: int = 1, *, signed: bool = False, quantise: bool = False, count_log: bool = False) -> None:
        super().__init__(count_log)
        self.bits, self.signed, self.quantise = bits, signed, quantise
        self.bounds = ir.InputSpec((1,), bits, signed).bounds

    def forward(self, x: Tensor) -> BlockOutput:
        """Return whole numbers of the same shape (NCT or NCHWT)."""
        self.note_input(x)
        if self.quantise:
            x = torch.floor(x * self.bounds[1] + 0.5)
        check_values(time_major(x), self.bounds, "Input", "" if self.quantise else "; or give quantise=True")
        return (x, None) if self.count_log else x

    def plan(self) -> list[Planned]:
        """Nothing: the deployed network's input is what this block returns."""
        return []

    def set_reads(self, reads: Stream) -> Stream:
        """Return the stream of the declared input."""
        return Stream.of_input(ir.InputSpec((1,), self.bits, self.signed))

    def export_hdf5(self, handle: h5py.Group) -> None:
        """Write an input layer without neurons."""
        from lava_spquant import netx

        netx.write_input(handle, ir.InputSpec(self.seen_shape(), self.bits, self.signed))


class SpikingInput(Block):
    """Neurons that turn a graded input into spikes; made by `Input` with neuron parameters.

    Parameters
    ----------
    neuron_params : QLifConfig, CubaConfig or mapping
        See `neuron_config`. A CUBA input has no synapse and so no current to decay: deployed in
        Lava, the image is the neurons' bias.
    bits : int
        Width of the input.
    signed : bool
        Values below 0 too.
    delay_shift, count_log : bool
        See `Block`.
    """

    kind = "input"

    def __init__(
        self,
        neuron_params: NeuronParams,
        *,
        bits: int = 8,
        signed: bool = False,
        delay_shift: bool = False,
        count_log: bool = False,
    ) -> None:
        config = neuron_config(neuron_params)
        if isinstance(config, CubaConfig) and config.current_decay != 1:
            raise ValueError(
                f"SpikingInput: current_decay: found {config.current_decay}, expected 1: "
                "an input has no synaptic current"
            )
        branch = Branch(IdentitySynapse(), None, reads=Stream.of_input(ir.InputSpec((1,), bits, signed)))
        super().__init__(make_neuron(config), [branch], delay_shift=delay_shift, count_log=count_log)


def Input(  # noqa: N802 - it stands where SLAYER has a class
    neuron_params: NeuronParams | None = None,
    weight: float | None = None,
    bias: float | None = None,
    delay_shift: bool = False,
    count_log: bool = False,
    *,
    bits: int | None = None,
    signed: bool = False,
    quantise: bool = False,
) -> GradedInput | SpikingInput:
    """Return an input block; stands in for `slayer.block.cuba.Input`.

    Parameters
    ----------
    neuron_params : QLifConfig, CubaConfig, mapping or None
        With neurons, a graded input becomes spikes; without, it is checked and handed on.
    weight, bias : None
        SLAYER's affine transform, which its files store and Lava never applies; refused.
    delay_shift : bool
        See `Block`; without neurons there is nothing to shift.
    count_log : bool
        Return the mean event rate too.
    bits : int or None
        Width of the input; None means 8 with neurons and 1 (spikes) without.
    signed, quantise : bool
        See `GradedInput`.

    Raises
    ------
    ValueError
        If an option is refused.

    Examples
    --------
    >>> type(Input({"threshold": 1.0})).__name__, type(Input(bits=8)).__name__
    ('SpikingInput', 'GradedInput')
    """
    if weight is not None or bias is not None:
        raise ValueError(f"Input: weight, bias: found {weight}, {bias}, expected None: Lava never applies them")
    if neuron_params is None:
        if delay_shift:
            raise ValueError("Input: delay_shift: found True, expected False where there are no neurons")
        return GradedInput(1 if bits is None else bits, signed=signed, quantise=quantise, count_log=count_log)
    if quantise:
        raise ValueError("Input: quantise: found True, expected False where there are neurons")
    width = 8 if bits is None else bits
    return SpikingInput(neuron_params, bits=width, signed=signed, delay_shift=delay_shift, count_log=count_log)


class Flatten(Deployable):
    """NCHWT to NCT in the order C, H, W; stands in for `slayer.block.cuba.Flatten`.

    Parameters
    ----------
    count_log : bool
        Return (output, None).

    Examples
    --------
    >>> Flatten()(torch.ones(2, 3, 4, 5, 6)).shape
    torch.Size([2, 60, 6])
    """

    kind = "flatten"

    def __init__(self, count_log: bool = False) -> None:
        super().__init__(count_log)
        self.shape: list[int] | None = None

    def forward(self, x: Tensor) -> BlockOutput:
        """Return (N, C*H*W, T)."""
        self.note_input(x)
        flat = x.flatten(1, -2)
        self.shape = [flat.shape[1], 1, 1]
        return (flat, None) if self.count_log else flat

    def plan(self) -> list[Planned]:
        """Nothing: deployed dense synapses flatten what they read in this order."""
        return []

    def set_reads(self, reads: Stream) -> Stream:
        """Return what arrives."""
        return reads

    def export_hdf5(self, handle: h5py.Group) -> None:
        """Write a flatten layer."""
        from lava_spquant import netx

        netx.write_flatten(handle, self.seen_shape())

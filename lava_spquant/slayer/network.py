"""A model made of blocks in a row, which knows how to become integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from lava_spquant import ir
from lava_spquant.ir.reference import Trace
from lava_spquant.slayer.block import Block, Deployable, GradedInput
from lava_spquant.slayer.export import deployed_blocks, to_ir
from lava_spquant.slayer.layout import nchwt, time_major
from lava_spquant.slayer.neuron import QLif
from lava_spquant.slayer.stream import Stream, check_values

__all__ = ["SpikingNetwork"]


class SpikingNetwork(nn.Module):
    """Blocks in a row, each told what it reads.

    Parameters
    ----------
    blocks : sequence of Deployable
    input_spec : ir.InputSpec
        Shape (C, H, W) or (C,), width and sign of the input.
    name : str
        For tables and files.

    Raises
    ------
    ValueError
        If there are no blocks, something follows a block that ends a network, a block shifts its
        output in time, or an `Input` block declares or makes other values than those that it reads.

    Examples
    --------
    >>> from lava_spquant.slayer import block
    >>> neuron = {"threshold": 1.0, "membrane": "ternary"}
    >>> model = SpikingNetwork([block.Dense(neuron, 8, 16), block.Readout(16, 3)], ir.InputSpec((8,)))
    >>> model(torch.ones(5, 8, 4)).shape
    torch.Size([5, 3, 4])
    >>> [b.name for b in model.to_ir().blocks]
    ['dense0', 'readout1']
    """

    def __init__(self, blocks: Sequence[Deployable], input_spec: ir.InputSpec, name: str = "network") -> None:
        super().__init__()
        if not blocks:
            raise ValueError("SpikingNetwork: blocks: found none, expected at least one")
        stream = Stream.of_input(input_spec)
        for position, block in enumerate(blocks):
            where = f"SpikingNetwork: block {position} ({block.kind})"
            if block.terminal and position + 1 < len(blocks):
                raise ValueError(f"{where}: found a block behind it, expected none")
            _check_block(block, stream, where)
            stream = block.set_reads(stream)
        self.blocks = nn.ModuleList(blocks)
        self.input_spec = input_spec
        self.name = name

    def __iter__(self):  # type: ignore[no-untyped-def]
        """Iterate over the blocks."""
        return iter(self.blocks)

    @property
    def _sequence(self) -> list[Deployable]:
        return list(self.blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Return the last block's output.

        Parameters
        ----------
        x : Tensor, NCT or NCHWT
            Whole numbers in the range of `input_spec`.

        Returns
        -------
        Tensor
            Spikes or graded values of the last block, NCT or NCHWT.

        Raises
        ------
        ValueError
            If the shape does not fit, or a value is NaN, infinite, a fraction or out of range.
        """
        self._check(x)
        for block in self.blocks:
            out = block(x)
            x = out[0] if isinstance(out, tuple) else out
        return x

    def _check(self, x: Tensor) -> None:
        spec = self.input_spec
        if tuple(x.shape[1:-1]) != spec.shape or x.shape[-1] < 1:
            raise ValueError(f"{self.name}: input shape: found {tuple(x.shape)}, expected (N, {spec.shape}, T)")
        check_values(time_major(x), spec.bounds, self.name)

    def mean_threshold(self) -> float | None:
        """Return the mean of the learned thresholds over layers, in units of the current; None if none is learned."""
        neurons = [module for module in self.modules() if isinstance(module, QLif) and module.vth is not None]
        return sum(neuron.threshold for neuron in neurons) / len(neurons) if neurons else None

    def to_ir(self) -> ir.Network:
        """Return the integer network: what `eval()` runs and what is exported.

        Raises
        ------
        NetworkError
            If a block cannot be represented in integers.
        """
        return to_ir(self._sequence, self.input_spec, self.name)

    def export_hdf5(self, path: str | Path, metadata: Mapping[str, str] | None = None) -> None:
        """Write the integer network as a NetX file.

        Parameters
        ----------
        path : str or Path
        metadata : mapping of str to str, optional
            Kept in the file's root.

        Raises
        ------
        NetworkError
            If a block cannot be represented in integers.
        """
        from lava_spquant import netx

        netx.save(self.to_ir(), path, metadata=metadata)

    @torch.no_grad()
    def trace(self, x: ir.IntArray) -> Trace:
        """Run `eval()` on integers and record every block, as `ir.reference.run` does.

        Parameters
        ----------
        x : numpy.ndarray of int, shape (T, N, *input shape)

        Returns
        -------
        Trace
            Per block its output and state, int32 (T, N, *shape).
        """
        x = self.input_spec.check(x)
        parts = [deployed.block for deployed in deployed_blocks(self._sequence)]
        was_training = self.training
        self.eval()
        for part in parts:
            part.record = {}
        try:
            # A network of neurons alone has no parameters.
            device = next(self.parameters(), torch.empty(0)).device
            self(nchwt(torch.from_numpy(np.array(x, order="C")).to(device, torch.get_default_dtype())))
            records = tuple({k: v.cpu().numpy() for k, v in (p.record or {}).items()} for p in parts)
        finally:
            for part in parts:
                part.record = None
            self.train(was_training)
        return Trace(records, next(iter(records[-1].values())))


def _check_block(block: Deployable, reads: Stream, where: str) -> None:
    """Raise `ValueError` if `block` makes something else of a stream than the integer network would."""
    if isinstance(block, Block) and block.delay_shift:
        raise ValueError(f"{where}: delay_shift: found True, expected False: steps are aligned in a network")
    if isinstance(block, GradedInput):
        if block.quantise:
            raise ValueError(f"{where}: quantise: found True, expected False: a network reads whole numbers")
        if block.bounds != reads.bounds:
            found, expected = (f"{low}..{high}" for low, high in (block.bounds, reads.bounds))
            raise ValueError(f"{where}: declared values: found {found}, expected {expected}")

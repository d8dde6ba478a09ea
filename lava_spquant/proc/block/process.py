"""One block of a network as a hierarchical Lava Process."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from lava.magma.core.process.ports.ports import AbstractPort, InPort, OutPort
from lava.magma.core.process.process import AbstractProcess, LogConfig

from lava_spquant import ir
from lava_spquant.proc.axes import lava_shape
from lava_spquant.proc.delay.process import Delay
from lava_spquant.proc.gain.process import Gain
from lava_spquant.proc.neuron_process import NO_RESET, Reset
from lava_spquant.proc.neurons import Population, build_neuron
from lava_spquant.proc.stream import Stream
from lava_spquant.proc.synapses import build_synapse

__all__ = ["Block"]


class Block(AbstractProcess):
    """Branches (delay, synapse, gain) that add up in one population of neurons.

    Parameters
    ----------
    block : ir.Block
    streams : sequence of Stream
        What each branch reads.
    delays : sequence of int
        How many steps ago each branch reads its source; a synapse gives one of them.
    output : Stream
        What the block sends.
    reset : Reset
    log_config : LogConfig, optional

    Attributes
    ----------
    inp : InPort
        The first branch's input, (W, H, C) or (C,); those of others are `inp_1`, `inp_2` and so on.
    inputs : list of InPort
        One per branch.
    out : OutPort
    synapse : AbstractProcess or None
        The first branch's; None where that is an identity. Others: `synapse_1` and so on.
    synapses : list
        One per branch.
    neuron : AbstractProcess
        With Vars `v` and, for CUBA neurons, `u`.
    shape : tuple of int
        (W, H, C) or (C,).
    input_message_bits, output_message_bits : int
        0 for spikes.
    """

    def __init__(
        self,
        block: ir.Block,
        *,
        streams: Sequence[Stream],
        delays: Sequence[int],
        output: Stream,
        reset: Reset = NO_RESET,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(block=block, name=block.name, log_config=log_config)
        self.ir = block
        self.shape = lava_shape(output.shape)
        self.input_message_bits = streams[0].message_bits
        self.output_message_bits = output.message_bits
        population = build_neuron(block, output.shape, reset, "neuron")
        self.neuron = population.process
        self.inputs: list[InPort] = []
        self.synapses: list[AbstractProcess | None] = []
        for i, (branch, stream, steps) in enumerate(zip(block.branches, streams, delays, strict=True)):
            suffix = f"_{i}" if i else ""
            port = InPort(shape=stream.port_shape)
            setattr(self, f"inp{suffix}", port)
            self.inputs.append(port)
            self._connect_branch(branch, stream, steps, population, port, suffix)
        self.out = OutPort(shape=self.shape)
        self.neuron.s_out.connect(self.out)

    def _connect_branch(
        self, branch: ir.Branch, stream: Stream, steps: int, population: Population, port: AbstractPort, suffix: str
    ) -> None:
        synapse = build_synapse(branch.synapse, stream, f"synapse{suffix}")
        setattr(self, f"synapse{suffix}", synapse)
        self.synapses.append(synapse)
        extra = steps - (synapse is not None)
        if extra:
            delay = self._part(f"delay{suffix}", Delay(shape=stream.port_shape, steps=extra))
            port.connect(delay.s_in)
            port = delay.s_out
        if synapse is not None:
            # A dense synapse reads a spatial source in the order (C, H, W).
            flat = len(synapse.s_in.shape) < len(port.shape)
            (port.transpose([2, 1, 0]).flatten() if flat else port).connect(synapse.s_in)
            port = synapse.a_out
        # The population's own gain is that of all branches, or 1.
        own = bool(branch.shift == 0 and np.all(branch.gain == population.gain))
        # Lava counts two connections between the same ports once: bare ones need a Process between.
        bare = synapse is None and not extra and len(self.ir.branches) > 1
        if bare or not own:
            values = np.ones_like(branch.gain) if own else branch.gain
            gain = self._part(f"gain{suffix}", Gain(shape=self.shape, gain=values, shift=branch.shift))
            port.connect(gain.a_in)
            port = gain.a_out
        port.connect(population.process.a_in)

    def _part(self, name: str, process: AbstractProcess) -> AbstractProcess:
        setattr(self, name, process)
        return process

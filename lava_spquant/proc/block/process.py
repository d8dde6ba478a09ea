"""One block of a network as a hierarchical Lava Process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from lava.magma.core.process.ports.ports import AbstractPort, InPort, OutPort
from lava.magma.core.process.process import AbstractProcess, LogConfig

from lava_spquant import ir
from lava_spquant.proc.axes import lava_shape, per_neuron
from lava_spquant.proc.delay.process import Delay
from lava_spquant.proc.gain.process import Gain
from lava_spquant.proc.gate.process import Gate
from lava_spquant.proc.neuron_process import NO_RESET, Reset
from lava_spquant.proc.neurons import build_neuron
from lava_spquant.proc.stream import Stream
from lava_spquant.proc.synapses import build_synapse

__all__ = ["Block"]


class Block(AbstractProcess):
    """Branches (delay, synapse, gain) that add up, through gates if there are any, in one population of neurons.

    Parameters
    ----------
    block : ir.Block
    streams : sequence of Stream
        What each branch reads.
    delays : sequence of int
        How many steps ago each branch reads its source; a synapse gives one of them.
    output : Stream
        What the block sends.
    gates : sequence of Stream
        What each gate reads.
    gate_delays : sequence of int
        How many steps ago each gate reads its source.
    reset : Reset
    log_config : LogConfig, optional

    Attributes
    ----------
    inp : InPort
        The first branch's input, (W, H, C) or (C,); those of others are `inp_1`, `inp_2` and so on.
    inputs : list of InPort
        One per branch.
    gate_inputs : list of InPort
        One per gate: `gate_inp`, `gate_inp_1` and so on.
    out : OutPort
    synapse : AbstractProcess or None
        The first branch's; None where that is an identity. Others: `synapse_1` and so on.
    synapses : list
        One per branch.
    gate : Gate
        The first gate, `gate_1` the second and so on, where there are any. The first one holds the
        bias, which the neurons then do not.
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
        gates: Sequence[Stream] = (),
        gate_delays: Sequence[int] = (),
        reset: Reset = NO_RESET,
        log_config: LogConfig | None = None,
    ) -> None:
        super().__init__(block=block, name=block.name, log_config=log_config)
        self.ir = block
        self.shape = lava_shape(output.shape)
        self.input_message_bits = streams[0].message_bits
        self.output_message_bits = output.message_bits
        # The bias stops at a closed gate too, so that it is added in front of it.
        neurons = replace(block, bias=np.zeros_like(block.bias), gates=()) if block.gates else block
        population = build_neuron(neurons, output.shape, reset, "neuron")
        self.neuron = population.process
        current = self._connect_gates(gates, gate_delays, output.shape)
        self.inputs: list[InPort] = []
        self.synapses: list[AbstractProcess | None] = []
        for i, (branch, stream, steps) in enumerate(zip(block.branches, streams, delays, strict=True)):
            suffix = f"_{i}" if i else ""
            port = InPort(shape=stream.port_shape)
            setattr(self, f"inp{suffix}", port)
            self.inputs.append(port)
            self._connect_branch(branch, stream, steps, population.gain, port, suffix).connect(current)
        self.out = OutPort(shape=self.shape)
        self.neuron.s_out.connect(self.out)

    def _connect_gates(self, streams: Sequence[Stream], delays: Sequence[int], shape: ir.Shape) -> InPort:
        """Line the gates up in front of the neurons and return the port into which all currents go."""
        gates: list[AbstractProcess] = []
        self.gate_inputs: list[InPort] = []
        for i, (_, stream, steps) in enumerate(zip(self.ir.gates, streams, delays, strict=True)):
            suffix = f"_{i}" if i else ""
            inp = InPort(shape=stream.port_shape)
            setattr(self, f"gate_inp{suffix}", inp)
            self.gate_inputs.append(inp)
            bias = 0 if gates else per_neuron(self.ir.bias, shape)
            gates.append(self._part(f"gate{suffix}", Gate(shape=self.shape, gate_shape=inp.shape, bias=bias)))
            self._delayed(inp, steps, f"gate_delay{suffix}").connect(gates[-1].s_in)
        entries = [*(gate.a_in for gate in gates), self.neuron.a_in]
        for gate, behind in zip(gates, entries[1:], strict=True):
            gate.a_out.connect(behind)
        return entries[0]

    def _connect_branch(
        self, branch: ir.Branch, stream: Stream, steps: int, own_gain: int, port: AbstractPort, suffix: str
    ) -> AbstractPort:
        """Return the port that sends the branch's current."""
        synapse = build_synapse(branch.synapse, stream, f"synapse{suffix}")
        setattr(self, f"synapse{suffix}", synapse)
        self.synapses.append(synapse)
        extra = steps - (synapse is not None)
        port = self._delayed(port, extra, f"delay{suffix}")
        if synapse is not None:
            # A dense synapse reads a spatial source in the order (C, H, W).
            flat = len(synapse.s_in.shape) < len(port.shape)
            (port.transpose([2, 1, 0]).flatten() if flat else port).connect(synapse.s_in)
            port = synapse.a_out
        # The population's own gain is that of all branches, or 1.
        own = bool(branch.shift == 0 and np.all(branch.gain == own_gain))
        # Lava counts two connections between the same ports once: bare ones need a Process between.
        bare = synapse is None and not extra and len(self.ir.branches) > 1
        if bare or not own:
            values = np.ones_like(branch.gain) if own else branch.gain
            gain = self._part(f"gain{suffix}", Gain(shape=self.shape, gain=values, shift=branch.shift))
            port.connect(gain.a_in)
            port = gain.a_out
        return port

    def _delayed(self, port: AbstractPort, steps: int, name: str) -> AbstractPort:
        if steps == 0:
            return port
        delay = self._part(name, Delay(shape=port.shape, steps=steps))
        port.connect(delay.s_in)
        return delay.s_out

    def _part(self, name: str, process: AbstractProcess) -> AbstractProcess:
        setattr(self, name, process)
        return process

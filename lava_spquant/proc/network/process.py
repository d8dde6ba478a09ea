"""A whole integer network as one hierarchical Lava Process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess, LogConfig

from lava_spquant import ir
from lava_spquant.proc.block.process import Block
from lava_spquant.proc.form import is_fused
from lava_spquant.proc.fused.process import FusedNetwork
from lava_spquant.proc.fused_layer import FusedLayer, fused_layers
from lava_spquant.proc.neuron_process import Reset
from lava_spquant.proc.stream import Connections, Stream, connections
from lava_spquant.proc.subrange import subrange, with_input_bits
from lava_spquant.proc.table import layer_table
from lava_spquant.proc.unlisted import unlisted

__all__ = ["Network"]


class Network(AbstractProcess):
    """An integer network, used as lava-dl's `netx.hdf5.Network` is.

    Block b lags the input by `ir.Network.depths[b]` time steps, and branches and gates of unequal depth are
    balanced by delays, so that the outputs are those of `ir.reference.run` with the timing in
    `timing`. The network has two forms with the same ports, timing and integers: one Process that
    `lava_spquant.engine` computes (`fused`), or a `Block` Process per layer, which is slower on a
    CPU and what hardware needs.

    Parameters
    ----------
    net : ir.Network, str or pathlib.Path
        A network, or a `.net` file.
    num_layers : int, optional
        Build only the first so many layers. Layers are counted as lava-dl counts those of a file:
        every block is one, and so is the flattening in front of a dense synapse that reads a
        (C, H, W) stream.
    skip_layers : int
        Leave out the first so many of them; `inp` then stands for the output of the last of these.
    input_message_bits : int, optional
        Width of the input's messages, 0 for spikes. By default the network's own.
    reset_interval : int, optional
        Steps between resets; None never resets.
    reset_offset : int, optional
        A number: lava-dl's rule, by which the first block that is built resets at the steps t,
        counted from 1, with `t % interval == (reset_offset + 1) % interval`, and every other as
        many steps later as it lies deeper. None: the offset at which samples of `reset_interval`
        steps stay apart that follow one another at `inp` from step 1 on.
    fused : bool, optional
        True: one Process, on the CPU only. False: a Process per layer. By default one Process, except
        where Intel's Loihi extension is installed or numba is not.
    name : str, optional
        By default the network's name.
    log_config : LogConfig, optional

    Attributes
    ----------
    inp, out : InPort, OutPort
        (W, H, C) or (C,).
    layers : list of Block or list of FusedLayer
        Named as the network's blocks. Both have `ir`, `shape`, `out`, `neuron.v` and, for CUBA
        neurons, `neuron.u`, which `get()` reads and a Monitor probes.
    in_layer, out_layer : Block or FusedLayer
        The first and the last of them.
    fused : bool
    ir : ir.Network
        What was built, without the layers left out.
    timing : ir.Timing
    latency : int
        Time steps from an input to the output that belongs to it: the depth of the last block.
    input_message_bits, output_message_bits : int
        0 for spikes.

    Raises
    ------
    NetworkError
        If a reset interval or a range of layers is impossible, or the layers that are left out
        feed those that are built with more than one stream, or gate them.
    ModuleNotFoundError
        If one Process is asked for and numba is not installed.
    """

    # Lava's destructor looks for it even where a bad argument kept the constructor from ending.
    _runtime = None

    def __init__(
        self,
        net: ir.Network | str | Path,
        *,
        num_layers: int | None = None,
        skip_layers: int = 0,
        input_message_bits: int | None = None,
        reset_interval: int | None = None,
        reset_offset: int | None = None,
        fused: bool | None = None,
        name: str | None = None,
        log_config: LogConfig | None = None,
    ) -> None:
        network = net if isinstance(net, ir.Network) else _load(net)
        network = subrange(network, num_layers, skip_layers)
        if input_message_bits is not None:
            network = with_input_bits(network, max(input_message_bits, 1))
        timing = ir.Timing(pipelined=True, reset_interval=reset_interval, reset_offset=reset_offset)
        self.ir, self.timing, self.latency, self.fused = network, timing, network.depths[-1], is_fused(fused)
        read = Stream(network.input.shape, network.input.bounds)
        with unlisted():
            super().__init__(name=name or network.name, log_config=log_config)
            self.inp = InPort(shape=read.port_shape)
            self.layers: Sequence[Block | FusedLayer] = self._fuse() if self.fused else self._stack()
            self.in_layer, self.out_layer = self.layers[0], self.layers[-1]
            self.out = OutPort(shape=self.out_layer.shape)
            (self.core.out if self.fused else self.out_layer.out).connect(self.out)
        self.input_message_bits = read.message_bits
        self.output_message_bits = self.out_layer.output_message_bits

    def _fuse(self) -> list[FusedLayer]:
        self.core = FusedNetwork(network=self.ir, timing=self.timing, log_config=self._log_config)
        self.inp.connect(self.core.inp)
        return fused_layers(self.ir, self.core)

    def _stack(self) -> list[Block]:
        layers: list[Block] = []
        for index, ends in enumerate(connections(self.ir)):
            layers.append(self._block(index, ends))
            for branch, port in zip(layers[-1].ir.branches, layers[-1].inputs, strict=True):
                (self.inp if branch.source == ir.INPUT else layers[branch.source].out).connect(port)
            for gate, port in zip(layers[-1].ir.gates, layers[-1].gate_inputs, strict=True):
                layers[gate.source].out.connect(port)
        return layers

    def _block(self, index: int, ends: Connections) -> Block:
        network, block = self.ir, self.ir.blocks[index]
        return Block(
            block,
            streams=ends.inputs,
            delays=[self.timing.delay(network, index, branch) for branch in block.branches],
            gates=ends.gates,
            gate_delays=[self.timing.delay(network, index, gate) for gate in block.gates],
            output=ends.output,
            reset=Reset(self.timing.reset_interval, self.timing.reset_phase(network, index)),
            log_config=self._log_config,
        )

    def _post_init(self) -> None:
        super()._post_init()
        # Lava renames a member after the attribute that holds it.
        if self.fused:
            self.core.name = self.ir.name
        for layer in self.layers:
            if isinstance(layer, Block):
                layer.name = layer.ir.name
                layer.process = self

    def __len__(self) -> int:
        """Return the number of blocks."""
        return len(self.layers)

    def __str__(self) -> str:
        """Return the layer table."""
        return layer_table(self.ir)


def _load(path: str | Path) -> ir.Network:
    # Only here: a network that is at hand needs no HDF5.
    from lava_spquant import netx

    return netx.load(path)

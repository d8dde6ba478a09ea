"""Network files: lava-dl's NetX layout, and what lava-dl has no word for under new names.

A `.net` file is HDF5. Files in profile "stock" run on lava-dl as they are, files in profile
"spquant" hold every integer network. Reading treats a file as untrusted.

lava-dl's `hdf5.Network` takes inputs for spikes unless told otherwise. One that is graded, of more than one bit, needs
`input_message_bits=<bits>` there, unless it feeds the first neurons directly, as bias.

Layout
------
Root attributes: `format`, `format_version`, `writer`, `profile`, `name`, `metadata` (JSON).
Layers are the groups `layer/0`, `layer/1`, ...; each has `type`, `shape` and the attribute `name`.

=================  ===================================================================================
`input`            `shape`, `inputBits`, `inputSigned`; with a group `neuron` as lava-dl's input layer
`flatten`          `shape`; what follows reads the layer before it, in the order C, H, W
dense, conv, pool  lava-dl's fields; with our `gain` (int16 per channel), `shift` and `weightBits`
`identity`         `gain`, `shift`
`join`             several synapses: `branch/<b>` with `type`, `source` and the fields of that type
`group`            layers inside a layer: `layer/0`, ...
=================  ===================================================================================

Layers with a `gain` also hold `fracBits`, `biasMembrane` (int32 membrane units) and `neuron` with
`type` QLIF, CUBA, READOUT, RELAY, CLIP or THRESHOLD and the fields of that neuron: `vDecay` and `iDecay` as in
lava-dl, `vTh` in membrane units, `reset`, and `membrane/{stepExp,qMin,qMax}` where it is quantised.
`source` counts back from the layer: -1, the default, is the layer before, and reaching before the
first layer means the network's input, in a group what precedes the group. `output` names the stream
where it is not the source's first. Layers without a `gain` mean what they mean to lava-dl.
`gateSource` holds one number per gate, counted as `source`: where the spikes of that layer are 0, the
layer has no current. Files with gates have `format_version` 2, all others 1.
"""

from lava_spquant.netx.errors import NetXError
from lava_spquant.netx.header import FORMAT, FORMAT_VERSION, Profile
from lava_spquant.netx.loading import FileInfo, info, load
from lava_spquant.netx.saving import save
from lava_spquant.netx.write import write_flatten, write_input, write_layer

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "FileInfo",
    "NetXError",
    "Profile",
    "info",
    "load",
    "save",
    "write_flatten",
    "write_input",
    "write_layer",
]

"""Blocks with SLAYER's interface: tensors NCT or NCHWT, `neuron`, `synapse`, `shape`, `export_hdf5`."""

from lava_spquant.slayer.block.base import Block, Deployable
from lava_spquant.slayer.block.binary import BinaryConv
from lava_spquant.slayer.block.conv import Conv
from lava_spquant.slayer.block.dense import Dense
from lava_spquant.slayer.block.gated import Gated
from lava_spquant.slayer.block.pool import Pool
from lava_spquant.slayer.block.pooled import PooledConv
from lava_spquant.slayer.block.readout import Average, Readout
from lava_spquant.slayer.block.residual import Residual
from lava_spquant.slayer.block.shape import Flatten, GradedInput, Input, SpikingInput

__all__ = [
    "Average",
    "BinaryConv",
    "Block",
    "Conv",
    "Dense",
    "Deployable",
    "Flatten",
    "Gated",
    "GradedInput",
    "Input",
    "Pool",
    "PooledConv",
    "Readout",
    "Residual",
    "SpikingInput",
]

"""Predictors: small integer networks that decide what of a block is computed."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, binary_cross_entropy_with_logits

from lava_spquant import ir
from lava_spquant.ir.limits import STATE_MAX
from lava_spquant.slayer.block.base import Block
from lava_spquant.slayer.block.pool import Pool
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.gate import MASS, GateConfig, gumbel, target_mask
from lava_spquant.slayer.layout import time_major
from lava_spquant.slayer.neuron import QLif, SlayerNeuron, ThresholdConfig, ThresholdNeuron
from lava_spquant.slayer.norm import spans_processes, sum_over_processes
from lava_spquant.slayer.quant import FullPrecision, Uniform, WeightQuantiser, weight_quantiser
from lava_spquant.slayer.stream import Stream
from lava_spquant.slayer.synapse import ConvSynapse
from lava_spquant.slayer.weightless import PoolSynapse

__all__ = ["Predictor", "membrane_potentials"]

OPEN_AT_FIRST = 2.0
"""Initial offset of the logits, which have a spread of 1: nearly everything is open."""

Size = tuple[int, int]


class Predictor(nn.Module):
    """Sums over places, one convolution with batch-norm, and a threshold: open where its result is positive.

    A channel predictor sums each channel over all places and has a 1x1 convolution with one output per channel of the
    gated block. A spatial one sums over cells and has a 3x3 convolution with one output. Unlike
    Fire-Together-Wire-Together's there is no softmax before the convolution: integers have none, and batch-norm levels
    as well.

    Parameters
    ----------
    kind : {"channel", "spatial"}
    in_features, out_features : int
        Channels that the gated block reads and sends.
    size : (int, int)
        Height and width of what it reads.
    config : GateConfig

    Attributes
    ----------
    pool, block : Block
        The deployed parts.
    shape : tuple of int
        Of the mask of one sample at one step.
    share : float
        What `learn` aims at: r of `target_mask`, or in joint training the share that is open.

    Raises
    ------
    ValueError
        If cells do not tile the input.
    """

    def __init__(self, kind: str, in_features: int, out_features: int, size: Size, config: GateConfig) -> None:
        super().__init__()
        self.kind, self.config, self.share = kind, config, MASS
        cell = size if kind == "channel" else (config.cell, config.cell)
        if any(n % m for n, m in zip(size, cell, strict=True)):
            raise ValueError(f"gates: cell: found {config.cell}, expected a divisor of the block's input {size}")
        self.cells = size[0] // cell[0], size[1] // cell[1]
        kernel, outputs = (1, out_features) if kind == "channel" else (3, 1)
        self.shape: ir.Shape = (outputs, *self.cells)
        synapse = ConvSynapse(in_features, outputs, kernel, config.weight, padding=kernel // 2)
        self.pool = Pool(None, cell)
        self.block = Block(
            ThresholdNeuron(ThresholdConfig(learn_delta=False)), [Branch(synapse, outputs, batch_norm=True)]
        )
        self._branch.norm.bias.data.fill_(OPEN_AT_FIRST)  # type: ignore[union-attr]

    @property
    def _branch(self) -> Branch:
        branch = self.block.branches[0]
        assert isinstance(branch, Branch)
        return branch

    def set_reads(self, reads: Stream) -> None:
        """Declare what arrives, and with it how wide weights may be.

        Raises
        ------
        ValueError
            If sums are so large that no weights fit.
        """
        sums = self.pool.set_reads(reads)
        branch = self._branch
        assert isinstance(branch.synapse, ConvSynapse)
        branch.synapse.quantiser = self._quantiser(branch.synapse, max(-reads.proven[0], reads.proven[1]))
        self.block.set_reads(sums)

    def _quantiser(self, synapse: ConvSynapse, largest: int) -> WeightQuantiser:
        """Return the wanted quantiser, or a narrower one where sums over many places could leave 24 bits."""
        wanted = weight_quantiser(self.config.weight)
        pool = self.pool.synapse
        assert isinstance(pool, PoolSynapse)
        most = synapse.weight[0].numel() * pool.size * largest
        # The widest whose sums stay within 24 bits with all weights at the largest level, 2**(bits - 1) - 1.
        bits = (STATE_MAX // most + 1).bit_length()
        if bits < 2:
            raise ValueError(f"gates: sums: found up to {most} in front of weights, expected at most {STATE_MAX}")
        fits = isinstance(wanted, FullPrecision) or wanted.bits <= bits
        return wanted if fits else Uniform(bits)

    def forward(self, x: Tensor) -> Tensor:
        """Return the deployed mask, 0 or 1, NCHWT."""
        mask: Tensor = self.block(self.pool(x))
        return mask

    def learn(self, x: Tensor, current: Tensor, neuron: SlayerNeuron) -> tuple[Tensor, Tensor]:
        """Return a mask (T, N, *gate shape) and the loss of this prediction, in training.

        Parameters
        ----------
        x : Tensor, NCHWT
            What the gated block reads.
        current : Tensor, (T, N, C, H, W)
            The gated block's, of all channels and places.
        neuron : SlayerNeuron
            Whose activity is predicted.
        """
        pooled = self.pool(x if self.config.joint else x.detach())
        self.block.note_input(pooled)
        logits = self._branch.current(time_major(pooled))
        if self.config.joint:
            # Noise is what training explores with. Where nothing is trained, the mask is the deployed one.
            noise = torch.is_grad_enabled()
            mask, soft = gumbel(logits, self.config.temperature) if noise else (logits > 0, torch.sigmoid(logits))
            mask = mask.to(logits.dtype)
            excess = soft.mean() - self.share
            return mask, excess * _is_above(excess.detach(), logits.shape[1])
        with torch.no_grad():
            wanted = target_mask(self._mass(current, neuron), self.share).reshape(logits.shape)
        loss = binary_cross_entropy_with_logits(logits, wanted)
        return (logits.detach() > 0).to(logits.dtype), loss

    def _mass(self, current: Tensor, neuron: SlayerNeuron) -> Tensor:
        """Return the activity of each channel, (T, N, C), or of each cell, (T, N, cells).

        It is that of membrane potentials: the largest spike is 1 for every channel that fires, but the largest
        potential tells how near a silent one came.
        """
        potentials = membrane_potentials(current, neuron)
        # A graded value matters whatever its sign; a potential below 0 is as silent as one at 0.
        spikes = isinstance(neuron, (QLif, ThresholdNeuron))
        active = potentials.clamp(min=0) if spikes else potentials.abs()
        if self.kind == "channel":
            return active.flatten(3).amax(3)
        cells = active.mean(2)
        rows, columns = (-(-n // number) for n, number in zip(current.shape[3:], self.cells, strict=True))
        return avg_pool2d(cells, (rows, columns), ceil_mode=True, count_include_pad=False).flatten(2)


def _is_above(excess: Tensor, samples: int) -> Tensor:
    """Say whether a mean over this process's samples is above 0, or that over the whole batch where it has only a part.

    A budget that each process judged by itself would let one of them pay for what another saves.
    """
    return (sum_over_processes(excess.double() * samples) if spans_processes() else excess) > 0


@torch.no_grad()
def membrane_potentials(current: Tensor, neuron: SlayerNeuron) -> Tensor:
    """Return the potentials before the spike, in thresholds, (T, N, C, ...); a stateless neuron's are its current.

    Parameters
    ----------
    current : Tensor, (T, N, C, ...)
        In units of the block's current.
    neuron : SlayerNeuron
    """
    if not isinstance(neuron, QLif):
        return current
    thresholds = torch.as_tensor(neuron.thresholds, dtype=current.dtype, device=current.device)
    steps = current / thresholds.reshape((-1,) + (1,) * (current.ndim - 3))
    dynamics, keep = neuron.config.dynamics, 1 - neuron.decay / 4096
    v = torch.zeros_like(steps[0])
    found = []
    for step in steps:
        m = keep * v + step
        v = dynamics.store(dynamics.after(m, dynamics.fire(m - 1)))
        found.append(m)
    return torch.stack(found)

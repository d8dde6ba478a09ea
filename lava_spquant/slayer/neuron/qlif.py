"""SpQuant-SNN's neuron in training: leak, integrate, spike, reset, quantise the membrane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lava_spquant import ir
from lava_spquant.ir.limits import DECAY_UNITY
from lava_spquant.slayer.branch import Branch
from lava_spquant.slayer.fold import fold_gains
from lava_spquant.slayer.membrane import TERNARY, MembraneConfig
from lava_spquant.slayer.neuron.base import SlayerNeuron, channelwise, decay_toward_zero, saturate
from lava_spquant.slayer.neuron.drive import drive
from lava_spquant.slayer.neuron.op import Current, Dynamics, checkpointed, lif
from lava_spquant.slayer.stream import SPIKES, Stream
from lava_spquant.slayer.surrogate import Surrogate, Triangle

__all__ = ["QLif", "QLifConfig", "qlif"]

LEARNED = ("no", "layer", "channel")
"""Whose threshold is learned."""

THRESHOLD_MIN = 2.0**-6
"""Learned thresholds stay above it: at 0, every neuron would fire at every step."""


@dataclass(frozen=True)
class QLifConfig:
    """Parameters of the quantised-membrane LIF.

    Parameters
    ----------
    threshold : float
        Spike threshold in units of the block's current.
    voltage_decay : float
        Leak per step, 0..1; 0.5 is tau = 0.5 of the paper. Rounded to 1/4096.
    reset : {"hard", "soft"}
        To zero, or by subtraction of the threshold.
    membrane : MembraneConfig or None
        Quantiser of the stored potential; None keeps all 24 bits.
    surrogate : Surrogate
        Gradient of the spike.
    frac_bits : int
        F: the deployed threshold is `2**F` membrane units.
    learn_threshold : {"no", "layer", "channel"}
        Learn the threshold from its initial value, one for all neurons or one per channel, with the gradient of
        LT-SNN's separate path (see `lif`). Deployed, it goes into the gains: the threshold stays `2**F`.
    learn_decay : bool
        Learn the leak from its initial value, in steps of 1/4096.
    checkpoint : bool
        Keep only a block's input for the backward pass, one bit per spike, and compute its currents anew there: long
        samples fit, at the price of one more forward pass through the synapses.

    Raises
    ------
    ValueError
        If a field is out of range.
    """

    threshold: float = 1.0
    voltage_decay: float = 0.5
    reset: str = "hard"
    membrane: MembraneConfig | None = TERNARY
    surrogate: Surrogate = field(default_factory=Triangle)
    frac_bits: int = 12
    learn_threshold: str = "no"
    learn_decay: bool = False
    checkpoint: bool = False

    def __post_init__(self) -> None:
        if not self.threshold > 0:
            raise ValueError(f"QLifConfig: threshold: found {self.threshold}, expected a positive number")
        if not 0 <= self.voltage_decay <= 1:
            raise ValueError(f"QLifConfig: voltage_decay: found {self.voltage_decay}, expected 0..1")
        if self.reset not in ("hard", "soft"):
            raise ValueError(f"QLifConfig: reset: found {self.reset!r}, expected 'hard' or 'soft'")
        if self.learn_threshold not in LEARNED:
            found = f"QLifConfig: learn_threshold: found {self.learn_threshold!r}"
            raise ValueError(f"{found}, expected one of {', '.join(LEARNED)}")
        lowest = self.membrane.fine if self.membrane is not None else 0
        if not lowest <= self.frac_bits <= 20:
            raise ValueError(f"QLifConfig: frac_bits: found {self.frac_bits}, expected {lowest}..20")

    @property
    def decay(self) -> int:
        """The leak in 1/4096."""
        return round(self.voltage_decay * DECAY_UNITY)

    @property
    def keep(self) -> float:
        """Share of the potential that is left after one step."""
        return 1 - self.decay / DECAY_UNITY

    @property
    def dynamics(self) -> Dynamics:
        """What happens at one step, in units of the threshold."""
        return Dynamics(self.reset, self.membrane, self.surrogate)


def qlif(current: Tensor, config: QLifConfig) -> Tensor:
    """Run the neuron over time with surrogate gradients.

    `m = (1 - decay) v + I`, `s = 1[m > 1]`, reset, `v = Q(m)`, all in units of the threshold. The
    reset is differentiated too: `s` is not detached (SpQuant-SNN).

    Parameters
    ----------
    current : Tensor, float, shape (T, N, ...)
        Input current divided by the threshold.
    config : QLifConfig

    Returns
    -------
    Tensor, shape (T, N, ...)
        Spikes, 0 or 1.

    Examples
    --------
    >>> qlif(torch.tensor([[[0.8]], [[0.8]], [[0.2]]]), QLifConfig()).flatten().tolist()
    [0.0, 1.0, 0.0]
    """
    whole = current if current.ndim > 2 else current[..., None]
    return lif([Current(whole)], config.dynamics, keep=config.keep).reshape(current.shape)


class QLif(SlayerNeuron):
    """Module around `qlif` and its integer form.

    Parameters
    ----------
    config : QLifConfig
    channels : int, optional
        Channels of the block, needed where each learns a threshold.

    Attributes
    ----------
    vth, keep : torch.nn.Parameter or None
        Learned threshold, () or (C,), and learned share of the potential that is kept, ().

    Raises
    ------
    ValueError
        If every channel is to learn a threshold, and their number is not known.
    """

    vth: nn.Parameter | None
    keep: nn.Parameter | None

    def __init__(self, config: QLifConfig, channels: int | None = None) -> None:
        super().__init__()
        self.config = config
        self.vth = self.keep = None
        if config.learn_threshold == "channel" and channels is None:
            raise ValueError("QLif: learn_threshold: found 'channel' in a block without channels of its own, "
                             "expected 'no' or 'layer'")  # fmt: skip
        if config.learn_threshold != "no":
            shape = (channels,) if config.learn_threshold == "channel" and channels is not None else ()
            self.vth = nn.Parameter(torch.full(shape, config.threshold))
        if config.learn_decay:
            self.keep = nn.Parameter(torch.tensor(config.keep))

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """Thresholds in units of the block's current, shape (1,) or (C,)."""
        if self.vth is None:
            return np.array([self.config.threshold])
        return np.atleast_1d(self.vth.detach().cpu().double().clamp(min=THRESHOLD_MIN).numpy())

    @property
    def threshold(self) -> float:
        """Threshold in units of the block's current; the mean of those of the channels."""
        return float(self.thresholds.mean())

    def narrow(self, kept: Tensor) -> None:
        """Keep the thresholds of these channels."""
        super().narrow(kept)
        if self.vth is not None and self.vth.ndim:
            self.vth = nn.Parameter(self.vth.detach()[kept])

    @property
    def decay(self) -> int:
        """The leak in 1/4096."""
        if self.keep is None:
            return self.config.decay
        return DECAY_UNITY - round(min(max(float(self.keep.detach()), 0.0), 1.0) * DECAY_UNITY)

    def _constants(self) -> tuple[Tensor | float, Tensor | float]:
        """Return threshold and share kept, as training uses them; the share is what is deployed."""
        config = self.config
        threshold = config.threshold if self.vth is None else self.vth.clamp(min=THRESHOLD_MIN)
        if self.keep is None:
            return threshold, config.keep
        kept = self.keep.clamp(0, 1)
        return threshold, kept + ((kept * DECAY_UNITY).round() / DECAY_UNITY - kept).detach()

    def forward(self, branches: Sequence[Branch], inputs: Sequence[Tensor]) -> Tensor:
        """Return spikes (T, N, C, ...); scales, batch-norm and bias act inside the neuron's own operation."""
        if self.config.checkpoint and torch.is_grad_enabled():
            spikes = checkpointed(lambda *given: self._run(branches, given), *inputs)
        else:
            spikes = self._run(branches, inputs)
        self.shape = spikes.shape[2:]
        return spikes

    def _run(self, branches: Sequence[Branch], inputs: Sequence[Tensor]) -> Tensor:
        config = self.config
        currents = [drive(branch, x, config.dynamics) for branch, x in zip(branches, inputs, strict=True)]
        return lif(currents, config.dynamics, *self._constants(), inputs[0].shape[0])

    def respond(self, current: Tensor) -> Tensor:
        """Return spikes for a current in units of the block's current."""
        return lif([Current(current)], self.config.dynamics, *self._constants())

    def exact(self, block: ir.Block, current: Tensor) -> dict[str, Tensor]:
        """Run `ir.QLif` step by step on int32 tensors."""
        neuron = block.neuron
        assert isinstance(neuron, ir.QLif)
        bias = channelwise(torch.as_tensor(np.array(block.bias), device=current.device), current.ndim)
        v = torch.zeros_like(current[0])
        spikes, potentials = [], []
        for step in current:
            m = saturate(decay_toward_zero(v, neuron.decay) + step + bias)
            s = m > neuron.vth
            v = torch.where(s, 0 if neuron.reset == "hard" else m - neuron.vth, m)
            if neuron.membrane is not None:
                v = _quantise(v, neuron.membrane)
            spikes.append(s.to(torch.int32))
            potentials.append(v)
        return {"spikes": torch.stack(spikes), "v": torch.stack(potentials)}

    def to_ir(self, name: str, branches: Sequence[Branch], sources: Sequence[int]) -> ir.Block:
        """Fold everything real-valued into int16 gains and an int32 bias."""
        config = self.config
        vth = 1 << config.frac_bits
        folded = fold_gains(name, branches, sources, vth / self.thresholds, vth, spiking=True)
        return ir.Block(name, folded.branches, self.to_ir_neuron(), folded.bias, config.frac_bits)

    def to_ir_neuron(self) -> ir.QLif:
        """Return the deployed neuron."""
        config = self.config
        levels = None if config.membrane is None else config.membrane.to_ir(config.frac_bits)
        return ir.QLif(self.decay, 1 << config.frac_bits, config.reset, levels)

    def stream(self, reads: Stream) -> Stream:
        """Spikes."""
        return SPIKES

    @property
    def device_params(self) -> dict[str, Any]:
        """Deployed parameters."""
        return {"type": "QLIF", "vDecay": self.decay, "vTh": 1 << self.config.frac_bits}


def _quantise(m: Tensor, levels: ir.Membrane) -> Tensor:
    half = (1 << levels.step_exp) >> 1
    q = ((m + half) >> levels.step_exp).clamp(levels.q_min, levels.q_max)
    return q << levels.step_exp

"""Neurons of training, one file each, their registry, and the reading of neuron parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from lava_spquant.slayer.membrane import membrane
from lava_spquant.slayer.neuron.base import SlayerNeuron
from lava_spquant.slayer.neuron.clip import ClipConfig, ClipNeuron
from lava_spquant.slayer.neuron.cuba import Cuba, CubaConfig
from lava_spquant.slayer.neuron.graded import ReadoutNeuron, RelayNeuron
from lava_spquant.slayer.neuron.qlif import QLif, QLifConfig, qlif
from lava_spquant.slayer.neuron.threshold import ThresholdConfig, ThresholdNeuron
from lava_spquant.slayer.surrogate import Exponential, surrogate

__all__ = [
    "NEURONS",
    "ClipConfig",
    "ClipNeuron",
    "Cuba",
    "CubaConfig",
    "NeuronConfig",
    "NeuronParams",
    "QLif",
    "QLifConfig",
    "ReadoutNeuron",
    "RelayNeuron",
    "SlayerNeuron",
    "ThresholdConfig",
    "ThresholdNeuron",
    "make_neuron",
    "neuron_config",
    "qlif",
]

NEURONS: dict[str, type[SlayerNeuron]] = {
    "qlif": QLif,
    "cuba": Cuba,
    "readout": ReadoutNeuron,
    "relay": RelayNeuron,
    "clip": ClipNeuron,
    "threshold": ThresholdNeuron,
}
"""The trainable form of every ir neuron, by its kind."""

NeuronConfig = QLifConfig | CubaConfig | ClipConfig | ThresholdConfig
"""What a block's neurons are made from."""

NeuronParams = NeuronConfig | Mapping[str, Any]
"""A config, or a dictionary with SLAYER's names."""

_SLAYER_DEFAULTS = {"scale": 64, "shared_param": True, "persistent_state": False, "graded_spike": False, "norm": None}
"""SLAYER options that have one supported value; batch-norm is an argument of our blocks."""


def neuron_config(params: NeuronParams) -> NeuronConfig:
    """Return the neuron that `params` describe.

    Parameters
    ----------
    params : QLifConfig, CubaConfig, ClipConfig, ThresholdConfig or mapping
        A mapping with `current_decay` is SLAYER's CUBA neuron, with SLAYER's names. Any other
        mapping is a quantised-membrane LIF: `threshold`, `voltage_decay`, `reset`, `membrane`
        and `surrogate` (short names or objects), and the other fields of `QLifConfig`; `tau_grad` and
        `scale_grad` choose SLAYER's exponential surrogate, `requires_grad` learns the decay.

    Raises
    ------
    ValueError
        Naming an unknown or unsupported key.

    Examples
    --------
    >>> neuron_config({"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03}).current_decay
    0.25
    >>> neuron_config({"threshold": 1.0, "membrane": "five-level"}).membrane.q_min
    -3
    """
    if isinstance(params, NeuronConfig):
        return params
    left = dict(params)
    for key, value in _SLAYER_DEFAULTS.items():
        if left.pop(key, value) != value:
            hint = "; give the block batch_norm=True" if key == "norm" else ""
            raise ValueError(f"neuron parameters: {key}: found {params[key]!r}, expected {value!r}{hint}")
    if "current_decay" in left:
        _refuse_unknown(left, CubaConfig)
        return CubaConfig(**left)
    if "tau_grad" in left or "scale_grad" in left:
        tau, scale = 100 * left.pop("tau_grad", 1.0), 0.1 * left.pop("scale_grad", 1.0)
        left.setdefault("surrogate", Exponential(tau, scale))
    if left.pop("requires_grad", False):
        left["learn_decay"] = True
    _refuse_unknown(left, QLifConfig)
    if "membrane" in left:
        left["membrane"] = membrane(left["membrane"])
    if "surrogate" in left:
        left["surrogate"] = surrogate(left["surrogate"])
    return QLifConfig(**left)


def _refuse_unknown(params: dict[str, Any], config: type[QLifConfig] | type[CubaConfig]) -> None:
    known = {f.name for f in fields(config)}
    unknown = sorted(set(params) - known)
    if unknown:
        raise ValueError(
            f"neuron parameters: found {', '.join(unknown)}, expected names among {', '.join(sorted(known))}"
        )


def make_neuron(params: NeuronParams, channels: int | None = None) -> SlayerNeuron:
    """Return the neuron module for `params`, see `neuron_config`, of a block with so many channels."""
    config = neuron_config(params)
    if isinstance(config, QLifConfig):
        return QLif(config, channels)
    if isinstance(config, CubaConfig):
        return Cuba(config)
    return ClipNeuron(config) if isinstance(config, ClipConfig) else ThresholdNeuron(config)

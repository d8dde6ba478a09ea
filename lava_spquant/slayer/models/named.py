"""The networks of the papers' tables, with the input that they are counted at."""

from __future__ import annotations

from dataclasses import dataclass

from lava_spquant import ir
from lava_spquant.slayer.models.convnet import ConvNetConfig, build_convnet
from lava_spquant.slayer.network import SpikingNetwork

__all__ = ["MODELS", "NamedModel", "named_model"]


@dataclass(frozen=True)
class NamedModel:
    """A network that can be built by name.

    Parameters
    ----------
    config : ConvNetConfig
    input_spec : ir.InputSpec
        What the published figures are for.
    classes : int
    """

    config: ConvNetConfig
    input_spec: ir.InputSpec
    classes: int = 10

    def build(self, name: str) -> SpikingNetwork:
        """Return the untrained network."""
        return build_convnet(self.config, self.input_spec, self.classes, name)


def _config(architecture: str, weight: str) -> ConvNetConfig:
    return ConvNetConfig(architecture, weight, weight, weight, "ternary")


def _binary(architecture: str) -> ConvNetConfig:
    return ConvNetConfig(architecture, "binary-standard", surrogate="asymmetric")


MODELS = {
    "vgg9": NamedModel(_config("vgg9", "ternary"), ir.InputSpec((2, 48, 48), 8)),
    "resnet19": NamedModel(_config("resnet19", "sawb4"), ir.InputSpec((3, 32, 32), 8)),
    "mobilenet-tiny": NamedModel(_config("mobilenet-tiny", "sawb4"), ir.InputSpec((2, 48, 48), 8)),
    "vgg-small-cpu": NamedModel(_config("vgg-small-cpu", "ternary"), ir.InputSpec((3, 32, 32), 8)),
    "bit-resnet20": NamedModel(_binary("bit-resnet20"), ir.InputSpec((3, 32, 32), 8)),
    "bit-resnet18": NamedModel(_binary("bit-resnet18"), ir.InputSpec((3, 32, 32), 8)),
    "bit-resnet18-imagenet": NamedModel(_binary("bit-resnet18-imagenet"), ir.InputSpec((3, 224, 224), 8), 1000),
    "bit-vgg-small": NamedModel(_binary("bit-vgg-small"), ir.InputSpec((3, 32, 32), 8)),
}
"""Models by name: at SpQuant-SNN's widths of weights and membrane, the same for all layers as in its tables, and
BitSNNs' binary networks with 8 bits in the first and last layer."""


def named_model(name: str) -> NamedModel:
    """Return the model called `name`.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> named_model("resnet19").input_spec.shape
    (3, 32, 32)
    """
    if name not in MODELS:
        raise ValueError(f"model: found {name!r}, expected one of {', '.join(MODELS)}")
    return MODELS[name]

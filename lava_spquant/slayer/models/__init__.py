"""Networks that recipes name."""

from lava_spquant.slayer.models.architecture import ARCHITECTURES, Layer, parse_architecture
from lava_spquant.slayer.models.convnet import ConvNetConfig, build_convnet
from lava_spquant.slayer.models.named import MODELS, NamedModel, named_model

__all__ = [
    "ARCHITECTURES",
    "MODELS",
    "ConvNetConfig",
    "Layer",
    "NamedModel",
    "build_convnet",
    "named_model",
    "parse_architecture",
]

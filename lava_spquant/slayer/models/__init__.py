"""Networks that recipes name."""

from lava_spquant.slayer.models.architecture import Layer, parse_architecture
from lava_spquant.slayer.models.convnet import ConvNetConfig, build_convnet

__all__ = ["ConvNetConfig", "Layer", "build_convnet", "parse_architecture"]

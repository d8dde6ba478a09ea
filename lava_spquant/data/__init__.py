"""Data sets and encoders. Everything here is NumPy; `tensor` and `augment` are torch's side of it."""

from lava_spquant.data.cifar10 import cifar10
from lava_spquant.data.digits import digits
from lava_spquant.data.emulated import CAMERAS, emulated
from lava_spquant.data.emulator import EmulatorConfig, emulate
from lava_spquant.data.encode import repeat
from lava_spquant.data.errors import DataError
from lava_spquant.data.event import EventData, EventSplit, FrameConfig
from lava_spquant.data.image import ImageData, ImageSplit
from lava_spquant.data.mnist import DATA_ENV, data_folders, mnist
from lava_spquant.data.registry import DATASETS, EventLoader, load
from lava_spquant.data.saccade import SaccadeConfig
from lava_spquant.data.split import Split, batches, holdout

__all__ = [
    "CAMERAS",
    "DATASETS",
    "DATA_ENV",
    "DataError",
    "EmulatorConfig",
    "EventData",
    "EventLoader",
    "EventSplit",
    "FrameConfig",
    "ImageData",
    "ImageSplit",
    "SaccadeConfig",
    "Split",
    "batches",
    "cifar10",
    "data_folders",
    "digits",
    "emulate",
    "emulated",
    "holdout",
    "load",
    "mnist",
    "repeat",
]

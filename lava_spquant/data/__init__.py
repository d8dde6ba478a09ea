"""Data sets and encoders. Everything here is NumPy; `lava_spquant.data.tensor` is torch's side of it."""

from lava_spquant.data.digits import digits
from lava_spquant.data.encode import repeat
from lava_spquant.data.errors import DataError
from lava_spquant.data.image import ImageData, ImageSplit, batches, holdout
from lava_spquant.data.mnist import DATA_ENV, data_folders, mnist
from lava_spquant.data.registry import DATASETS, load

__all__ = [
    "DATASETS",
    "DATA_ENV",
    "DataError",
    "ImageData",
    "ImageSplit",
    "batches",
    "data_folders",
    "digits",
    "holdout",
    "load",
    "mnist",
    "repeat",
]

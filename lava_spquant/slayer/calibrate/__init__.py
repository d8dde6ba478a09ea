"""Post-training quantisation: from a network that people already have to one of few bits, without training."""

from lava_spquant.slayer.calibrate.calibration import Calibrated, CalibrationRow, calibrate
from lava_spquant.slayer.calibrate.config import CalibrationConfig
from lava_spquant.slayer.calibrate.slayer_blocks import from_slayer

__all__ = ["Calibrated", "CalibrationConfig", "CalibrationRow", "calibrate", "from_slayer"]

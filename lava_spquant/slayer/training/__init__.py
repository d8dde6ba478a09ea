"""Training on Lightning: module, batches, logs and checkpoints."""

from lava_spquant.slayer.training.batches import EpochBatches, batch_loader
from lava_spquant.slayer.training.checkpoint import AtomicCheckpointIO, read_checkpoint, remove_leftovers
from lava_spquant.slayer.training.config import PRECISIONS, TrainingConfig
from lava_spquant.slayer.training.distillation import distillation_loss
from lava_spquant.slayer.training.keep import KeepBest, KeepLast, StopEarly
from lava_spquant.slayer.training.logs import RowLog, cut_rows, make_loggers, write_row
from lava_spquant.slayer.training.module import TRAINING_STATE, Classifier
from lava_spquant.slayer.training.optimizer import OPTIMIZERS, make_optimizer
from lava_spquant.slayer.training.raised import threshold_neurons
from lava_spquant.slayer.training.random_state import SameNumbers
from lava_spquant.slayer.training.schedule import SCHEDULES, cosine_with_warmup, learning_rate_factor
from lava_spquant.slayer.training.shares import Share, process_count, process_rank
from lava_spquant.slayer.training.spike_cost import SpikeCost
from lava_spquant.slayer.training.spike_rate import SpikeRates

__all__ = [
    "OPTIMIZERS",
    "PRECISIONS",
    "SCHEDULES",
    "TRAINING_STATE",
    "AtomicCheckpointIO",
    "Classifier",
    "EpochBatches",
    "KeepBest",
    "KeepLast",
    "RowLog",
    "SameNumbers",
    "Share",
    "SpikeCost",
    "SpikeRates",
    "StopEarly",
    "TrainingConfig",
    "batch_loader",
    "cosine_with_warmup",
    "cut_rows",
    "distillation_loss",
    "learning_rate_factor",
    "make_loggers",
    "make_optimizer",
    "process_count",
    "process_rank",
    "read_checkpoint",
    "remove_leftovers",
    "threshold_neurons",
    "write_row",
]

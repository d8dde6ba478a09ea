"""Training on Lightning: module, batches and checkpoints."""

from lava_spquant.slayer.training.batches import EpochBatches, batch_loader
from lava_spquant.slayer.training.checkpoint import AtomicCheckpointIO, read_checkpoint
from lava_spquant.slayer.training.module import Classifier, TrainingConfig, cosine_with_warmup

__all__ = [
    "AtomicCheckpointIO",
    "Classifier",
    "EpochBatches",
    "TrainingConfig",
    "batch_loader",
    "cosine_with_warmup",
    "read_checkpoint",
]

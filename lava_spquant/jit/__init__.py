"""What compiled code needs around it: a cache on disk, and threads."""

from lava_spquant.jit.cache import cache_folder, cached_in, usable
from lava_spquant.jit.target import target, target_features
from lava_spquant.jit.workers import WORKERS_MAX, run_workers

__all__ = ["WORKERS_MAX", "cache_folder", "cached_in", "run_workers", "target", "target_features", "usable"]

"""Sum-pooling, as a Lava Process."""

from lava_spquant.proc.sum_pool.process import SumPool

__all__ = ["SumPool"]

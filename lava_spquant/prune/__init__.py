"""Which channels of a network matter least, judged by what it does on data, and what its gates are worth."""

from lava_spquant.prune.budget import COSTS, choose_channels, cost, keep_widths
from lava_spquant.prune.criteria import CRITERIA, scores
from lava_spquant.prune.gates import gate_blocks, shuffled_beside, shuffled_gates, without_gates
from lava_spquant.prune.statistics import ChannelStatistics, channel_statistics

__all__ = [
    "COSTS",
    "CRITERIA",
    "ChannelStatistics",
    "channel_statistics",
    "choose_channels",
    "cost",
    "gate_blocks",
    "keep_widths",
    "scores",
    "shuffled_beside",
    "shuffled_gates",
    "without_gates",
]

"""Which channels of a network matter least, judged by what it does on data, and how many may go."""

from lava_spquant.prune.budget import COSTS, choose_channels, cost
from lava_spquant.prune.criteria import CRITERIA, scores
from lava_spquant.prune.statistics import ChannelStatistics, channel_statistics

__all__ = [
    "COSTS",
    "CRITERIA",
    "ChannelStatistics",
    "channel_statistics",
    "choose_channels",
    "cost",
    "scores",
]

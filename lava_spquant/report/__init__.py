"""What a network stores and does, and whether executors agree: accounts, tables and figures. Nothing here prints."""

from lava_spquant.report.accuracy import Accuracy, predict, scores
from lava_spquant.report.activity import Activity, ActivityRow, activity
from lava_spquant.report.compare import Comparison, ComparisonRow, Mismatch, compare, merge
from lava_spquant.report.fan_out import fan_out
from lava_spquant.report.figure import demo_figure
from lava_spquant.report.flops import FlopRow, Flops, flops
from lava_spquant.report.flops_figure import flops_figure
from lava_spquant.report.memory import Memory, MemoryRow, Storage, memory
from lava_spquant.report.neurobench import NeuroBench, NeuroBenchMeter, SynapticOperations, neurobench
from lava_spquant.report.overview import network_figure
from lava_spquant.report.pareto import ParetoPoint, pareto_figure
from lava_spquant.report.rows import (
    accuracy_rows,
    activity_rows,
    comparison_rows,
    comparison_summary,
    flops_rows,
    memory_rows,
    network_rows,
)
from lava_spquant.report.spike_cost import spike_costs
from lava_spquant.report.style import save_figure
from lava_spquant.report.tables import (
    accuracy_table,
    activity_table,
    comparison_table,
    flops_table,
    memory_table,
    network_table,
)
from lava_spquant.report.traces import TraceError

__all__ = [
    "Accuracy",
    "Activity",
    "ActivityRow",
    "Comparison",
    "ComparisonRow",
    "FlopRow",
    "Flops",
    "Memory",
    "MemoryRow",
    "Mismatch",
    "NeuroBench",
    "NeuroBenchMeter",
    "ParetoPoint",
    "Storage",
    "SynapticOperations",
    "TraceError",
    "accuracy_rows",
    "accuracy_table",
    "activity",
    "activity_rows",
    "activity_table",
    "compare",
    "comparison_rows",
    "comparison_summary",
    "comparison_table",
    "demo_figure",
    "fan_out",
    "flops",
    "flops_figure",
    "flops_rows",
    "flops_table",
    "memory",
    "memory_rows",
    "memory_table",
    "merge",
    "network_figure",
    "network_rows",
    "network_table",
    "neurobench",
    "pareto_figure",
    "predict",
    "save_figure",
    "scores",
    "spike_costs",
]

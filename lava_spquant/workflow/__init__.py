"""What the shell commands do, as functions: load, evaluate, verify, report, export, demo.

`lava_spquant.workflow.recipe` and `lava_spquant.workflow.train` need torch, so they are imported
by name and not from here: what runs a `.net` file works without torch.
"""

from lava_spquant.workflow.demo import Demo, demo
from lava_spquant.workflow.evaluate import Evaluation, evaluate, traces
from lava_spquant.workflow.executor import EXECUTORS, Executor, default_executor
from lava_spquant.workflow.inputs import read_input
from lava_spquant.workflow.loading import Loaded, export, load
from lava_spquant.workflow.progress import Progress, bars, silent
from lava_spquant.workflow.report import Report, report
from lava_spquant.workflow.verify import Result, Verification, verify

__all__ = [
    "EXECUTORS",
    "Demo",
    "Evaluation",
    "Executor",
    "Loaded",
    "Progress",
    "Report",
    "Result",
    "Verification",
    "bars",
    "default_executor",
    "demo",
    "evaluate",
    "export",
    "load",
    "read_input",
    "report",
    "silent",
    "traces",
    "verify",
]

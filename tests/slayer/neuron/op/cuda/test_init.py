"""Who has no Triton misses nothing but its speed."""

from __future__ import annotations

import subprocess
import sys

from tests.paths import ROOT

WITHOUT_TRITON = """
import sys
sys.modules["triton"] = None
import torch
from lava_spquant.slayer import block
from lava_spquant.slayer.neuron.op import use
layer = block.Dense({"threshold": 1.0}, 3, 2)
layer(torch.ones(1, 3, 4)).sum().backward()
try:
    with use("triton"):
        layer(torch.ones(1, 3, 4))
except ValueError as error:
    print(error)
"""


def test_everything_works_without_triton() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_TRITON], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert "'triton': found one that is not installed" in ended.stdout

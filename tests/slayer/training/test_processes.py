"""Two processes compute the gradient of one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.paths import ROOT
from tests.slayer.training import gradients_script

RELATIVE = 1e-6


def in_two_processes(samples: int, precision: str, target: Path, *options: str) -> None:
    command = [sys.executable, gradients_script.__file__, "2", str(samples), precision, str(target), *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


@pytest.mark.parametrize(
    ("samples", "precision", "options"),
    # Thirteen samples fall into six and seven; a single one is computed by both.
    [(13, "64-true", ()), (13, "32-true", ()), (1, "64-true", ()), (13, "64-true", ("joint",))],
)
@pytest.mark.filterwarnings("ignore:.*no `val_dataloader`")
def test_two_processes_give_the_gradients_of_one(
    tmp_path: Path, samples: int, precision: str, options: tuple[str, ...]
) -> None:
    gradients_script.main(1, samples, precision, tmp_path / "one.pt", bool(options))
    in_two_processes(samples, precision, tmp_path / "two.pt", *options)
    one, two = (torch.load(tmp_path / name, weights_only=True) for name in ("one.pt", "two.pt"))
    dtype = torch.float64 if precision == "64-true" else torch.float32
    tolerance = 1e-12 if dtype == torch.float64 else RELATIVE
    for part in ("gradients", "state"):  # what one step made of weights and statistics
        assert one[part].keys() == two[part].keys()
        for name, value in one[part].items():
            if value.is_floating_point():
                assert value.dtype == dtype
                assert distance(two[part][name], value) < tolerance, name
    assert all(value.abs().sum() > 0 for value in one["gradients"].values())


def distance(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).double().norm() / wanted.double().norm())

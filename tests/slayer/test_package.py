"""What importing the package does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")

CODE = """
import lava_spquant.slayer, torch
x = torch.ones(16 * 2**20)
text = open("/proc/self/smaps").read()
print(sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("AnonHugePages")))
"""


def huge_pages(**variables: str) -> int:
    """Return KiB on huge pages in a program that holds 64 MiB of numbers."""
    environment = {key: value for key, value in os.environ.items() if key != "THP_MEM_ALLOC_ENABLE"} | variables
    command = [sys.executable, "-W", "ignore", "-c", CODE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


@pytest.mark.skipif(
    not PAGES.exists() or "[madvise]" not in PAGES.read_text(), reason="the system gives no huge pages on demand"
)
def test_large_tensors_lie_on_huge_pages_unless_told_otherwise() -> None:
    assert huge_pages() > huge_pages(THP_MEM_ALLOC_ENABLE="0") + 2**15

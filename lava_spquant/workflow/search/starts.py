"""How often a trial was begun without getting anywhere: one that kills its workers must not be tried for ever."""

from __future__ import annotations

import json
from pathlib import Path

from lava_spquant.workflow.search.files import write_json
from lava_spquant.workflow.train import LAST_CHECKPOINT

__all__ = ["MAX_STARTS", "count_start"]

STARTS_FILE = "starts.json"

MAX_STARTS = 10
"""Far more than a machine that is switched off, or a user who has second thoughts, brings about by chance."""


def count_start(folder: Path) -> int:
    """Count that a worker begins on the trial in `folder`, and return how many did since its last new checkpoint."""
    checkpoint = folder / LAST_CHECKPOINT
    now = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
    before, count = _read(folder / STARTS_FILE)
    count = count + 1 if before == now else 1
    write_json(folder / STARTS_FILE, {"checkpoint": now, "starts": count})
    return count


def _read(path: Path) -> tuple[object, int]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return values["checkpoint"], int(values["starts"])
    except (OSError, ValueError, TypeError, KeyError):
        return None, 0

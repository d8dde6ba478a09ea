"""Where the tests find reference data that is too large for the repository."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""

SHARED = Path(os.environ.get("LAVA_SPQUANT_SHARED", ROOT.parent / "shared"))
"""Reference data: `data/`, `reference/lava-dl/`, `reference/nir/`."""

LAVA_DL = SHARED / "reference" / "lava-dl"
"""Networks published with lava-dl, with recorded states and spikes."""


def missing(path: Path) -> str:
    """Return the reason with which a test that needs `path` skips."""
    return f"reference data not found at {path}; set LAVA_SPQUANT_SHARED to the folder that holds it"

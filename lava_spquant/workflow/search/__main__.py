"""`python -m lava_spquant.workflow.search FOLDER`: one worker, a process that a search starts and ends."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from lava_spquant.workflow.search.study import StudyFolder
from lava_spquant.workflow.search.worker import work

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Work on the study in a folder until it is complete, or standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trials", type=int, required=True)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args(argv)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work(StudyFolder(given.folder), given.trials, given.data)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _end_with_parent() -> None:
    """End this process as soon as the one that holds the other end of standard input is gone.

    A parent that is killed cannot end its workers. Leaving at once is safe: every file is whole
    or absent, and the trial waits for the next worker. A parent that is interrupted closes its end.
    """
    while os.read(0, 1):
        pass
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())

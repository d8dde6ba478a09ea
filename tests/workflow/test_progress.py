from __future__ import annotations

import io

from rich.console import Console

from lava_spquant.workflow import bars, silent


def test_bars_show_every_task() -> None:
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    with bars(console) as progress:
        first, second = progress("first task", 7), progress("second task", 3)
        first(7)
        second(2)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "first task" in shown
    assert "7/7" in shown
    assert "2/3" in shown


def test_nothing_shows_before_the_first_task() -> None:
    console = Console(file=io.StringIO())
    # Another display, such as training's bar, may be alive on the same console.
    with bars(console), console.status("training"):
        pass
    assert "training" not in console.file.getvalue()  # type: ignore[attr-defined]


def test_silence_is_silent() -> None:
    assert silent("task", 3)(1) is None

from __future__ import annotations

import csv
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lava_spquant.slayer.training import cut_rows, make_loggers
from lava_spquant.slayer.training.logs import LOG_FIELDS


def write(folder: Path, done: int, steps: range, **also: float) -> None:
    """One call of a training that goes on behind `done` batches."""
    cut_rows(folder, done)
    loggers = make_loggers(folder, done)
    for step in steps:
        for logger in loggers:
            logger.log_metrics({"train_loss": step / 4, "epoch": step // 5, **also}, step=step)
    for logger in loggers:
        logger.save()


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "log" / "metrics.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def losses(folder: Path) -> list[tuple[int, float]]:
    found = EventAccumulator(str(folder / "log"))
    found.Reload()
    return [(e.step, e.value) for e in found.Scalars("train_loss")]


def test_rows_go_on_where_the_checkpoint_is(tmp_path: Path) -> None:
    write(tmp_path, 0, range(7))
    assert list(rows(tmp_path)[0]) == list(LOG_FIELDS)
    write(tmp_path, 4, range(4, 9), extra=1.0)  # of a callback: a column of its own, behind
    found = rows(tmp_path)
    assert [(row["step"], float(row["train_loss"]), row["extra"]) for row in found] == [
        (str(step), step / 4, "1.0" if step >= 4 else "") for step in range(9)
    ]
    assert losses(tmp_path) == [(step, step / 4) for step in range(9)]
    write(tmp_path, 8, range(8, 9))
    assert [(row["step"], row["extra"]) for row in rows(tmp_path)[7:]] == [("7", "1.0"), ("8", "")]


def test_a_start_from_nothing_forgets_everything(tmp_path: Path) -> None:
    write(tmp_path, 0, range(7))
    write(tmp_path, 0, range(2))
    assert [row["step"] for row in rows(tmp_path)] == ["0", "1"]
    assert losses(tmp_path) == [(0, 0.0), (1, 0.25)]


def test_damaged_rows_are_dropped(tmp_path: Path) -> None:
    write(tmp_path, 0, range(3))
    path = tmp_path / "log" / "metrics.csv"
    path.write_text(path.read_text() + "0,,\n0,x,1,2,3\n0,1,1,2,3,4,5,6,7,8\n")
    cut_rows(tmp_path, 3)
    assert [row["step"] for row in rows(tmp_path)] == ["0", "1", "2", "1"]
    cut_rows(tmp_path / "none", 3)
    assert not (tmp_path / "none").exists()

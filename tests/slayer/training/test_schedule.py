from __future__ import annotations

import pytest

from lava_spquant.slayer.training import SCHEDULES, TrainingConfig, cosine_with_warmup, learning_rate_factor

EPOCHS, TOTAL = 6, 24


def factors(schedule: str, **options: float) -> list[float]:
    config = TrainingConfig(epochs=EPOCHS, schedule=schedule, **options)  # type: ignore[arg-type]
    factor = learning_rate_factor(config, TOTAL)
    return [factor(step) for step in range(TOTAL)]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_all_begin_with_the_warm_up(schedule: str) -> None:
    assert factors(schedule, warmup_epochs=1)[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert factors(schedule, warmup_epochs=0)[0] == 1.0


def test_cosine() -> None:
    assert factors("cosine", warmup_epochs=1) == [cosine_with_warmup(step, 4, TOTAL) for step in range(TOTAL)]


def test_constant() -> None:
    assert factors("constant", warmup_epochs=1)[4:] == [1.0] * 20


def test_steps_fall_with_the_epochs() -> None:
    found = factors("step", warmup_epochs=1, step_epochs=2, step_factor=0.5)
    assert found[4:] == pytest.approx([1.0] * 4 + [0.5] * 8 + [0.25] * 8)
    # Seven steps an epoch, a length that is computed in floats: drops come at the first step of an epoch all the same.
    factor = learning_rate_factor(TrainingConfig(epochs=3, schedule="step", step_epochs=1, warmup_epochs=0), 21)
    assert [factor(step) for step in (0, 6, 7, 13, 14, 20)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])

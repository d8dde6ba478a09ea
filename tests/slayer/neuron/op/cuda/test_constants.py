"""Dynamics as constants; what they do is tested where kernels run."""

from __future__ import annotations

import pytest

from lava_spquant.slayer.membrane import MembraneConfig, n_bit
from lava_spquant.slayer.neuron.op import Dynamics
from lava_spquant.slayer.neuron.op.cuda.constants import (
    SURROGATE_CONSTANTS,
    backward_constants,
    forward_constants,
    history_constants,
)
from lava_spquant.slayer.surrogate import SURROGATES
from tests.slayer.neuron.op.cases import DYNAMICS


def test_every_surrogate_that_recipes_name_has_constants() -> None:
    assert {type(surrogate) for surrogate in SURROGATES.values()} == SURROGATE_CONSTANTS.keys()


def test_different_neurons_have_different_constants() -> None:
    assert len({tuple(backward_constants(dynamics).items()) for dynamics in DYNAMICS}) == len(DYNAMICS)


def test_levels() -> None:
    levels = forward_constants(Dynamics("soft", MembraneConfig(-3, 1, 2)))
    assert levels == {"HARD": False, "LEVELS": 5, "Q_MIN": -3, "SCALE": 4}
    assert forward_constants(Dynamics(membrane=None))["LEVELS"] == 0


@pytest.mark.parametrize(
    ("membrane", "steps", "bits", "wide"),
    [
        (MembraneConfig(0, 1), 32, 1, False),
        (MembraneConfig(0, 1), 64, 1, True),
        (MembraneConfig(-1, 1), 16, 2, False),
        (MembraneConfig(-3, 1), 21, 3, True),
        (MembraneConfig(-3, 1), 22, 0, False),
        (n_bit(16), 2, 16, False),
        (n_bit(16), 4, 16, True),
        (n_bit(16), 5, 0, False),
    ],
)
def test_the_past_is_in_a_register_while_it_fits(membrane: MembraneConfig, steps: int, bits: int, wide: bool) -> None:
    assert history_constants(Dynamics(membrane=membrane), steps) == {"BITS": bits, "WIDE": wide}

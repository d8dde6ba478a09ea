"""A trained model gives the same integers in Lava as in `eval()`."""

from __future__ import annotations

import numpy as np
import pytest

from lava_spquant import proc
from tests.proc.harness import DEADLINE, assert_same
from tests.slayer.random_models import fixed_model, random_values


@pytest.mark.parametrize(
    ("quantiser", "membrane", "reset"),
    [("ternary", "ternary", "hard"), ("binary-channel", "int4", "soft"), ("sawb4", "none", "hard")],
)
def test_the_same_integers_in_lava(quantiser: str, membrane: str, reset: str) -> None:
    model = fixed_model(quantiser, membrane, reset)
    network = model.to_ir()
    x = random_values(np.random.default_rng(5), model.input_spec, 3, 2)
    found = proc.simulate(network, x, deadline=DEADLINE)
    assert_same(found, model.trace(x), tuple(b.name for b in network.blocks))
